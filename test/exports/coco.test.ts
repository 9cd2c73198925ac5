import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { writeCoco } from '../../src/exports/coco.js';
import { classNameOf, classOf } from '../../src/imagenet/synsets.js';
import { makeDataset } from '../support/made-dataset.js';
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
  await writeCoco(dataset, folder);
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
