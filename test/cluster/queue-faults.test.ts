// What goes wrong during a run on a queue, with real workers and a real Redis: src/cluster/queue.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openGenerator } from '../../src/random.js';
import { makeImages } from '../support/input.js';
import { startNetwork } from '../support/network.js';
import { type LabWorker, useQueueLab } from '../support/queue-lab.js';
import { describeWithRedis, useRedis } from '../support/redis.js';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.js';
import { writeTree } from '../support/unit-folder.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 24 });

/** Waits until so many pieces are done. */
async function untilDone(workers: readonly LabWorker[], pieces: number): Promise<void> {
  const done = (): number => workers.flatMap(({ said }) => said).filter(isDone).length;
  while (done() < pieces) await sleep(20);
}

function isDone(line: string): boolean {
  return line.endsWith(' is done');
}

describeWithRedis('A run on a queue ends in the dataset of an undivided run', () => {
  const redis = useRedis();
  const newLab = useQueueLab(newFolder, images, () => redis().url);

  test('where all workers, here one, are killed at 30 random points, and another starts', async () => {
    const random = openGenerator('queue/kill');
    let killed = 0;
    while (killed < 30) {
      const { work, generate, expectUndivided } = newLab();
      let hasEnded = false as boolean; // is set from elsewhere
      const run = generate({ piece: 2 }).finally(() => (hasEnded = true));
      let piece = 0; // how long one takes here, ms
      while (killed < 30 && !hasEnded) {
        const worker = await work();
        const began = performance.now();
        // So soon that every other worker ends nothing, else in the middle of its second piece.
        if (piece === 0 || random() < 0.5) {
          await Promise.race([worker.says(/ is done$/), run]);
          piece ||= performance.now() - began;
        }
        await sleep(piece * random());
        await worker.kill();
        killed += 1;
      }
      await work();
      await run;
      await expectUndivided();
    }
  }, 400_000);

  test.each<[string, boolean]>([
    ['with its data', true],
    ['without its data', false],
  ])('where Redis crashes and comes back %s', async (_, withData) => {
    const { work, generate, expectUndivided } = newLab();
    const notes: string[] = [];
    const run = generate({ onNote: (line) => notes.push(line) });
    const worker = await work();
    await untilDone([worker], 3);
    await redis().restart({ withData });
    await run;
    await expectUndivided(withData ? 1 : 2);
    expect(notes.some((line) => line.includes('has lost the run'))).toBe(!withData);
  });

  test('where the network to Redis is cut for longer than a worker is waited for', async () => {
    const { work, generate, expectUndivided } = newLab();
    const network = await startNetwork(redis().port);
    const queue = `redis://127.0.0.1:${network.port}`;
    const run = generate({ queue });
    const cutOff = await work({ queue });
    await untilDone([cutOff], 2);
    network.cut('silent');
    const other = await work(); // takes over what the one that is cut off is at
    await untilDone([other], 1);
    await sleep(CUT);
    await network.mend();
    await run;
    await expectUndivided();
    await network.close();
  });

  test('where a worker is killed between what it publishes and its word of it', async () => {
    const { root, work, generate, expectUndivided } = newLab();
    const network = await startNetwork(redis().port);
    const run = generate();
    const unheard = await work({ queue: `redis://127.0.0.1:${network.port}` });
    await unheard.says(/^extract \d\/6 is done$/);
    const parts = join(root, 'work', 'pool');
    const published = (): string[] =>
      readdirSync(parts, { recursive: true, encoding: 'utf8' }).filter((path) =>
        /\/\d-of-6$/.test(path),
      );
    network.cut('silent');
    const before = published().length;
    while (published().length === before) await sleep(20);
    await unheard.kill();
    await network.close();
    await work();
    await run;
    await expectUndivided();
  });

  test('where the memory of Redis is full for a while', async () => {
    const { work, generate, expectUndivided } = newLab();
    const limitMemory = (to: string): Promise<unknown> =>
      redis().client.config('SET', 'maxmemory', to);
    await limitMemory('1mb');
    await expect(generate()).rejects.toMatchObject({
      code: 'queue-redis-refuses',
      message: expect.stringContaining('OOM command not allowed'),
    });
    await limitMemory('0');
    const run = generate();
    const worker = await work();
    await untilDone([worker], 3);
    await limitMemory('1mb');
    await worker.says(/^Redis refuses this worker, which keeps asking: OOM command/);
    await limitMemory('0');
    await run;
    await expectUndivided();
  });

  test('where another run makes the same at once, in pieces of other sizes', async () => {
    const { root, work, generate, expectUndivided } = newLab();
    const other = generate({ out: 'other', piece: 6 });
    const run = generate();
    await Promise.all([work(), work()]);
    await Promise.all([run, other]);
    expect(contentsOf(join(root, 'other'))).toEqual(contentsOf(join(root, 'out')));
    rmSync(join(root, 'other'), { recursive: true });
    await expectUndivided(2);
  });

  test('where a worker is so slow that another is given its piece', async () => {
    const { work, generate, expectUndivided } = newLab();
    const run = generate();
    const slow = await work();
    await untilDone([slow], 2);
    slow.process.kill('SIGSTOP');
    const other = await work();
    await untilDone([other], 4);
    slow.process.kill('SIGCONT');
    await run;
    await expectUndivided();
  });

  test('where clocks are an hour off, and a piece fails by the one that is fast', async () => {
    const { root, work, generate, expectUndivided } = newLab();
    writeFileSync(join(root, 'work'), 'in the way');
    const run = generate();
    const fast = await work({ clockOff: 3_600_000 });
    await fast.says(/index failed/);
    await fast.kill();
    rmSync(join(root, 'work'));
    await work({ clockOff: -3_600_000 });
    await run;
    await expectUndivided();
  });

  test('where the root of one worker is unmounted, and another mounted over that of a second', async () => {
    const { root, work, generate, expectUndivided } = newLab();
    const workers = [await work(), await work()];
    for (const { process } of workers) process.kill('SIGSTOP');
    let run: Promise<unknown> | undefined;
    await new Promise((resolve) => {
      run = generate({ onNote: resolve });
    });
    const away = `${root}-away`;
    renameSync(root, away);
    const ends = [/nothing complete of this name/, /another storage is at this root now/];
    for (const [at, { process, said }] of workers.entries()) {
      const ended = once(process, 'exit');
      process.kill('SIGCONT');
      expect([await ended, said.join()]).toEqual([[1, null], expect.stringMatching(ends[at]!)]);
      const other = { format: 'patchml-storage', id: randomUUID() };
      writeTree({ '.patchml-storage/storage.json': JSON.stringify(other) }, root);
    }
    rmSync(root, { recursive: true });
    renameSync(away, root);
    await work();
    await run;
    await expectUndivided();
  });

  const reason = whyNoSmallDisk();
  (reason === undefined ? test : test.skip)(
    `where the disk of one worker is full${reason === undefined ? '' : ` (skipped: ${reason})`}`,
    async () => {
      const { work, generate, expectUndivided } = newLab();
      const disk = mountSmallDisk(1);
      try {
        const run = generate();
        const full = await work({ scratch: disk.folder });
        disk.fill();
        const [code] = (await once(full.process, 'exit')) as [number];
        expect([code, full.said.join()]).toEqual([1, expect.stringContaining('enospc')]);
        await work();
        await run;
        await expectUndivided();
      } finally {
        disk.unmount();
      }
    },
  );
});

describeWithRedis('A run on a queue', () => {
  const redis = useRedis();
  const newLab = useQueueLab(newFolder, images, () => redis().url);

  test('with a piece that always fails ends with its name, and all else is done', async () => {
    const { root, work, generate, expectUndivided } = newLab();
    const image = join(root, 'in', 'images', readdirSync(join(root, 'in', 'images')).sort()[9]!);
    const [good, { atime, mtime }] = [readFileSync(image), statSync(image)];
    writeFileSync(image, Buffer.alloc(good.length));
    utimesSync(image, atime, mtime);
    await work();
    await expect(generate({ strict: true })).rejects.toMatchObject({
      code: 'queue-piece-failed',
      message: expect.stringMatching(/^extract: 1 of 6 parts of extract failed, .* extract 3\/6: /),
    });
    const [parts] = readdirSync(join(root, 'work', 'pool'));
    const made = ['1-of-6', '2-of-6', '4-of-6', '5-of-6', '6-of-6'];
    expect(readdirSync(join(root, 'work', 'pool', parts!)).sort()).toEqual(made);
    writeFileSync(image, good);
    utimesSync(image, atime, mtime);
    await generate({ strict: true });
    await expectUndivided(2);
  });

  test('is refused to a second coordinator, and another run to its output', async () => {
    const { work, generate, expectUndivided } = newLab();
    const stop = new AbortController();
    let first: Promise<unknown> | undefined;
    await new Promise((resolve) => {
      first = generate({ signal: stop.signal, onNote: resolve });
    });
    const refused = { code: 'queue-run-refused' };
    await expect(generate()).rejects.toMatchObject(refused);
    stop.abort();
    await expect(first).rejects.toMatchObject({ code: 'aborted' });
    await expect(generate({ piece: 5 })).rejects.toMatchObject(refused);
    const again = generate(); // waits for the run that goes on
    await work();
    await again;
    await expectUndivided();
  });
});

/** How long the network is cut, ms; the workers wait for each other for 2000. */
const CUT = Number(process.env['PATCHML_TEST_CUT'] ?? 4000);
