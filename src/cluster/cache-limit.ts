import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PatchmlError } from '../errors.js';
import { lockFolder } from '../files/folder-lock.js';
import { makeFolder } from '../files/folders.js';
import { walk } from '../files/listing.js';

// A folder of local copies holds `<id>/`, a copy each; `incoming-<n>/`, the folder of a process, locked
// while it lives, with a folder `<id>/` for each copy that it uses; and `removed-<uuid>/`.

const REMOVED = 'removed-';

/** Notes that a process uses a copy, from now until it ends; what is in the copy is looked at afterwards. */
export async function noteUse(cache: string, incoming: string, id: string): Promise<void> {
  await alone(cache, async () => {
    await makeFolder(join(incoming, id));
    await makeFolder(join(cache, id));
    const now = new Date();
    await utimes(join(cache, id), now, now);
  });
}

/**
 * Removes copies that no process uses, the least recently used first, until all take no more than this.
 * So it does with what processes that have ended left half fetched.
 * @param bytes what the copies may take. Those that are used stay, even if they take more
 */
export async function limitCache(cache: string, bytes: number): Promise<void> {
  await makeFolder(cache);
  await alone(cache, async () => {
    const ended: Ended[] = [];
    try {
      await removeUnused(cache, bytes, ended);
    } finally {
      for (const { unlock } of ended) await unlock();
    }
  });
  for (const name of await readdir(cache)) {
    if (name.startsWith(REMOVED)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

/** The folder of a process that has ended, which is locked here. */
interface Ended {
  folder: string;
  unlock: () => Promise<void>;
}

/** @param ended gets the folders of processes that have ended, for the caller to unlock */
async function removeUnused(cache: string, bytes: number, ended: Ended[]): Promise<void> {
  const names = await readdir(cache);
  const used = new Set<string>();
  for (const name of names.filter((one) => /^incoming-\d+$/.test(one))) {
    const folder = join(cache, name);
    const unlock = await lockFolder(folder).catch(unlessInUse);
    if (unlock) ended.push({ folder, unlock });
    else for (const id of await readdir(folder)) used.add(id);
  }
  const unused: { path: string; lastUse: number; bytes: number }[] = [];
  let left = 0;
  for (const folder of [cache, ...ended.map((one) => one.folder)]) {
    for (const id of await readdir(folder)) {
      if (!/^[0-9a-f]{16}$/.test(id)) continue;
      const path = join(folder, id);
      const taken = await bytesIn(path);
      left += taken;
      const isUsed = folder === cache && used.has(id);
      if (!isUsed) unused.push({ path, lastUse: (await stat(path)).mtimeMs, bytes: taken });
    }
  }
  for (const copy of unused.sort((a, b) => a.lastUse - b.lastUse)) {
    if (left <= bytes) break;
    await rename(copy.path, join(cache, `${REMOVED}${randomUUID()}`));
    left -= copy.bytes;
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const entries of walk(folder)) {
    const files = entries.filter(({ isFolder }) => !isFolder);
    const sizes = await Promise.all(files.map(({ path }) => sizeOf(join(folder, path))));
    bytes += sizes.reduce((sum, size) => sum + size, 0);
  }
  return bytes;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0, // it has just got its place, under another name
  );
}

/** How long another process is waited for, which needs milliseconds, ms. */
const PATIENCE = 30_000;

/** Does what no other process may do at the same time. */
async function alone(cache: string, work: () => Promise<void>): Promise<void> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const isLast = performance.now() > until;
    const unlock = await lockFolder(join(cache, 'copies')).catch((error: unknown) => {
      if (isLast) throw error;
      unlessInUse(error);
    });
    if (unlock) {
      try {
        await work();
        return;
      } finally {
        await unlock();
      }
    }
    await sleep(20);
  }
}

/** @throws any other error than that of a folder whose lock another process has */
export function unlessInUse(error: unknown): undefined {
  if (error instanceof PatchmlError && error.code === 'output-in-use') return undefined;
  throw error;
}
