import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '../../src/files/digest.js';
import type { ExtractedBatch } from '../../src/generate/cut-patches.js';
import type { PoolProgress } from '../../src/generate/pool.js';
import { openPoolOutput, recoverPoolProgress } from '../../src/generate/pool-writer.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { noiseImage } from '../support/unit-images.js';
import { patchRow } from '../support/unit-pools.js';

const INDEX_DROPS = '{"image":"x","object":0,"reason":"blocked"}\n';
/** A place in the digest of a pool's first row. */
const inDigest = JSON.stringify(patchRow(0, 0, 'image-0', [3, 4])).indexOf('"sha256"') + 12;
const FILES = ['patches.bin', 'patches.jsonl', 'drops.jsonl'] as const;

/** A batch of two images: one patch of some pixels, and one dropped object. */
function batchOf(number: number): ExtractedBatch {
  const { width, height, data } = noiseImage(3 + number, 4, `batch ${number}`);
  const row = patchRow(number, number, `image-${number}`, [width, height]);
  return {
    rows: [{ ...row, sha256: sha256(data) }],
    pixels: data,
    drops: [{ image: `image-${number}`, object: 1, reason: 'too-small' }],
    images: 2,
  };
}

interface Unfinished {
  index: string;
  partial: string;
  progress: PoolProgress;
}

/** A pool into which so many batches were written before the run was killed. */
async function interruptedAfter(batches: number): Promise<Unfinished> {
  const index = writeTree({ 'drops.jsonl': INDEX_DROPS });
  const partial = temporaryFolder();
  const reached = await recoverPoolProgress(partial, index);
  const output = await openPoolOutput(partial, reached);
  for (let number = 0; number < batches; number += 1) await output.append(batchOf(number));
  const { progress } = output;
  await output.close();
  return { index, partial, progress };
}

function contentOf(partial: string): Record<string, string> {
  return Object.fromEntries(
    FILES.map((name) => [name, readFileSync(join(partial, name)).toString('latin1')]),
  );
}

describe('openPoolOutput', () => {
  it('writes the pixels one behind the other, and says where each starts', async () => {
    const { partial } = await interruptedAfter(3);
    const pixels = [0, 1, 2].map((number) => batchOf(number).pixels);
    expect(readFileSync(join(partial, 'patches.bin'))).toEqual(Buffer.concat(pixels));
    const rows = readFileSync(join(partial, 'patches.jsonl'), 'utf8').trim().split('\n');
    const offsets = rows.map((row) => (JSON.parse(row) as { offset: number }).offset);
    expect(offsets).toEqual([0, 36, 36 + 48]); // 3 · 3 · 4 and 3 · 4 · 4
  });

  it('lists the drops behind those of the index, and counts its own', async () => {
    const { partial, progress } = await interruptedAfter(2);
    const drops = readFileSync(join(partial, 'drops.jsonl'), 'utf8');
    expect(drops.startsWith(INDEX_DROPS)).toBe(true);
    expect(drops.trim().split('\n')).toHaveLength(3);
    expect(progress).toMatchObject({ images: 4, patches: 2, drops: { 'too-small': 2 } });
  });
});

describe('recoverPoolProgress', () => {
  it('starts a new pool with the drops of the index', async () => {
    const { partial, progress } = await interruptedAfter(0);
    expect(contentOf(partial)).toEqual({
      'patches.bin': '',
      'patches.jsonl': '',
      'drops.jsonl': INDEX_DROPS,
    });
    expect(progress).toEqual({
      images: 0,
      patches: 0,
      bytes: 0,
      rowBytes: 0,
      dropBytes: INDEX_DROPS.length,
      drops: {},
    });
  });

  it('goes on from the last whole batch', async () => {
    const { index, partial, progress } = await interruptedAfter(3);
    const before = contentOf(partial);
    expect(await recoverPoolProgress(partial, index)).toEqual(progress);
    expect(contentOf(partial)).toEqual(before);
  });

  it('cuts off what was written behind the last whole batch, and ends in the same files', async () => {
    const { index, partial, progress } = await interruptedAfter(2);
    for (const name of FILES) appendFileSync(join(partial, name), '{"half a ro');
    expect(await recoverPoolProgress(partial, index)).toEqual(progress);
    const output = await openPoolOutput(partial, progress);
    await output.append(batchOf(2));
    await output.close();
    expect(contentOf(partial)).toEqual(contentOf((await interruptedAfter(3)).partial));
  });

  const damages: Record<string, (partial: string) => void> = {
    'a pixel is another': flip('patches.bin', 40),
    'a row is no JSON': flip('patches.jsonl', 0),
    'a digest is another': flip('patches.jsonl', inDigest),
    'pixels are missing': cut('patches.bin', 50),
    'rows are missing': cut('patches.jsonl', 50),
    'drops are missing': cut('drops.jsonl', 0),
    'the note is cut off': cut('progress.json', 9),
    'the note is empty': cut('progress.json', 0),
  };

  it.each(Object.keys(damages))('starts from nothing where %s', async (damage) => {
    const { index, partial } = await interruptedAfter(2);
    damages[damage]!(partial);
    const { images, patches, bytes, drops } = await recoverPoolProgress(partial, index);
    expect({ images, patches, bytes, drops }).toEqual({
      images: 0,
      patches: 0,
      bytes: 0,
      drops: {},
    });
    expect(readdirSync(partial)).toEqual(['drops.jsonl']);
    expect(readFileSync(join(partial, 'drops.jsonl'), 'utf8')).toBe(INDEX_DROPS);
  });
});

/** Changes one bit of a file in a folder. */
function flip(file: string, at: number): (folder: string) => void {
  return (folder) => {
    const bytes = readFileSync(join(folder, file));
    bytes[at]! ^= 1;
    writeFileSync(join(folder, file), bytes);
  };
}

/** Cuts a file in a folder off. */
function cut(file: string, length: number): (folder: string) => void {
  return (folder) => {
    truncateSync(join(folder, file), length);
  };
}
