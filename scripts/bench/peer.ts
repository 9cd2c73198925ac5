import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJsonLines } from '../../src/files/json-lines.js';
import { readIndexedImages } from '../../src/imagenet/build-index.js';
import { readPatchRows } from '../../src/pool/pool-reader.js';
import { readPlanRows } from '../../src/sampling/make-plan.js';
import type { BenchInput } from './input.js';
import { collect } from './measure.js';

/** The same work by two processes of Pillow, as images a second. */
export interface Peer {
  extract: () => Promise<number>;
  compose: (encoding: 'png' | 'jpeg') => Promise<number>;
}

/** @returns undefined where there is no python3 with Pillow */
export async function openPeer(input: BenchInput, scratch: string): Promise<Peer | undefined> {
  const isThere = await collect('python3', ['-c', 'import PIL']).catch(() => undefined);
  if (isThere === undefined) return undefined;
  const [extractRows, composeRows] = [
    join(scratch, 'extract.jsonl'),
    join(scratch, 'compose.jsonl'),
  ];
  await writeRows(input, extractRows, composeRows);
  const run = async (...args: [string, string, ...string[]]): Promise<number> => {
    const [work, rows, ...rest] = args;
    const out = await mkdtemp(join(scratch, 'peer-'));
    const script = 'scripts/bench/pillow_peer.py';
    const output = await collect('python3', [script, work, rows, out, ...rest]);
    const { count, seconds } = JSON.parse(output) as { count: number; seconds: number };
    return count / seconds;
  };
  return {
    extract: () => run('extract', extractRows),
    compose: (encoding) => run('compose', composeRows, join(input.pool, 'patches.bin'), encoding),
  };
}

async function writeRows(
  input: BenchInput,
  extractRows: string,
  composeRows: string,
): Promise<void> {
  const patches = await readPatchRows(input.pool);
  const extract = await writeJsonLines(extractRows);
  for await (const { image, place } of readIndexedImages(input.index)) {
    const own = patches.filter(({ source }) => source === image);
    await extract.write({
      path: join(input.images, place.file),
      boxes: own.map(({ box }) => box),
      sizes: own.map(({ width, height }) => [width, height]),
    });
  }
  await extract.close();

  const rowOf = new Map(patches.map((row) => [row.id, row]));
  const compose = await writeJsonLines(composeRows);
  for await (const { id, objects } of readPlanRows(input.plan)) {
    await compose.write({
      id,
      objects: objects.map(({ patch, bbox }) => {
        const { offset, width, height } = rowOf.get(patch)!;
        return { offset, width, height, bbox };
      }),
    });
  }
  await compose.close();
}
