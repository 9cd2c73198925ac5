import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { OutputError } from '../errors.js';

/**
 * Keeps a folder that is being made to one run: a file beside it that names the process. One left
 * by a process that is gone is taken over.
 * @returns what gives the folder free again
 * @throws OutputError `output-in-use`
 */
export async function lockFolder(place: string): Promise<() => Promise<void>> {
  const path = `${place}.lock`;
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  if (!(await tryCreate(path, mine))) {
    const holder = await readHolder(path);
    if (holder !== undefined && isHeld(path, holder)) {
      throw new OutputError(`another run (process ${holder.pid} on ${holder.host}) is making it`, {
        code: 'output-in-use',
        path: place,
        fix: `wait for it, or remove ${path} if it is gone`,
      });
    }
    await writeFile(path, mine);
  }
  held.add(path);
  return async () => {
    held.delete(path);
    await rm(path, { force: true });
  };
}

/** The locks of this process: in a container a killed run often had the same number. */
const held = new Set<string>();

interface Holder {
  pid: number;
  host: string;
}

async function tryCreate(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined; // cut off by a kill, or just removed
  }
}

function isHeld(path: string, { pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
