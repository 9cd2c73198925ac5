import { readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { classNames } from '../../src/imagenet/synsets.js';
import { editFile, findingsAfter, makeDataset } from '../support/made-dataset.js';
import { openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;
let rows: MetadataRow[];
let folder: string;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'), { canvas: { size: [256, 224] } });
  rows = readRows(join(dataset.folder, 'metadata.jsonl'));
  folder = newFolder('yolo');
  await writeExport('yolo', dataset, folder);
});

describe('A YOLO export', () => {
  test('has images and labels beside each other, and says where they are', () => {
    const data = parse(readFileSync(join(folder, 'data.yaml'), 'utf8')) as Record<string, unknown>;
    expect(data).toMatchObject({ train: 'images/val', val: 'images/val' });
    expect(data['names']).toEqual(Object.fromEntries(classNames().entries()));
    const stems = rows.map(({ id }) => id).sort();
    expect(pathsIn(join(folder, 'images/val'))).toEqual(stems.map((stem) => `${stem}.png`));
    expect(pathsIn(join(folder, 'labels/val'))).toEqual(stems.map((stem) => `${stem}.txt`));
  });

  test('has boxes as centre and size, fractions of the image', () => {
    for (const { id, objects } of rows) {
      const lines = readFileSync(join(folder, `labels/val/${id}.txt`), 'utf8')
        .trim()
        .split('\n');
      const read = lines.map((line) => line.split(' ').map(Number) as [number, ...number[]]);
      expect(read.map(([label]) => label)).toEqual(objects.category);
      const boxes = read.map(([, cx, cy, w, h]) => [
        Math.round((cx! - w! / 2) * 256),
        Math.round((cy! - h! / 2) * 224),
        Math.round(w! * 256),
        Math.round(h! * 224),
      ]);
      expect(boxes).toEqual(objects.bbox);
    }
  });

  test('takes no room for images: they are the files of the dataset', () => {
    for (const { file_name } of rows) {
      const image = statSync(join(folder, 'images/val', basename(file_name)));
      expect(image.ino).toBe(statSync(join(dataset.folder, file_name)).ino);
    }
  });
});

function after(damage: (copy: string) => unknown): Promise<Finding[]> {
  return findingsAfter('yolo', dataset, newFolder('yolo'), damage);
}

describe('A changed YOLO export', () => {
  test('with another label, image or list of names is found out', async () => {
    const found = await after((copy) => {
      editFile(join(copy, 'labels/val/k2-000004.txt'), /^\d+/, '7');
      editFile(join(copy, 'data.yaml'), 'tench', 'trench');
      writeFileSync(join(copy, 'images/val/k3-000001.png'), 'x');
      truncateSync(join(copy, 'labels/val/k3-000002.txt'), 0);
      writeFileSync(join(copy, 'labels/val/k3-000003.txt'), Buffer.alloc(1 << 20));
      rmSync(join(copy, 'images/val/k3-000004.png'));
    });
    expect(found.map(({ problem, file }) => `${problem} ${file}`)).toEqual([
      'changed data.yaml',
      'changed labels/val/k2-000004.txt',
      'changed images/val/k3-000001.png',
      'changed labels/val/k3-000002.txt',
      'changed labels/val/k3-000003.txt',
      'missing images/val/k3-000004.png',
    ]);
  });

  test('with a link out of the folder in place of an image does not follow it', async () => {
    const found = await after((copy) => {
      rmSync(join(copy, 'images/val/k3-000004.png'));
      symlinkSync('/dev/zero', join(copy, 'images/val/k3-000004.png'));
    });
    expect(found).toEqual([
      { problem: 'missing', file: 'images/val/k3-000004.png' },
      { problem: 'extra', file: 'images/val/k3-000004.png', detail: 'link-leads-out' },
    ]);
  });
});
