import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type DatasetLock, lockDigest } from '../../src/dataset/dataset.js';
import sharp from 'sharp';
import { makeSample } from '../../scripts/make-sample.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { AbortedError, ReleaseError, SamplingError } from '../../src/errors.js';
import { generate } from '../../src/generate/generate.js';
import { parseRecipe } from '../../src/recipe/load.js';
import {
  type RegeneratedRelease,
  regenerateRelease,
  type RegenerateReleaseOptions,
} from '../../src/release/regenerate.js';
import { releaseDataset } from '../../src/release/release.js';
import type { InputFolders } from '../support/input.js';
import { copyOf, editRelease, openGenerator, smallInput } from '../support/unit-releases.js';
import { contentsOf, openWorkspace, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let input: InputFolders;
let dataset: string;
let full: string;
let recipeOnly: string;

beforeAll(async () => {
  input = await smallInput(newFolder('input'));
  dataset = await openGenerator(input, newFolder)();
  const common = { dataset, version: '1.0.0' };
  ({ folder: full } = await releaseDataset({ ...common, to: newFolder('to') }));
  const to = newFolder('to');
  ({ folder: recipeOnly } = await releaseDataset({ ...common, to, recipeOnly: true }));
});

/** Regenerates into a new folder, from a copy of the input where it is to be changed. */
function regenerate(
  release: string,
  from: InputFolders = input,
  options: RegenerateReleaseOptions = {},
): Promise<RegeneratedRelease> {
  const folder = newFolder('made');
  const places = { out: join(folder, 'out'), work: join(folder, 'work') };
  return regenerateRelease({ release, ...from, ...places }, { jobs: 2, ...options });
}

function copyInput(): InputFolders {
  const folder = newFolder('other-input');
  copyOf(join(input.images, '..'), folder);
  return { annotations: join(folder, 'annotations'), images: join(folder, 'images') };
}

/** The image of this number, painted over with one colour. */
async function repaint(from: InputFolders, number: number): Promise<string> {
  const id = `ILSVRC2012_val_${String(number).padStart(8, '0')}`;
  const path = join(from.images, `${id}.JPEG`);
  const { width, height } = await sharp(readFileSync(path)).metadata();
  const grey = sharp({ create: { width, height, channels: 3, background: '#808080' } });
  writeFileSync(path, await grey.jpeg().toBuffer());
  return id;
}

describe('A release made again', () => {
  test.each([
    ['in full', () => full],
    ['without pixels', () => recipeOnly],
  ])('that was published %s has the same bytes', async (_, release) => {
    const made = await regenerate(release());
    expect(made).toMatchObject({
      isSame: true,
      images: 8,
      identical: 8,
      differing: [],
      missing: [],
      replanned: [],
      distance: null,
      versions: [],
    });
    expect(made.digest).toBe(made.published);
    expect(contentsOf(made.dataset)).toEqual(contentsOf(dataset));
  });

  test('from a sample in the form of ImageNet has the same digest', async () => {
    const out = join(newFolder('sample'), 'sample');
    await makeSample({ out, seed: '3', trainPerClass: 0, valPerClass: 1 });
    const sample = { annotations: join(out, 'val/annotations'), images: join(out, 'val/images') };
    const recipe = parseRecipe({ name: 'sampled', sampling: { counts: { 2: 6, 4: 6 } } });
    const folder = newFolder('generated');
    const places = { out: join(folder, 'out'), work: join(folder, 'work') };
    const { dataset: first } = await generate({ recipe, ...sample, ...places });
    const to = newFolder('to');
    const { folder: release } = await releaseDataset({
      dataset: first,
      version: '1.0.0',
      to,
      recipeOnly: true,
    });
    const made = await regenerate(release, sample);
    expect(made).toMatchObject({ isSame: true, identical: 12, differing: [] });
  });
});

describe('A release made again from other images', () => {
  test('differs in those that hold them, and says how far', async () => {
    const other = copyInput();
    const rows = readRows<MetadataRow>(join(dataset, 'metadata.jsonl'));
    const id = await repaint(other, Number(rows[0]!.objects.source[0]!.slice(-8)));
    const holding = rows.filter(({ objects }) => objects.source.includes(id));
    const made = await regenerate(full, other);
    expect(made.isSame).toBe(false);
    expect(made.differing).toEqual(holding.map((row) => row.id));
    expect(made.identical).toBe(8 - holding.length);
    expect(made.replanned).toEqual([]);
    expect(made.distance!.images).toBe(holding.length);
    // By decoding and subtracting here.
    let [max, sum, samples] = [0, 0, 0];
    for (const { file_name } of holding) {
      const [a, b] = await Promise.all(
        [dataset, made.dataset].map((folder) => sharp(join(folder, file_name)).raw().toBuffer()),
      );
      for (let i = 0; i < a!.length; i += 1) {
        const difference = Math.abs(a![i]! - b![i]!);
        max = Math.max(max, difference);
        sum += difference;
      }
      samples += a!.length;
    }
    expect(made.distance!.max).toBe(max);
    expect(made.distance!.mean).toBeCloseTo(sum / samples, 9);
  });

  test('differs by an unknown distance where the pixels were not published', async () => {
    const other = copyInput();
    for (let number = 1; number <= 16; number += 1) await repaint(other, number);
    const made = await regenerate(recipeOnly, other);
    expect(made).toMatchObject({ isSame: false, identical: 0, replanned: [], distance: null });
    expect(made.differing).toHaveLength(8);
  });

  test('with one missing has another plan, and says so', async () => {
    const other = copyInput();
    rmSync(join(other.images, 'ILSVRC2012_val_00000003.JPEG'));
    const made = await regenerate(recipeOnly, other);
    expect(made.isSame).toBe(false);
    expect(made.replanned).not.toEqual([]);
    expect(made.diff.after.patches).toBeLessThan(made.diff.before.patches);
  });

  test('of which too few are there is a named error', async () => {
    const other = copyInput();
    for (let number = 2; number <= 16; number += 1) {
      rmSync(join(other.images, `ILSVRC2012_val_${String(number).padStart(8, '0')}.JPEG`));
    }
    await expect(regenerate(recipeOnly, other)).rejects.toBeInstanceOf(SamplingError);
  });
});

test('Codecs of another version than those published with are named', async () => {
  const folder = copyOf(recipeOnly, newFolder('older'));
  editRelease(folder, 'patchml.lock.json', (text) => {
    const lock = JSON.parse(text) as DatasetLock;
    lock.versions.libvips = '8.1.0';
    delete lock.versions.kernel; // patchml 0.1 had none
    return `${JSON.stringify({ ...lock, lock: lockDigest(lock) }, null, 2)}\n`;
  });
  const { versions, isSame } = await regenerate(folder);
  expect(versions).toEqual([
    { part: 'libvips', published: '8.1.0', here: expect.stringMatching(/^8\./) as unknown },
    { part: 'kernel', published: 'none', here: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown },
  ]);
  expect(isSame).toBe(true);
});

describe('Regenerating', () => {
  test('refuses a release that is not whole, before any work', async () => {
    const folder = copyOf(recipeOnly, newFolder('damaged'));
    writeFileSync(join(folder, 'recipe.yaml'), 'x');
    const made = newFolder('made');
    const places = { out: join(made, 'out'), work: join(made, 'work') };
    const refused = regenerateRelease({ release: folder, ...input, ...places });
    await expect(refused).rejects.toBeInstanceOf(ReleaseError);
    await expect(refused).rejects.toThrow(
      'this release is incomplete or was changed: changed recipe.yaml',
    );
    expect(existsSync(join(made, 'work'))).toBe(false);
  });

  test('refuses a place with another dataset before any work', async () => {
    const out = await openGenerator(input, newFolder)({ canvas: { background: 'black' } });
    const places = { out, work: newFolder('work') };
    const refused = regenerateRelease({ release: full, ...input, ...places });
    await expect(refused).rejects.toMatchObject({ code: 'output-other-dataset' });
    expect(contentsOf(places.work)).toEqual({});
  });

  test.each([
    ['the dataset', () => ({ out: join(full, 'dataset'), work: newFolder('work') })],
    ['what the stages keep', () => ({ out: newFolder('out'), work: join(full, 'work') })],
    ['the dataset, into another,', () => ({ out: join(recipeOnly, 'x'), work: newFolder('work') })],
  ])('does not write %s into a release', async (_, places) => {
    const before = contentsOf(full);
    const refused = regenerateRelease({ release: full, ...input, ...places() });
    await expect(refused).rejects.toMatchObject({ code: 'output-in-release' });
    expect(contentsOf(full)).toEqual(before);
  });

  test('reports its progress and can be stopped', async () => {
    const seen = new Set<string>();
    await regenerate(full, input, { onProgress: ({ stage }) => seen.add(stage) });
    expect([...seen]).toEqual(['verify', 'index', 'extract', 'plan', 'compose']);
    const stopped = regenerate(full, input, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });
});
