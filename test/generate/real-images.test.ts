// All stages, on ImageNet's own images.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { FastResizeFilter, ResizeFit, Transformer } from '@napi-rs/image';
import sharp from 'sharp';
import type { DatasetSummary } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { verifyDataset } from '../../src/dataset/verify.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { contentsOf, openWorkspace, readJson, readRows } from '../support/workspace.js';

// The paper's recipe: a white canvas of 224 px, of which the central 224 x 0.875 = 196 px hold
// patches; so no patch is stored larger than 196 px.
const CANVAS = 224;
const STORED = 196;

const newFolder = openWorkspace();

describeWithShared("The paper's recipe on 300 real images", () => {
  let made: Generated;
  let rows: MetadataRow[];
  let summary: DatasetSummary;

  beforeAll(async () => {
    made = await generateFrom(sharedInput.annotations, 2);
    rows = readRows(join(made.dataset, 'metadata.jsonl'));
    summary = readJson(join(made.dataset, 'dataset.json'));
  });

  test('makes what it was asked for, and all of it is whole', async () => {
    expect(summary.counts).toEqual({ 2: 8, 3: 8, 4: 8, 5: 8 });
    expect(await verifyDataset({ dataset: made.dataset })).toMatchObject({
      images: 32,
      findings: [],
    });
  });

  test('makes a patch of every object, or counts and lists why not', () => {
    const { annotations, malformed, objects, patches, drops } = summary.source;
    expect({ annotations, malformed }).toEqual({ annotations: 300, malformed: 0 });
    const annotated = annotatedImages().map((image) => readObjects(image).objects.length);
    expect(objects).toBe(annotated.reduce((sum, count) => sum + count, 0));
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    expect(patches + dropped).toBe(objects);
    expect(readRows(join(made.pool, 'patches.jsonl'))).toHaveLength(patches);
    expect(readRows(join(made.pool, 'drops.jsonl'))).toHaveLength(dropped);
  });

  test('shows the pixels of the source images, cut out independently, and white around them', async () => {
    for (const row of rows) {
      const expected = Buffer.alloc(4 * CANVAS * CANVAS, 255);
      for (const [index, patch] of row.objects.patch.entries()) {
        const place = row.objects.bbox[index]!;
        copyInto(expected, resize(await cutToStore(patch), place[2], place[3]), place);
      }
      const image = await decode(join(made.dataset, row.file_name));
      expect([row.id, image.width, image.height]).toEqual([row.id, CANVAS, CANVAS]);
      expect([row.id, countDifferences(image.data, expected)]).toEqual([row.id, 0]);
    }
  });

  test('labels every object as its XML does', () => {
    const classes = readFileSync(sharedInput.synsets, 'utf8').split('\n');
    for (const { id, objects, labels, wnids } of rows) {
      for (const [index, patch] of objects.patch.entries()) {
        const { image, object } = parsePatchId(patch);
        const { wnid } = readObjects(image).objects[object]!;
        const expected = classes.findIndex((line) => line.startsWith(`${wnid} `));
        expect([id, objects.source[index], objects.category[index]]).toEqual([id, image, expected]);
        expect(wnids[labels.indexOf(expected)]).toBe(wnid);
      }
      expect([...new Set(objects.category)].sort((a, b) => a - b)).toEqual(labels);
    }
  });

  test('gives the same bytes from the CSV as from the XML, and for one job as for two', async () => {
    const images = new Set(annotatedImages());
    const [header, ...lines] = readFileSync(sharedInput.csv, 'utf8').split('\n');
    const kept = lines.filter((line) => images.has(line.slice(0, line.indexOf(','))));
    expect(kept).toHaveLength(300);
    const csv = join(newFolder('csv'), 'LOC_val_solution.csv');
    writeFileSync(csv, [header, ...kept, ''].join('\n'));
    const other = await generateFrom(csv, 1);
    expect(contentsOf(other.dataset)).toEqual(contentsOf(made.dataset));
  });
});

async function generateFrom(annotations: string, jobs: number): Promise<Generated> {
  const folder = newFolder('real');
  const recipe = await loadRecipe(join('configs', 'recipes', 'paper.yaml'), {
    sampling: { counts: { 2: 8, 3: 8, 4: 8, 5: 8 } },
  });
  const { images } = sharedInput;
  const places = { out: join(folder, 'out'), work: join(folder, 'work') };
  return generate({ recipe, annotations, images, ...places }, { jobs });
}

function annotatedImages(): string[] {
  return readdirSync(sharedInput.annotations).map((name) => name.replace('.xml', ''));
}

interface AnnotatedObject {
  wnid: string;
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
}

/** What an XML says, read with regular expressions: every file of ImageNet has the same form. */
function readObjects(image: string): { size: [number, number]; objects: AnnotatedObject[] } {
  const xml = readFileSync(join(sharedInput.annotations, `${image}.xml`), 'utf8');
  const field = (text: string, name: string): string =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)![1]!;
  const objects = xml.match(/<object>[\s\S]*?<\/object>/g)!.map((text) => ({
    wnid: field(text, 'name'),
    xmin: Number(field(text, 'xmin')),
    ymin: Number(field(text, 'ymin')),
    xmax: Number(field(text, 'xmax')),
    ymax: Number(field(text, 'ymax')),
  }));
  return { size: [Number(field(xml, 'width')), Number(field(xml, 'height'))], objects };
}

function parsePatchId(id: string): { image: string; object: number } {
  const [image, object] = id.split('#');
  return { image: image!, object: Number(object) };
}

interface Image {
  width: number;
  height: number;
  /** RGBA, row by row. */
  data: Buffer;
}

/** A whole image, as a PyTorch loader sees it: without its colour profile. */
async function decode(path: string): Promise<Image> {
  const { data, info } = await sharp(path, { ignoreIcc: true })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** The pixels of one object, cut out of its image and scaled down to what a pool stores. */
async function cutToStore(patch: string): Promise<Image> {
  const { image, object } = parsePatchId(patch);
  const decoded = await decode(join(sharedInput.images, `${image}.JPEG`));
  const { size, objects } = readObjects(image);
  expect(size).toEqual([decoded.width, decoded.height]); // so that boxes need no scaling
  const { xmin, ymin, xmax, ymax } = objects[object]!;
  // Inclusive numbers from 0: a box to 499 in an image of 500 px ends with the last column.
  const width = Math.min(xmax + 1, decoded.width) - xmin;
  const height = Math.min(ymax + 1, decoded.height) - ymin;
  const data = Buffer.alloc(4 * width * height);
  for (let line = 0; line < height; line += 1) {
    const start = 4 * ((ymin + line) * decoded.width + xmin);
    decoded.data.copy(data, 4 * line * width, start, start + 4 * width);
  }
  const longer = Math.max(width, height);
  if (longer <= STORED) return { width, height, data };
  const scaled = (side: number): number => Math.round((side * STORED) / longer);
  return resize({ width, height, data }, scaled(width), scaled(height));
}

function resize({ width, height, data }: Image, newWidth: number, newHeight: number): Image {
  const resized = Transformer.fromRgbaPixels(data, width, height)
    .fastResize({
      width: newWidth,
      height: newHeight,
      filter: FastResizeFilter.Lanczos3,
      fit: ResizeFit.Fill,
    })
    .rawPixelsSync();
  return { width: newWidth, height: newHeight, data: resized };
}

function copyInto(canvas: Buffer, { width, height, data }: Image, [x, y]: readonly number[]): void {
  for (let line = 0; line < height; line += 1) {
    const target = 4 * ((y! + line) * CANVAS + x!);
    data.copy(canvas, target, 4 * line * width, 4 * (line + 1) * width);
  }
}

function countDifferences(a: Buffer, b: Buffer): number {
  return a.reduce((count, sample, index) => count + (sample === b[index] ? 0 : 1), 0);
}
