import { randomUUID } from 'node:crypto';
import { constants, existsSync, readFileSync } from 'node:fs';
import { link, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { OutputError } from '../errors.js';
import { sha256 } from './digest.js';

/**
 * Keeps a folder that is being made to one run, with a file beside it that names the process. The
 * lock of a process that has ended is taken over at once; that of another machine never is, since
 * whether its process lives cannot be seen from here.
 * @param place the folder; its lock is `<place>.lock`
 * @returns a function that releases the folder. It leaves a lock alone that is no longer its own
 * @throws OutputError `output-in-use`, which says who has the folder
 */
export async function lockFolder(place: string): Promise<() => Promise<void>> {
  const path = `${place}.lock`;
  const token = randomUUID();
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    token,
  });
  held.add(token);
  try {
    await take(path, mine, place);
    await removeLeftovers(path);
  } catch (error) {
    held.delete(token);
    throw error;
  }
  return async () => {
    try {
      if ((await read(path, place)) === mine) await rm(path);
    } finally {
      held.delete(token);
    }
  };
}

/** The tokens of this process's locks. */
const held = new Set<string>();

/**
 * Makes a lock file ours.
 *
 * A new one is linked into place with its content, which fails where there is one. The right to
 * replace one of a dead process is a lock too, in a file that is named after the content to be
 * replaced: that content never comes back once it is replaced, so a process that saw it and was
 * slow finds that it has changed, and begins again. Should the one who has that right die, the
 * right is taken over in the same way.
 */
async function take(path: string, mine: string, place: string): Promise<void> {
  for (;;) {
    if (await create(path, mine)) return;
    const theirs = await read(path, place);
    if (theirs === undefined) continue; // just released
    if (theirs === mine) return; // a network disk can do it, and answer that it was there
    if (isHeld(theirs) || (await isBeingWritten(path, theirs, place))) throw inUse(place, theirs);
    const right = `${path}.${sha256(theirs).slice(0, 16)}`;
    await take(right, mine, place);
    const isOurs = (await read(path, place)) === theirs;
    if (isOurs) await rename(right, path);
    else await rm(right, { force: true });
    if (isOurs) return;
  }
}

/** Makes a file with its content in one step. @returns false where something is there */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx');
  try {
    await file.writeFile(content);
    await file.close();
    await link(draft, path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.includes(code)) throw error;
    return await createWithoutLinks(path, content);
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}

/** What a file system without hard links answers. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

async function createWithoutLinks(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A lock holds less, bytes; more is not read. */
const MAX_BYTES = 4096;

/** What a lock file holds; undefined where there is none. Never what a link leads to. */
async function read(path: string, place: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants; // a pipe is not waited for
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw noLock(path, place);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (['ELOOP', 'EMLINK', 'ENXIO'].includes(code)) throw noLock(path, place);
    throw error;
  }
}

/** The error for a link, a folder, a pipe or the like in the place of the lock. */
function noLock(path: string, place: string): OutputError {
  return new OutputError(`${path} is where its lock file goes, but is not a file`, {
    code: 'output-in-use',
    path: place,
    fix: 'remove it',
  });
}

interface Holder {
  pid: number;
  host: string;
  started?: string | undefined;
  token?: string | undefined;
}

function parse(content: string): Holder | undefined {
  try {
    const { pid, host, started, token } = JSON.parse(content) as Partial<Holder>;
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof host !== 'string') return undefined;
    return { pid: pid!, host, started, token };
  } catch {
    return undefined;
  }
}

/** Whether the process that a lock names may still be at work. */
function isHeld(content: string): boolean {
  const holder = parse(content);
  if (holder === undefined) return false;
  const { pid, host, started, token = '' } = holder;
  if (host !== hostname()) return true;
  const found = startOf(pid);
  if (found !== undefined && started !== undefined) return found === started;
  return pid === process.pid ? held.has(token) : isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is somebody else's
  }
  return startOf(pid) !== undefined || !existsSync('/proc/self/stat');
}

/**
 * When a process began, by the system's own count: a number that a dead process had is given to
 * another in time, and in a container a run has the same one each time.
 * @returns undefined where it does not run, or the system does not tell
 */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

/** How long a lock that says nothing is watched before it is taken for damaged, ms. */
const WATCH = 1000;

/** Whether a lock without a holder is about to have one, on a file system without links. */
async function isBeingWritten(path: string, content: string, place: string): Promise<boolean> {
  if (parse(content) !== undefined) return false;
  await setTimeout(WATCH);
  const now = await read(path, place);
  return now !== undefined && now !== content && isHeld(now);
}

function inUse(place: string, content: string): OutputError {
  const { pid, host } = parse(content) ?? {};
  const run = pid === undefined ? 'another run' : `another run (process ${pid} on ${host})`;
  return new OutputError(`${run} is writing it`, {
    code: 'output-in-use',
    path: place,
    fix: `wait for it to finish, or remove ${place}.lock if that process is no longer running`,
  });
}

/** Removes what processes left that were killed in the middle of taking the lock. */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const content = await read(join(folder, name), folder).catch(() => undefined);
    const holder = content === undefined ? undefined : parse(content);
    if (holder?.token !== undefined && !isHeld(content!)) {
      await rm(join(folder, name), { force: true });
    }
  }
}
