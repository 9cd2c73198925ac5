import { availableParallelism } from 'node:os';
import { sha256File } from '../files/digest.js';
import type { Stage, StageOptions } from '../progress.js';
import { inBatches } from './ordered.js';
import { mapInWorkers } from './workers.js';

/** A file to hash. */
export interface SizedFile {
  path: string;
  /** Bytes; below 0 for one that is not read. */
  size: number;
  /** Its digest, where it is known; then it is not read. */
  known?: string | undefined;
}

/** Fewer bytes, and fewer files, are hashed sooner than threads begin. */
const FEW_BYTES = 2 ** 28;
const FEW_FILES = 8192;

/** Bytes of a file, on average, that are hashed sooner than a thread is told of it. */
const SMALL = 4096;

/** Files that a thread is given at once. */
const BATCH = 32;

/**
 * Files with their SHA-256, in their order; of many that are not small in worker threads. Memory does
 * not grow with their number.
 * @returns undefined as the digest of a file that is not read
 * @throws OutputError where one cannot be read, AbortedError
 */
export async function* hashFiles<File extends SizedFile>(
  files: Iterable<File> | AsyncIterable<File>,
  {
    jobs = availableParallelism(),
    signal,
    stage,
  }: Pick<StageOptions, 'jobs' | 'signal'> & { stage: Stage },
): AsyncGenerator<readonly [File, digest: string | undefined]> {
  const batches = inBatches(files, BATCH, 0);
  try {
    const first: File[][] = [];
    const isFew = jobs === 1 || (await takeFew(batches, first));
    if (isFew) {
      for (const batch of first) yield* hashHere(batch);
      for await (const batch of batches) yield* hashHere(batch);
      return;
    }
    const underWay: File[][] = [];
    const worker = new URL('./hash-worker.js', import.meta.url);
    const options = { worker, workerData: undefined, jobs, signal, stage };
    const tasks = pathsOf(first, batches, underWay);
    for await (const digests of mapInWorkers<string[], string[]>(tasks, options)) {
      let read = 0;
      for (const file of underWay.shift()!) {
        yield [file, isUnread(file) ? file.known : digests[read++]];
      }
    }
  } finally {
    await batches.return(undefined);
  }
}

/** @returns whether these are all, and few; or so small that threads would not help */
async function takeFew(
  batches: AsyncGenerator<SizedFile[]>,
  taken: SizedFile[][],
): Promise<boolean> {
  let bytes = 0;
  while (bytes < FEW_BYTES && taken.length * BATCH < FEW_FILES) {
    const next = await batches.next();
    if (next.done === true) return true;
    taken.push(next.value);
    for (const file of next.value) if (!isUnread(file)) bytes += file.size;
  }
  return bytes < FEW_FILES * SMALL;
}

function* hashHere<File extends SizedFile>(
  files: readonly File[],
): Generator<readonly [File, string | undefined]> {
  for (const file of files) yield [file, isUnread(file) ? file.known : sha256File(file.path)];
}

/** The paths of the files to read, in batches; each batch is also put behind `underWay`. */
async function* pathsOf<File extends SizedFile>(
  first: readonly File[][],
  rest: AsyncIterable<File[]>,
  underWay: File[][],
): AsyncGenerator<string[]> {
  const take = (batch: File[]): string[] => {
    underWay.push(batch);
    return batch.filter((file) => !isUnread(file)).map(({ path }) => path);
  };
  for (const batch of first) yield take(batch);
  for await (const batch of rest) yield take(batch);
}

function isUnread({ size, known }: SizedFile): boolean {
  return size < 0 || known !== undefined;
}
