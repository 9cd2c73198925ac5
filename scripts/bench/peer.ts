import { join } from 'node:path';
import { writeJsonLines } from '../../src/files/json.js';
import { readIndexedImages } from '../../src/generate/build-index.js';
import { readPlan } from '../../src/generate/make-plan.js';
import { type PatchRow, readPatchRows } from '../../src/generate/pool.js';
import type { BenchInput } from './input.js';
import { collect, type Job, type Run } from './measure.js';

/** How Pillow encodes: `png` at its own level, 6; `png-fast` at level 1. */
type PeerEncoding = 'png' | 'png-fast' | 'jpeg';

/** The same work by two processes of Pillow. */
export interface Peer {
  extract: Job;
  compose: (encoding: PeerEncoding) => Job;
}

/** @returns undefined where there is no python3 with Pillow */
export async function openPeer(input: BenchInput, scratch: string): Promise<Peer | undefined> {
  const isThere = await collect('python3', ['-c', 'import PIL']).catch(() => undefined);
  if (isThere === undefined) return undefined;
  const patches = await readPatchRows(input.pool);
  const extractRows = join(scratch, 'extract.jsonl');
  const composeRows = join(scratch, 'compose.jsonl');
  await writeExtractRows(input, patches, extractRows);
  await writeComposeRows(input, patches, composeRows);
  const inPython =
    (work: string, rows: string, ...rest: string[]): Job =>
    async (folder) => {
      const args = ['scripts/bench/pillow_peer.py', work, rows, folder, ...rest];
      return JSON.parse(await collect('python3', args)) as Run;
    };
  return {
    extract: inPython('extract', extractRows),
    compose: (encoding) =>
      inPython('compose', composeRows, join(input.pool, 'patches.bin'), encoding),
  };
}

async function writeExtractRows(
  { index, images }: BenchInput,
  patches: readonly PatchRow[],
  path: string,
): Promise<void> {
  const bySource = new Map<string, PatchRow[]>();
  for (const patch of patches) {
    bySource.set(patch.source, [...(bySource.get(patch.source) ?? []), patch]);
  }
  const rows = await writeJsonLines(path);
  for await (const { image, place } of readIndexedImages(index)) {
    const own = bySource.get(image) ?? [];
    await rows.write({
      path: join(images, place.file),
      boxes: own.map(({ box }) => box),
      sizes: own.map(({ width, height }) => [width, height]),
    });
  }
  await rows.close();
}

async function writeComposeRows(
  { plan }: BenchInput,
  patches: readonly PatchRow[],
  path: string,
): Promise<void> {
  const rowOf = new Map(patches.map((row) => [row.id, row]));
  const rows = await writeJsonLines(path);
  for await (const { id, objects } of (await readPlan(plan)).rows()) {
    await rows.write({
      id,
      objects: objects.map(({ patch, bbox }) => {
        const { offset, width, height } = rowOf.get(patch)!;
        return { offset, width, height, bbox };
      }),
    });
  }
  await rows.close();
}
