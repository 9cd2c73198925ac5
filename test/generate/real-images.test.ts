// All stages, on ImageNet's own images.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import type { DatasetSummary } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { verifyDataset } from '../../src/dataset/verify.js';
import { sha256 } from '../../src/files/digest.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { contentsOf, openWorkspace, readJson, readRows } from '../support/workspace.js';

const CANVAS = 224;

/** Digests of the same images as Pillow makes them; written by scripts/compose-reference.py. */
const pillow = readJson<{ images: Record<string, string> }>('test/generate/compose-reference.json');

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

  test('shows what Pillow cuts out of the source images, resizes and pastes', () => {
    expect(Object.fromEntries(rows.map((row) => [row.id, row.pixels_sha256]))).toEqual(
      pillow.images,
    );
  });

  test('has the pixels in its files that its rows have the digests of', async () => {
    for (const row of rows) {
      const { data, info } = await sharp(join(made.dataset, row.file_name))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).toEqual([CANVAS, CANVAS, 3]);
      expect([row.id, sha256(data)]).toEqual([row.id, row.pixels_sha256]);
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
