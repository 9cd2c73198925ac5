import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { classNameOf, classOf } from '../../src/imagenet/synsets.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { editFile, findingsAfter, makeDataset } from '../support/made-dataset.js';
import { openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;
let rows: MetadataRow[];
let folder: string;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
  rows = readRows(join(dataset.folder, 'metadata.jsonl'));
  folder = newFolder('csv');
  await writeExport('csv', dataset, folder);
});

function read(file: string): Record<string, string>[] {
  return parse(readFileSync(join(folder, file)), { columns: true });
}

describe('A CSV export', () => {
  test('is two files', () => {
    expect(pathsIn(folder)).toEqual(['classes.csv', 'labels.csv']);
  });

  test('has a 1 for each class that is in an image, and 0 for the others', () => {
    const table = read('labels.csv');
    expect(table).toHaveLength(rows.length);
    for (const [i, { id, file_name, k, ...hot }] of table.entries()) {
      expect([id, file_name, Number(k)]).toEqual([rows[i]!.id, rows[i]!.file_name, rows[i]!.k]);
      const ones = Object.entries(hot).filter(([, value]) => value === '1');
      expect(ones.map(([label]) => Number(label))).toEqual(rows[i]!.labels);
      expect(Object.values(hot).every((value) => value === '0' || value === '1')).toBe(true);
    }
  });

  test('has a column for each class that is in the dataset, by class index', () => {
    const header = readFileSync(join(folder, 'labels.csv'), 'utf8').split('\n')[0]!;
    const present = [...new Set(rows.flatMap(({ labels }) => labels))].sort((a, b) => a - b);
    expect(header.split(',')).toEqual(['id', 'file_name', 'k', ...present.map(String)]);
  });

  test('says what the classes are and how many images each is in', () => {
    for (const { class: index, wnid, name, images } of read('classes.csv')) {
      expect(classOf(wnid!)).toBe(Number(index));
      expect(name).toBe(classNameOf(Number(index)));
      const expected = rows.filter(({ labels }) => labels.includes(Number(index))).length;
      expect(Number(images)).toBe(expected);
    }
  });
});

function after(damage: (copy: string) => unknown): Promise<Finding[]> {
  return findingsAfter('csv', dataset, newFolder('csv'), damage);
}

describe('A changed CSV export', () => {
  test('with another label is found out', async () => {
    const found = await after((copy) => {
      editFile(join(copy, 'labels.csv'), /,1\n/, ',0\n');
    });
    expect(found).toMatchObject([{ problem: 'changed', file: 'labels.csv' }]);
  });

  test('without one of its files is found out', async () => {
    const found = await after((copy) => {
      rmSync(join(copy, 'classes.csv'));
    });
    expect(found).toEqual([{ problem: 'missing', file: 'classes.csv' }]);
  });
});

describe('Other CSV exports', () => {
  test('csv-full has a column for each of the 1,000 classes', async () => {
    const full = newFolder('full');
    await writeExport('csv-full', dataset, full);
    const text = readFileSync(join(full, 'labels.csv'), 'utf8');
    const [header, ...lines] = text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    const classes = Array.from({ length: 1000 }, (_, index) => String(index));
    expect(header).toEqual(['id', 'file_name', 'k', ...classes]);
    const hot = lines.map((fields) => classes.filter((_, index) => fields[index + 3] === '1'));
    expect(hot).toEqual(rows.map(({ labels }) => labels.map(String)));
    expect(readFileSync(join(full, 'classes.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(
      1001,
    );
  });

  test('csv-list has the labels of each file, and they can be evaluated on', async () => {
    const list = newFolder('list');
    await writeExport('csv-list', dataset, list);
    const labels = join(list, 'labels.csv');
    const [header, first] = readFileSync(labels, 'utf8').split('\n');
    expect(header).toBe('file_name,labels');
    expect(first).toBe(`${rows[0]!.file_name},${rows[0]!.labels.join(' ')}`);
    const set = await openEvaluationSet({ images: join(dataset.folder, 'images'), labels });
    expect(set.labels).toEqual(rows.map((row) => row.labels));
  });
});
