import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/** A folder and all below it, as the names that it has and what lies behind them. */
type Names = Record<string, { ino: number; isFolder: boolean }>;

/** One call that puts something on the disk, or gives it another name. */
export interface DiskCall {
  call: 'rename' | 'sync';
  /** The file or folder that was synced, or the new name, from the root. */
  path: string;
  /** Every name below the root after the call. */
  names: Names;
  /** What was synced: a file's bytes in base64. */
  bytes?: string;
  ino?: number;
}

// Loaded by `node --import`: notes, for the folder and in the file that the environment names, every
// rename and sync of the process and its threads.

const { RECORD_ROOT: root, RECORD_LOG: log } = process.env;
if (root !== undefined && log !== undefined) await record(root, log);

async function record(root: string, log: string): Promise<void> {
  const plain = { ...fs };
  const namesNow = (): Names => {
    const names: Names = {};
    const pending = [''];
    for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
      for (const name of listed(below)) {
        const path = join(below, name);
        const info = plain.lstatSync(join(root, path), { throwIfNoEntry: false });
        if (info === undefined) continue; // another thread has just renamed it
        names[path] = { ino: info.ino, isFolder: info.isDirectory() };
        if (info.isDirectory()) pending.push(path);
      }
    }
    return names;
  };
  const listed = (below: string): string[] => {
    try {
      return plain.readdirSync(join(root, below));
    } catch {
      return [];
    }
  };
  const note = (call: DiskCall): void => {
    plain.appendFileSync(log, `${JSON.stringify(call)}\n`);
  };
  const noteRename = (to: unknown): void => {
    note({ call: 'rename', path: within(root, String(to)), names: namesNow() });
  };
  const noteSync = (descriptor: number): void => {
    const info = plain.fstatSync(descriptor);
    const full = plain.readlinkSync(`/proc/self/fd/${descriptor}`);
    const { ino } = info;
    const found = { call: 'sync', path: within(root, full), names: namesNow(), ino } as const;
    const isFile = info.isFile() && plain.existsSync(full);
    note(isFile ? { ...found, bytes: plain.readFileSync(full).toString('base64') } : found);
  };

  const rename = fs.promises.rename.bind(fs.promises);
  fs.promises.rename = async (from, to) => {
    await rename(from, to);
    noteRename(to);
  };
  fs.renameSync = (from, to) => {
    plain.renameSync(from, to);
    noteRename(to);
  };
  const handle = await fs.promises.open(log, 'a');
  const prototype = Object.getPrototypeOf(handle) as { sync: () => Promise<void> };
  await handle.close();
  for (const name of ['sync', 'datasync'] as const) {
    const sync = (prototype as unknown as Record<string, () => Promise<void>>)[name]!;
    Object.assign(prototype, {
      async [name](this: { fd: number }) {
        await sync.call(this);
        noteSync(this.fd);
      },
    });
  }
  fs.fsync = ((descriptor, done) => {
    plain.fsync(descriptor, (error) => {
      if (!error) noteSync(descriptor);
      done(error);
    });
  }) as typeof fs.fsync;
  fs.fsyncSync = (descriptor) => {
    plain.fsyncSync(descriptor);
    noteSync(descriptor);
  };
  syncBuiltinESMExports();
}

function within(root: string, path: string): string {
  return path === root ? '' : path.slice(root.length + 1);
}
