import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { classNameOf, classOf } from '../../src/imagenet/synsets.js';
import { editFile, findingsAfter, makeDataset } from '../support/made-dataset.js';
import { openWorkspace, readJson, readRows } from '../support/workspace.js';

interface Instances {
  info: object;
  images: { id: number; file_name: string; width: number; height: number }[];
  annotations: {
    id: number;
    image_id: number;
    category_id: number;
    bbox: number[];
    area: number;
    iscrowd: number;
    segmentation: number[][];
  }[];
  categories: { id: number; name: string; wnid: string }[];
}

const newFolder = openWorkspace();
let dataset: Dataset;
let rows: MetadataRow[];
let coco: Instances;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'), { canvas: { size: [256, 224] } });
  rows = readRows(join(dataset.folder, 'metadata.jsonl'));
  const folder = newFolder('coco');
  await writeExport('coco', dataset, folder);
  coco = readJson(join(folder, 'instances.json'));
});

describe('A COCO export', () => {
  test('has the name of the dataset and no version: a release has another than the recipe', () => {
    expect(coco.info).toEqual({ description: dataset.summary.name });
  });

  test('has every image with its size, counted from 1', () => {
    expect(coco.images).toEqual(
      rows.map(({ file_name }, i) => ({ id: i + 1, file_name, width: 256, height: 224 })),
    );
  });

  test('has every object with its box and class', () => {
    const objects = rows.flatMap(({ objects: { bbox, category } }, i) =>
      bbox.map((box, j) => ({ image_id: i + 1, bbox: [...box], category_id: category[j] })),
    );
    expect(coco.annotations).toMatchObject(objects);
    expect(coco.annotations.map(({ id }) => id)).toEqual(objects.map((_, i) => i + 1));
    expect(coco.annotations.every(({ iscrowd }) => iscrowd === 0)).toBe(true);
  });

  test('gives each object the area and the outline of its box', () => {
    const { bbox, area, segmentation } = coco.annotations[0]!;
    const [x, y, w, h] = bbox as [number, number, number, number];
    expect(area).toBe(w * h);
    expect(segmentation).toEqual([[x, y, x + w, y, x + w, y + h, x, y + h]]);
  });

  test('has the classes of the dataset as categories, whose ids are class indices', () => {
    const present = [...new Set(rows.flatMap(({ labels }) => labels))].sort((a, b) => a - b);
    expect(coco.categories.map(({ id }) => id)).toEqual(present);
    for (const { id, name, wnid } of coco.categories) {
      expect(name).toBe(classNameOf(id));
      expect(classOf(wnid)).toBe(id);
    }
  });
});

function after(damage: (copy: string) => unknown): Promise<Finding[]> {
  return findingsAfter('coco', dataset, newFolder('coco'), damage);
}

describe('A changed COCO export', () => {
  test('with another class for an object is found out, with its line', async () => {
    const found = await after((copy) => {
      editFile(join(copy, 'instances.json'), /("id":3,"image_id":\d+,"category_id":)\d+/, '$1999');
    });
    expect(found).toEqual([
      {
        problem: 'changed',
        file: 'instances.json',
        detail: expect.stringMatching(/^line \d+: expected ".*", got ".*999/),
      },
    ]);
  });

  test('without a line, or with one more, is told from one with a changed line', async () => {
    const lacking = await after((copy) => {
      editFile(join(copy, 'instances.json'), /\{"id":2,"file_name".*\n/, '');
    });
    expect(lacking).toMatchObject([{ problem: 'missing', detail: expect.stringMatching('"id') }]);
    const more = await after((copy) => {
      editFile(join(copy, 'instances.json'), '{"id":2,"file_name"', '{},\n{"id":2,"file_name"');
    });
    expect(more).toMatchObject([{ problem: 'extra', detail: expect.stringMatching('"{},"') }]);
  });

  test('that is one endless line, or no text at all, is found out', async () => {
    for (const bytes of [Buffer.alloc(8 << 20, 'x'), Buffer.alloc(1 << 16)]) {
      const found = await after((copy) => {
        writeFileSync(join(copy, 'instances.json'), bytes);
      });
      expect(found[0]).toMatchObject({ problem: 'changed', file: 'instances.json' });
      expect(found.every(({ detail = '' }) => detail.length < 400)).toBe(true);
    }
  });

  test('with a million lines more is not reported line by line', async () => {
    const found = await after((copy) => {
      appendFileSync(join(copy, 'instances.json'), '{}\n'.repeat(1_000_000));
    });
    expect(found).toHaveLength(1001);
    expect(found.at(-1)?.detail).toBe('more than 1000 problems; the rest are not listed');
  });
});
