import fs, { readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { temporaryFolder } from './unit-folder.js';

/** Notes what is put on the disk from now on, and what was so at that moment. */
export async function recordSyncs(
  isRenamed: () => boolean,
): Promise<{ synced: [path: string, isRenamed: boolean][]; stop: () => void }> {
  const file = await open(temporaryFolder(), 'r');
  const handles = Object.getPrototypeOf(file) as { sync: (this: FileHandle) => Promise<void> };
  await file.close();
  const { sync } = handles;
  const { fsync } = fs;
  const synced: [string, boolean][] = [];
  const note = (descriptor: number): void => {
    synced.push([readlinkSync(`/proc/self/fd/${descriptor}`), isRenamed()]);
  };
  handles.sync = function () {
    note(this.fd);
    return sync.call(this);
  };
  fs.fsync = ((descriptor, done) => {
    note(descriptor);
    fsync(descriptor, done);
  }) as typeof fsync;
  const stop = (): void => {
    handles.sync = sync;
    fs.fsync = fsync;
  };
  return { synced, stop };
}
