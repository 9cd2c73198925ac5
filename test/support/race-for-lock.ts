// A process that tries to lock a folder at the same moment as others: told `{ place, at }`, it
// answers whether it had the lock, and whether another was in it then.
import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { lockFolder } from '../../src/files/folder-lock.js';

/** What such a process answers. */
export interface RaceResult {
  held: boolean;
  shared: boolean;
  error?: string;
}

async function race(place: string, at: number): Promise<RaceResult> {
  while (Date.now() < at); // to the millisecond
  let unlock;
  try {
    unlock = await lockFolder(place);
  } catch (error) {
    return { held: false, shared: false, error: String((error as { code?: unknown }).code) };
  }
  const inside = `${place}.inside`;
  const shared = existsSync(inside);
  writeFileSync(inside, '');
  await setTimeout(5);
  const isThere = existsSync(inside);
  await rm(inside, { force: true });
  await unlock();
  return { held: true, shared: shared || !isThere };
}

process.on('message', ({ place, at }: { place: string; at: number }) => {
  void race(place, at).then((result) => process.send?.(result));
});
