import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../../errors.js';

/**
 * The files below a folder, with their bytes, by path.
 * @throws TransferError `not-a-file` where a link, a pipe or the like is among them
 */
export async function listPlainFiles(folder: string): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) files.set(path, (await lstat(join(folder, path))).size);
      else throw notAFile(join(folder, path), entry.isSymbolicLink());
    }
  }
  return files;
}

function notAFile(path: string, isLink: boolean): TransferError {
  return new TransferError(`a release holds plain files, ${isLink ? 'no links' : 'not this'}`, {
    code: 'not-a-file',
    path,
    fix: 'remove it, or make the release again',
  });
}
