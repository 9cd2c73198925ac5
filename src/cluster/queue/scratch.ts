import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '../../files/folder-lock.js';
import { makeFolder } from '../../files/folders.js';
import type { Storage } from '../storage.js';
import { outputIdOf } from './pieces.js';

/** The folder of a worker, in which each of its pieces has one. */
export interface Scratch {
  /** Makes the folder of a piece. @param out the output of its run */
  open: (out: string) => Promise<string>;
  close: () => Promise<void>;
}

/**
 * Makes a folder for a worker, locked while it runs. Those of workers of this machine that were killed
 * are removed.
 */
export async function openScratch(base: string): Promise<Scratch> {
  await makeFolder(base);
  for (const left of await workersIn(base)) {
    await lockFolder(left).then(
      async (unlock) => {
        await rm(left, { recursive: true, force: true });
        await unlock();
      },
      () => undefined, // its worker is at work, or it is somebody else's
    );
  }
  const path = join(base, `patchml-worker-${randomUUID()}`);
  const unlock = await lockFolder(path);
  await mkdir(path, { mode: 0o700 });
  return {
    async open(out) {
      const folder = join(path, `${outputIdOf(out)}-${randomUUID()}`);
      await mkdir(folder);
      return folder;
    },
    async close() {
      await rm(path, { recursive: true, force: true });
      await unlock();
    },
  };
}

/**
 * Removes what workers left in a shared folder that were killed at a run to an output: there may be no
 * other worker on their machines. It is called when no run to that output is under way; a worker that
 * is still at a piece of one was taken for dead, and would have to drop what it makes.
 */
export async function removeScratchOf(out: string, { scratch }: Storage): Promise<void> {
  if (scratch === undefined) return;
  for (const worker of await workersIn(scratch)) {
    const pieces = await readdir(worker).catch(() => []); // it has just ended
    for (const name of pieces) {
      if (!name.startsWith(`${outputIdOf(out)}-`)) continue;
      await rm(join(worker, name), { recursive: true, force: true });
    }
  }
}

async function workersIn(base: string): Promise<string[]> {
  const names = await readdir(base).catch(() => []);
  return names
    .filter((name) => /^patchml-worker-[0-9a-f-]{36}$/.test(name))
    .map((name) => join(base, name));
}
