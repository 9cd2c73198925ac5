import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { exists, makeFolder, partialFolder, requireSpace } from '../files/folders.js';
import { listPlainFiles } from '../files/listing.js';
import { copyWhole, UNFINISHED } from '../files/output-file.js';
import { openOutputFolder, type OutputFolder, requirePlace } from '../files/output-folder.js';
import { requireRegularFile } from '../files/read-file.js';
import { letSignalIn, throwIfAborted } from '../progress.js';
import { SUMS_FILE } from '../release/checksums.js';
import { type LocalFile, type SendOptions, type Store, type StoredFile, VERSION } from './store.js';

/**
 * A version as a folder: filled beside its place, and renamed when it is complete.
 * @param place the folder of the version
 */
export function openFolderStore(place: string, signal: AbortSignal | undefined): Store {
  const partial = partialFolder(place);
  let output: OutputFolder | undefined;

  const isComplete = (): Promise<boolean> => exists(join(place, SUMS_FILE));
  const list = async (digests: boolean): Promise<Map<string, StoredFile>> => {
    const folder = (await isComplete()) ? place : partial;
    const files = new Map<string, StoredFile>();
    if (!(await exists(folder))) return files;
    for (const [path, size] of await listPlainFiles(folder)) {
      await letSignalIn(signal, 'push');
      const hex = digests ? sha256File(join(folder, path)) : undefined;
      files.set(path, { size, digests: hex === undefined ? [] : [{ kind: 'sha256', hex }] });
    }
    return files;
  };

  const put = async (
    files: LocalFile[],
    strays: string[],
    { onBytes }: SendOptions,
  ): Promise<void> => {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    await requireSpace(place, bytes, 'the release');
    for (const path of strays) await rm(join(partial, path));
    for (const file of files) {
      throwIfAborted(signal, 'push');
      await copyInto(partial, file);
      onBytes(file.size);
    }
  };

  return {
    place,
    sumsAreTheMark: true,
    ownFiles: [],
    isComplete,
    async prepare() {
      await requirePlace(place, VERSION);
      output = await openOutputFolder(place, { replace: false });
    },
    list,
    findForeign: (strays, ours) => Promise.resolve(strays.find((path) => !isLeftOver(path, ours))),
    put: (...args) => put(...args).catch(explainAt(place)),
    async mark(sums) {
      await copyInto(partial, sums).catch(explainAt(place));
      await output?.put();
      return true;
    },
    async *read(path, start) {
      const file = join(place, path);
      await requireRegularFile(file);
      yield* createReadStream(file, { start }) as AsyncIterable<Buffer>;
    },
    close: async () => output?.close(),
  };
}

async function copyInto(folder: string, { file, path }: LocalFile): Promise<void> {
  const target = join(folder, path);
  await makeFolder(dirname(target));
  await copyWhole(file, target);
}

/** Whether an interrupted push left this file: a copy that was not finished. */
function isLeftOver(path: string, ours: ReadonlySet<string>): boolean {
  return path.endsWith(UNFINISHED) && ours.has(path.slice(0, -UNFINISHED.length));
}

/** The error of a full disk names no path itself. */
function explainAt(place: string): (error: unknown) => never {
  return (error) => {
    throw explainError(error, place);
  };
}
