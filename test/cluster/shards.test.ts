// Shards and what joins them: src/cluster/pool-parts.ts, dataset-parts.ts and parts.ts.

import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { composeShard, mergeDataset } from '../../src/cluster/dataset-parts.js';
import { rangeOf, type Shard } from '../../src/cluster/parts.js';
import { extractShard, mergePool } from '../../src/cluster/pool-parts.js';
import { lockFolder } from '../../src/files/folder-lock.js';
import { buildIndex } from '../../src/generate/build-index.js';
import type { ComposeInput } from '../../src/generate/compose-dataset.js';
import { extractPool, type ExtractInput } from '../../src/generate/extract-pool.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import type { Progress } from '../../src/progress.js';
import { makeImages, writeFolders } from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const recipe = madeRecipe();
const images = await makeImages({ images: 16 });
const jobs = { jobs: 1 };
let made: Generated;
let index: string;
let folders: { annotations: string; images: string };

beforeAll(async () => {
  folders = writeFolders(newFolder('input'), images);
  writeFileSync(join(folders.images, readdirSync(folders.images).sort()[5]!), 'not an image');
  const work = join(newFolder('made'), 'work');
  made = await generate({ recipe, ...folders, work, out: join(work, '..', 'out') }, jobs);
  index = (await buildIndex({ recipe, ...folders, work })).folder;
});

/** The work of an undivided run, in a work folder of its own. */
function extraction(name: string): ExtractInput {
  return { recipe, index, work: join(newFolder(name), 'work') };
}

function composition(name: string): ComposeInput {
  return { recipe, pool: made.pool, plan: made.plan, out: join(newFolder(name), 'out') };
}

/** All shards, the last one first. */
function shards(of: number): Shard[] {
  return Array.from({ length: of }, (_, at) => ({ part: of - at, of }));
}

/** A signal that is given once something is done, and what gives it. */
function stopAfter(done: number): { signal: AbortSignal; onProgress: (step: Progress) => void } {
  const stop = new AbortController();
  return {
    signal: stop.signal,
    onProgress: (step) => {
      if (step.done >= done) stop.abort();
    },
  };
}

describe('A pool that was extracted in shards', () => {
  test('is the pool of an undivided run', async () => {
    const input = extraction('pool');
    for (const shard of shards(3)) {
      const first = await extractShard({ ...input, shard }, jobs);
      const again = await extractShard({ ...input, shard }, jobs);
      expect([first.reused, again]).toEqual([false, { ...first, reused: true }]);
    }
    const { folder } = await mergePool(input);
    expect(contentsOf(folder)).toEqual(contentsOf(made.pool));
    expect(readdirSync(dirname(folder))).toEqual(readdirSync(dirname(made.pool)));
    expect(await extractShard({ ...input, shard: { part: 1, of: 2 } })).toMatchObject({
      folder,
      reused: true,
    });
    expect((await mergePool(input)).folder).toBe(folder);
  });

  test('is the pool of an undivided run where there are more shards than images', async () => {
    const few = writeFolders(newFolder('few'), images.slice(0, 1));
    const work = join(newFolder('few-work'), 'work');
    const { folder: index } = await buildIndex({ recipe, ...few, work });
    const { folder: undivided } = await extractPool({ recipe, index, work }, jobs);
    const input = { recipe, index, work: join(newFolder('few-shards'), 'work') };
    for (const shard of shards(2)) await extractShard({ ...input, shard }, jobs);
    const { folder } = await mergePool(input);
    expect(contentsOf(folder)).toEqual(contentsOf(undivided));
  });

  test('is the same where shards and their joining were interrupted', async () => {
    const input = extraction('stopped');
    const shard = { part: 2, of: 2 };
    await extractShard({ ...input, shard: { part: 1, of: 2 } }, jobs);
    await expect(
      extractShard({ ...input, shard }, { ...jobs, ...stopAfter(0) }),
    ).rejects.toMatchObject({ code: 'aborted' });
    await extractShard({ ...input, shard }, jobs);
    await expect(mergePool(input, stopAfter(8))).rejects.toMatchObject({ code: 'aborted' });
    const { folder } = await mergePool(input);
    expect(contentsOf(folder)).toEqual(contentsOf(made.pool));
  });

  test('is refused an image that was changed, by the shard that has it and by the merge', async () => {
    const own = writeFolders(newFolder('changed'), images.slice(0, 4));
    const work = join(newFolder('changed-work'), 'work');
    const { folder: index } = await buildIndex({ recipe, ...own, work });
    const input = { recipe, index, work };
    const last = join(own.images, readdirSync(own.images).sort().at(-1)!);
    const { atimeMs, mtimeMs } = statSync(last);
    const refused = { code: 'images-of-another-index', path: own.images };
    const [one, two] = [
      { ...input, shard: shards(2)[1]! },
      { ...input, shard: shards(2)[0]! },
    ];
    utimesSync(last, atimeMs / 1000, mtimeMs / 1000 + 1);
    await expect(extractShard(two, jobs)).rejects.toMatchObject(refused);
    expect(await extractShard(one, jobs)).toMatchObject({ images: 2 });
    rmSync(last);
    await expect(extractShard(two, jobs)).rejects.toMatchObject(refused);
    await expect(mergePool(input)).rejects.toMatchObject(refused);
    rmSync(own.images, { recursive: true });
    await expect(extractShard(two, jobs)).rejects.toMatchObject({ code: 'enoent' });
  });

  test('is that of an undivided run too that was begun before', async () => {
    const input = extraction('begun');
    for (const shard of shards(2)) await extractShard({ ...input, shard }, jobs);
    await expect(extractPool(input, { ...jobs, ...stopAfter(0) })).rejects.toThrow();
    const { folder } = await mergePool(input);
    expect(contentsOf(folder)).toEqual(contentsOf(made.pool));
  });

  test('is not made where parts are missing, which are named', async () => {
    const input = extraction('missing');
    await expect(mergePool(input)).rejects.toMatchObject({ code: 'parts-missing' });
    await extractShard({ ...input, shard: { part: 2, of: 4 } }, jobs);
    await expect(mergePool(input)).rejects.toThrow('parts are missing: 1/4, 3/4, 4/4; run');
  });

  test.each(['patches.bin', 'patches.jsonl', 'drops.jsonl'])(
    'is not made of a part with another %s',
    async (file) => {
      const input = extraction(`damaged-${file}`);
      const shard = { part: 1, of: 1 };
      const { folder: part } = await extractShard({ ...input, shard }, jobs);
      const bytes = readFileSync(join(part, file));
      writeFileSync(join(part, file), Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]));
      await expect(mergePool(input)).rejects.toMatchObject({ code: 'part-damaged' });
      truncateSync(join(part, file), 10);
      await expect(mergePool(input)).rejects.toMatchObject({ code: 'part-damaged' });
      rmSync(part, { recursive: true });
      await extractShard({ ...input, shard }, jobs);
      const { folder } = await mergePool(input);
      expect(contentsOf(folder)).toEqual(contentsOf(made.pool));
    },
  );
});

describe('A dataset that was composed in shards', () => {
  test('is the dataset of an undivided run', async () => {
    const input = composition('dataset');
    for (const shard of shards(3)) {
      const first = await composeShard({ ...input, shard }, jobs);
      const again = await composeShard({ ...input, shard }, jobs);
      expect([first.reused, again]).toEqual([false, { ...first, reused: true }]);
    }
    const { lock } = await mergeDataset(input);
    expect(lock).toEqual(made.lock);
    expect(contentsOf(input.out)).toEqual(contentsOf(made.dataset));
    expect(readdirSync(dirname(input.out))).toEqual(['out']);
    const late = await composeShard({ ...input, shard: { part: 1, of: 2 } });
    expect(late).toMatchObject({ folder: input.out, reused: true });
  });

  test('is the same where a shard was interrupted, or an undivided run was', async () => {
    const input = composition('dataset-stopped');
    const shard = { part: 1, of: 1 };
    const stopping = { ...jobs, ...stopAfter(1) };
    await expect(composeShard({ ...input, shard }, stopping)).rejects.toMatchObject({
      code: 'aborted',
    });
    await composeShard({ ...input, shard }, jobs);
    await mergeDataset(input);
    expect(contentsOf(input.out)).toEqual(contentsOf(made.dataset));
  });

  test('is not made where a part is missing, or an image of it is another', async () => {
    const input = composition('dataset-damaged');
    const { folder } = await composeShard({ ...input, shard: { part: 2, of: 2 } }, jobs);
    await expect(mergeDataset(input)).rejects.toThrow('parts are missing: 1/2; run');
    await composeShard({ ...input, shard: { part: 1, of: 2 } }, jobs);
    const [image] = readdirSync(join(folder, 'images'));
    truncateSync(join(folder, 'images', image!), 20);
    await expect(mergeDataset(input)).rejects.toMatchObject({ code: 'part-damaged' });
    expect(existsSync(input.out)).toBe(false);
  });
});

describe('A shard', () => {
  test.each([
    [24, 5],
    [3, 7],
    [0, 2],
    [50_000, 999],
  ])('of %d images takes those behind the shard before it, for %d', (total, of) => {
    const ranges = shards(of)
      .reverse()
      .map((shard) => rangeOf(shard, total));
    expect(ranges.map(([from]) => from)).toEqual([0, ...ranges.slice(0, -1).map(([, to]) => to)]);
    expect(ranges.at(-1)![1]).toBe(total);
    const sizes = ranges.map(([from, to]) => to - from);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  test('is refused to a second run while the first is at it', async () => {
    const input = composition('locked');
    const shard = { part: 1, of: 2 };
    const { folder } = await composeShard({ ...input, shard }, jobs);
    rmSync(folder, { recursive: true });
    const release = await lockFolder(folder);
    try {
      await expect(composeShard({ ...input, shard }, jobs)).rejects.toMatchObject({
        code: 'output-in-use',
      });
    } finally {
      await release();
    }
    expect(await composeShard({ ...input, shard }, jobs)).toMatchObject({ images: 12 });
  });

  test.each([
    [0, 2],
    [3, 2],
    [1, 0],
    [0.5, 2],
    [1, 1e6],
  ])('%d/%d is not one', async (part, of) => {
    const shard = { part, of };
    const code = { code: 'option-out-of-range' };
    await expect(extractShard({ ...extraction('none'), shard })).rejects.toMatchObject(code);
    await expect(composeShard({ ...composition('none'), shard })).rejects.toMatchObject(code);
  });
});
