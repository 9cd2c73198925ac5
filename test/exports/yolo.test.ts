import {
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { verifyExport, writeExport } from '../../src/exports/exports.js';
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

describe('A YOLO export of a dataset whose images are in folders', () => {
  const inFolders = ({ file_name, k }: MetadataRow): string =>
    file_name.replace('images/', `images/k${k}/0000/`);
  let large: Dataset;

  beforeAll(() => {
    large = {
      ...dataset,
      async *rows() {
        for await (const row of dataset.rows()) yield { ...row, file_name: inFolders(row) };
      },
      pathOf: ({ file_name }) => join(dataset.folder, 'images', basename(file_name)),
    };
  });

  test('has them in the same folders, and the labels beside', async () => {
    const copy = newFolder('folders');
    await writeExport('yolo', large, copy);
    const files = rows.map(inFolders).sort();
    const labels = files.map((file) => file.replace('images', 'labels').replace('.png', '.txt'));
    const below = pathsIn(copy).filter((path) => path.endsWith('.png') || path.endsWith('.txt'));
    expect(below).toEqual([
      ...files.map((file) => file.replace('images', 'images/val')),
      ...labels.map((file) => file.replace('labels', 'labels/val')),
    ]);
    expect(await findingsIn(large, copy)).toEqual([]);
  });

  test('is checked in all of them', async () => {
    const copy = newFolder('folders');
    await writeExport('yolo', large, copy);
    rmSync(join(copy, 'labels/val/k2/0000/k2-000001.txt'));
    writeFileSync(join(copy, 'images/val/k3/0000/other.png'), 'x');
    writeFileSync(join(copy, 'labels/val/k3/stray'), 'x');
    symlinkSync(join(copy, 'images/val/k3'), join(copy, 'images/val/k4'));
    const found = await findingsIn(large, copy);
    expect(found.map(({ problem, file }) => `${problem} ${file}`)).toEqual([
      'missing labels/val/k2/0000/k2-000001.txt',
      'extra images/val/k3/0000/other.png',
      'extra images/val/k4',
      'extra labels/val/k3/stray',
    ]);
  });

  test('is not read through a link to a folder', async () => {
    const copy = newFolder('folders');
    await writeExport('yolo', large, copy);
    renameSync(join(copy, 'labels/val/k2'), join(copy, 'labels/val/other'));
    symlinkSync('other', join(copy, 'labels/val/k2'));
    const found = await findingsIn(large, copy);
    const missing = found.filter(({ problem }) => problem === 'missing');
    expect(missing.map(({ file }) => file)).toEqual(
      rows.filter(({ k }) => k === 2).map(({ id }) => `labels/val/k2/0000/${id}.txt`),
    );
  });
});

async function findingsIn(of: Dataset, copy: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for await (const finding of verifyExport('yolo', of, copy)) found.push(finding);
  return found;
}

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
