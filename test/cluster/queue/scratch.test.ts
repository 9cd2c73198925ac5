import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openScratch, removeScratchOf } from '../../../src/cluster/queue/scratch.js';
import { openStorage } from '../../../src/cluster/storage.js';
import { temporaryFolder } from '../../support/unit-folder.js';

describe('The scratch folder of a worker', () => {
  /** Makes what a worker left that was killed at pieces of two outputs. */
  async function leaveFolder(base: string, host: string): Promise<{ worker: string; a: string }> {
    const scratch = await openScratch(base);
    const [a, b] = [await scratch.open('out/a'), await scratch.open('out/b')];
    await scratch.close();
    const worker = join(base, `patchml-worker-${randomUUID()}`);
    const again = (folder: string): string => join(worker, folder.split('/').at(-1)!);
    for (const folder of [a, b]) mkdirSync(again(folder), { recursive: true });
    const holder = { pid: 2 ** 22 + 1, host, started: '1', token: randomUUID() }; // no such process
    writeFileSync(`${worker}.lock`, JSON.stringify(holder));
    return { worker, a: again(a) };
  }

  test('is removed by the next worker of the machine, were it killed', async () => {
    const base = join(temporaryFolder(), 'scratch');
    const { worker } = await leaveFolder(base, hostname());
    const next = await openScratch(base);
    expect(existsSync(worker)).toBe(false);
    const another = await openScratch(base);
    const piece = await next.open('out/a');
    expect(existsSync(piece)).toBe(true);
    await Promise.all([next.close(), another.close()]);
    expect(readdirSync(base)).toEqual([]);
  });

  test('of another machine loses the pieces of an output when its run is done', async () => {
    const storage = await openStorage(temporaryFolder());
    await removeScratchOf('out/a', storage); // nothing is there
    const { worker, a } = await leaveFolder(storage.scratch!, 'another-machine');
    const scratch = await openScratch(storage.scratch!);
    expect(readdirSync(worker)).toHaveLength(2);
    await removeScratchOf('out/a', storage);
    expect(readdirSync(worker)).toHaveLength(1);
    expect(existsSync(a)).toBe(false);
    await scratch.close();
  });
});
