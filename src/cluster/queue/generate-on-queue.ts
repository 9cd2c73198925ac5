import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, relative, resolve } from 'node:path';
import { readDataset } from '../../dataset/dataset.js';
import { explaining } from '../../files/file-errors.js';
import { realPlace } from '../../files/folders.js';
import { readIndexSummary } from '../../generate/build-index.js';
import { requirePlaceFor } from '../../generate/dataset-output.js';
import {
  type Generated,
  type GenerateInput,
  type GenerateOptions,
  requireInputs,
} from '../../generate/generate.js';
import { isRemote, type Storage, type StorageOptions } from '../storage.js';
import { connectQueue } from './connection.js';
import { coordinate } from './coordinator.js';
import { isDatasetAt, SUMMARIES } from './generate-pieces.js';
import type { JobOf } from './jobs.js';
import { openPlace } from './place.js';
import type { CoordinateOptions } from './run-options.js';
import { removeScratchOf } from './scratch.js';

/** All paths are of the storage: absolute, or from its root. */
export interface GenerateOnQueueInput extends GenerateInput {
  /** The address of Redis: `redis://HOST:PORT`, or `rediss://` for TLS. */
  queue: string;
  /** The storage that the workers have too: a folder that all machines share, or `s3://BUCKET/PREFIX`. */
  root: string;
}

/** How a dataset is made on a queue. */
export interface GenerateOnQueueOptions
  extends CoordinateOptions, StorageOptions, Pick<GenerateOptions, 'strict' | 'overwrite'> {
  /** Images of a piece, at most. Default: 1000. */
  piece?: number | undefined;
}

/** Images of a piece: some seconds of extraction, half a minute of composing. */
const PIECE = 1000;

/**
 * Makes a dataset as `generate` does, byte for byte, with the workers of a queue; see `runWorker`.
 * What is done is kept: a run that was interrupted is continued.
 * @throws RecipeError where neither the input nor the recipe says where the inputs are
 * @throws OutputError, DatasetError where something else is at the output
 * @throws TransferError where a path leads out of the storage, or the storage cannot be reached
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`, `queue-run-refused`,
 * `queue-run-cancelled`, and `queue-piece-failed` with the reason
 * @throws AbortedError: the run goes on, and the same call waits for it
 */
export function generateOnQueue(
  input: GenerateOnQueueInput,
  { strict = false, overwrite = false, piece = PIECE, ...options }: GenerateOnQueueOptions = {},
): Promise<Generated> {
  return explaining(async () => {
    const { recipe } = input;
    const { storage, versions } = await openPlace(input.root, options);
    const inputs = requireInputs(input);
    const inStorage = (path: string): Promise<string> => pathInStorage(storage, input.root, path);
    const job: JobOf<'generate'> = {
      command: 'generate',
      recipe,
      annotations: await inStorage(inputs.annotations),
      images: await inStorage(inputs.images),
      out: await inStorage(input.out),
      work: await inStorage(input.work),
      ...{ strict, overwrite, piece },
    };
    await requireOutput(storage, job);
    const connection = await connectQueue(input.queue, options.onNote);
    try {
      const { index, pool, plan } = await coordinate<'generate'>(
        connection,
        versions,
        job,
        options,
      );
      await removeScratchOf(job.out, storage);
      const { summary, lock } = await readFrom(storage, job.out, SUMMARIES, readDataset);
      const indexed = await readFrom(storage, index, ['index.json'], readIndexSummary);
      const { hidden = { annotations: 0, images: 0 } } = indexed;
      const at = (path: string): string => shownPath(input.root, path);
      const folders = { index: at(index), pool: at(pool!), plan: at(plan!), dataset: at(job.out) };
      return { ...folders, hidden, summary, lock };
    } finally {
      connection.close();
    }
  });
}

/** The path from the storage's root of what a user names. @throws TransferError `storage-outside` */
async function pathInStorage(storage: Storage, root: string, path: string): Promise<string> {
  const given = isRemote(storage)
    ? posix.normalize(
        path.startsWith(`${storage.root}/`) ? path.slice(storage.root.length + 1) : path,
      )
    : relative(storage.root, await realPlace(resolve(root, path)));
  storage.resolve(given);
  return given;
}

/**
 * Checks that the output may be written, before any work.
 * @throws OutputError where something else is there, or a dataset of another recipe and not to be
 * replaced
 */
async function requireOutput(
  storage: Storage,
  { recipe, out, overwrite }: JobOf<'generate'>,
): Promise<void> {
  const place = storage.resolve(out);
  if (!isRemote(storage)) return requirePlaceFor(recipe, place, overwrite);
  if (!(await isDatasetAt(out, storage))) return;
  await readFrom(storage, out, SUMMARIES, (folder) =>
    requirePlaceFor(recipe, folder, overwrite, place),
  );
}

/** As a user would name it, who gave the root this way. */
function shownPath(root: string, path: string): string {
  return isRemote({ root }) ? `${root.replace(/\/$/, '')}/${path}` : join(root, path);
}

/** Reads what describes a folder of the storage, without the rest of it. */
async function readFrom<T>(
  storage: Storage,
  folder: string,
  names: readonly string[],
  read: (folder: string) => Promise<T>,
): Promise<T> {
  const draft = await mkdtemp(join(tmpdir(), 'patchml-'));
  try {
    for (const name of names) {
      await symlink(await storage.fetch(`${folder}/${name}`), join(draft, name));
    }
    return await read(draft);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
