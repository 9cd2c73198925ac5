import { readlinkSync } from 'node:fs';
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
  const synced: [string, boolean][] = [];
  handles.sync = function () {
    synced.push([readlinkSync(`/proc/self/fd/${this.fd}`), isRenamed()]);
    return sync.call(this);
  };
  const stop = (): void => {
    handles.sync = sync;
  };
  return { synced, stop };
}
