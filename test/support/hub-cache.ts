import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { sha256 } from '../../src/files/digest.js';

/**
 * Lays a folder out as `huggingface_hub.snapshot_download` does: `snapshots/<revision>/<file>` are
 * links to `blobs/<digest>`.
 * @param cache the repository's folder in the cache
 * @returns the snapshot
 */
export function asHubSnapshot(folder: string, cache: string): string {
  const snapshot = join(cache, 'snapshots', 'f00d');
  mkdirSync(join(cache, 'blobs'), { recursive: true });
  cpSync(folder, snapshot, { recursive: true });
  for (const entry of readdirSync(snapshot, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const blob = join(cache, 'blobs', sha256(readFileSync(file)));
    renameSync(file, blob);
    symlinkSync(relative(dirname(file), blob), file);
  }
  return snapshot;
}
