import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { MetadataRow } from '../../src/dataset/row.js';
import { AbortedError, DatasetError } from '../../src/errors.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { diffToMarkdown, diffToText } from '../../src/release/diff-text.js';
import { diffDatasets } from '../../src/release/diff.js';
import { releaseDataset } from '../../src/release/release.js';
import { copyOf, openGenerator, smallInput } from '../support/unit-releases.js';
import { openWorkspace, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let make: (fields?: RecipeOverrides) => Promise<string>;
let dataset: string;
let larger: string;

beforeAll(async () => {
  make = openGenerator(await smallInput(newFolder('input')), newFolder);
  dataset = await make();
  larger = await make({ sampling: { counts: { 2: 4, 3: 5 } } });
});

/** A copy of the dataset with other metadata. */
function withRows(edit: (rows: MetadataRow[]) => void): string {
  const folder = copyOf(dataset, newFolder('edited'));
  const rows = readRows<MetadataRow>(join(folder, 'metadata.jsonl'));
  edit(rows);
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  writeFileSync(join(folder, 'metadata.jsonl'), lines.join(''));
  return folder;
}

const NONE = { added: [], removed: [], changedPixels: [], changedLabels: [], encodedAnew: 0 };

describe('The diff of two datasets', () => {
  test('that are the same is empty', async () => {
    const diff = await diffDatasets({ before: dataset, after: copyOf(dataset, newFolder('copy')) });
    expect(diff).toMatchObject({ isSame: true, recipe: [], images: { ...NONE, unchanged: 8 } });
    expect({ ...diff.after, path: '' }).toEqual({ ...diff.before, path: '' });
  });

  test('counts both sides: 4 images of two and 4 of three objects are 20 objects', async () => {
    const { before, after } = await diffDatasets({ before: dataset, after: larger });
    expect(before).toMatchObject({ images: 8, counts: { 2: 4, 3: 4 }, objects: 20 });
    expect(after).toMatchObject({ images: 9, counts: { 2: 4, 3: 5 }, objects: 23 });
  });

  test('names the images added, and the other way round those removed', async () => {
    const [there, back] = [
      await diffDatasets({ before: dataset, after: larger }),
      await diffDatasets({ before: larger, after: dataset }),
    ];
    expect(there.images).toEqual({ ...NONE, added: ['k3-000004'], unchanged: 8 });
    expect(back.images).toEqual({ ...NONE, removed: ['k3-000004'], unchanged: 8 });
    expect(there.recipe).toEqual([{ field: 'sampling.counts.3', before: 4, after: 5 }]);
  });

  test('names fields of the recipe that only one has', async () => {
    const limited = await make({ source: { limit: 15 } });
    const { recipe } = await diffDatasets({ before: dataset, after: limited });
    expect(recipe).toEqual([{ field: 'source.limit', before: undefined, after: 15 }]);
  });

  test('tells other pixels from other labels', async () => {
    const repainted = await make({ canvas: { background: 'black' } });
    const { images } = await diffDatasets({ before: dataset, after: repainted });
    expect(images.changedPixels).toHaveLength(8);
    expect(images.changedLabels).toEqual([]);
    const relabelled = withRows(([first, second]) => {
      first!.labels = [7];
      second!.objects.bbox[0]![0] += 1;
    });
    const labels = (await diffDatasets({ before: dataset, after: relabelled })).images;
    expect(labels).toMatchObject({
      changedPixels: [],
      changedLabels: ['k2-000000', 'k2-000001'],
      unchanged: 6,
    });
  });

  test('does not count the order of the rows', async () => {
    const reversed = withRows((rows) => rows.reverse());
    expect((await diffDatasets({ before: dataset, after: reversed })).images).toEqual({
      ...NONE,
      unchanged: 8,
    });
  });

  test('counts JPEGs of other bytes as other pixels', async () => {
    const counts = { sampling: { counts: { 2: 2 } } };
    const first = await make({ encode: { format: 'jpeg', quality: 95 }, ...counts });
    const second = await make({ encode: { format: 'jpeg', quality: 60 }, ...counts });
    expect(
      (await diffDatasets({ before: first, after: second })).images.changedPixels,
    ).toHaveLength(2);
  });

  test('takes releases, with pixels or without', async () => {
    const to = newFolder('to');
    const { folder: full } = await releaseDataset({ dataset, version: '1.0.0', to });
    const { folder: recipeOnly } = await releaseDataset({
      dataset: larger,
      version: '1.1.0',
      to,
      previous: full,
      recipeOnly: true,
    });
    const { before, after, images } = await diffDatasets({ before: full, after: recipeOnly });
    expect([before.version, after.version]).toEqual(['1.0.0', '1.1.0']);
    expect(images.added).toEqual(['k3-000004']);
  });

  test('of a folder that is neither is a named error, and can be stopped', async () => {
    const none = newFolder('none');
    await expect(diffDatasets({ before: dataset, after: none })).rejects.toBeInstanceOf(
      DatasetError,
    );
    const stopped = diffDatasets(
      { before: dataset, after: larger },
      { signal: AbortSignal.abort() },
    );
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });
});

describe('A diff in words', () => {
  test('shows a few ids of each kind and counts the rest', async () => {
    const repainted = await make({ canvas: { background: 'black' } });
    const diff = await diffDatasets({ before: dataset, after: repainted });
    const line =
      '8 images changed in pixels: k2-000000, k2-000001, k2-000002, k2-000003, k3-000000';
    expect(diffToText(diff)).toContain(`${line} and 3 more`);
    expect(diffToText(diff)).toContain('canvas.background: "white" -> "black"');
    expect(diffToMarkdown(diff)).toContain(`- ${line} and 3 more\n`);
    expect(diffToMarkdown(diff)).toContain('- `canvas.background`: `"white"` to `"black"`\n');
  });

  test('says that nothing differs', async () => {
    const diff = await diffDatasets({ before: dataset, after: dataset });
    expect(diffToMarkdown(diff)).toMatch(/^- 8 images unchanged\n\n\| /);
    expect(readFileSync(join(dataset, 'metadata.jsonl'), 'utf8')).not.toBe('');
  });
});
