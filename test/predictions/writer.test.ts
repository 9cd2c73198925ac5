import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { npyHeader } from '../../src/predictions/npy-format.js';
import { openPredictionWriter } from '../../src/predictions/writer.js';
import { readParquet } from '../support/parquet.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { fixture, readPredictions } from '../support/unit-predictions.js';

describe('npyHeader', () => {
  it('is what numpy.save writes before the same matrix', () => {
    const saved = readFileSync(fixture('scores-le-f4-C.npy'));
    expect(npyHeader([5, 7])).toEqual(saved.subarray(0, 128));
    expect(saved).toHaveLength(128 + 4 * 5 * 7);
  });

  it('has room for any number of rows', () => {
    expect(npyHeader([Number.MAX_SAFE_INTEGER, 1000])).toHaveLength(128);
  });
});

const metadata = { model: 'sha256:1', set: 'sha256:2', note: 'ünïcode' };

/** Writes images in uneven batches. */
async function writeSet(path: string, images: number, n: number): Promise<void> {
  const writer = await openPredictionWriter(path, { n, metadata });
  for (let row = 0; row < images; row += 700) {
    const ids = Array.from({ length: Math.min(700, images - row) }, (_, at) => `image_${row + at}`);
    const classes = Uint16Array.from({ length: ids.length * n }, (_, at) => (row * n + at) % 1000);
    const probs = Float32Array.from(classes, (value) => value / 1000);
    await writer.write(ids, classes, probs);
  }
  await writer.close();
}

describe('openPredictionWriter', () => {
  it.each([
    ['in several row groups', 20_500, 3],
    ['of many classes', 700, 1000],
    ['of one image', 1, 1],
  ])('writes what openPredictions reads: %s', async (_, images, n) => {
    const path = join(temporaryFolder(), 'a.parquet');
    await writeSet(path, images, n);
    const { rows, ...source } = await readPredictions(path);
    expect(source).toMatchObject({ kind: 'ranked', images, width: n });
    expect(source.ids?.[images - 1]).toBe(`image_${images - 1}`);
    expect(rows.flat()).toEqual(Array.from({ length: images * n }, (_, at) => at % 1000));
  });

  it('keeps its metadata', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    await writeSet(path, 10, 2);
    const stored = await readParquet(path, (file) => file.metadata.key_value_metadata ?? []);
    expect(Object.fromEntries(stored.map(({ key, value }) => [key, value]))).toEqual(metadata);
  });

  it('writes the same bytes however they come', async () => {
    const [one, two] = [join(temporaryFolder(), 'a.parquet'), join(temporaryFolder(), 'b.parquet')];
    await writeSet(one, 1400, 2);
    const writer = await openPredictionWriter(two, { n: 2, metadata });
    for (let row = 0; row < 1400; row += 1) {
      const classes = Int32Array.of((2 * row) % 1000, (2 * row + 1) % 1000);
      const probs = Float32Array.from(classes, (value) => value / 1000);
      await writer.write([`image_${row}`], classes, probs);
    }
    await writer.close();
    expect(readFileSync(two).equals(readFileSync(one))).toBe(true);
  });

  it('refuses classes and probabilities that do not fit the ids', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    const writer = await openPredictionWriter(path, { n: 2, metadata });
    const wrong = writer.write(['a'], new Uint16Array(2), new Float32Array(1));
    await expect(wrong).rejects.toThrow('expected 1 x 2');
    await writer.discard();
    expect(existsSync(path)).toBe(false);
  });
});
