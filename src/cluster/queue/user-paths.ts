import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, relative, resolve, sep } from 'node:path';
import { realPlace } from '../../files/folders.js';
import { isRemote, type Storage } from '../storage.js';
import { linkTo } from './bench.js';

/**
 * Images of a piece by default: some seconds of extraction or of a model, a second of composing small
 * images. What a piece costs beside its images is a few hundredths of a second.
 */
export const PIECE = 1000;

/** The path from the storage's root of what a user names. @throws TransferError `storage-outside` */
export async function pathInStorage(storage: Storage, root: string, path: string): Promise<string> {
  const given = isRemote(storage)
    ? posix.normalize(
        path.startsWith(`${storage.root}/`) ? path.slice(storage.root.length + 1) : path,
      )
    : relative(storage.root, await realPlace(resolve(root, path)));
  storage.resolve(given);
  return given;
}

/** The folder that stands for the root where the command runs: itself, or for S3 the working directory. */
export function localRoot(storage: Storage): string {
  return isRemote(storage) ? process.cwd() : storage.root;
}

/**
 * The path from the storage's root of what a card or a study names: of what is below
 * {@link localRoot}.
 * @throws TransferError `storage-outside`
 */
export async function localInStorage(storage: Storage, path: string): Promise<string> {
  const given = relative(localRoot(storage), await realPlace(path)).replaceAll(sep, '/');
  storage.resolve(given);
  return given;
}

/** As a user would name it, who gave the root this way. */
export function shownPath(root: string, path: string): string {
  return isRemote({ root }) ? `${root.replace(/\/$/, '')}/${path}` : join(root, path);
}

/** Reads what describes a folder of the storage, without the rest of it. */
export async function readFrom<T>(
  storage: Storage,
  folder: string,
  names: readonly string[],
  read: (folder: string) => Promise<T>,
): Promise<T> {
  const draft = await mkdtemp(join(tmpdir(), 'patchml-'));
  try {
    for (const name of names) await linkTo(`${folder}/${name}`, draft, storage);
    return await read(join(draft, folder));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
