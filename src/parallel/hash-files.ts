import { availableParallelism } from 'node:os';
import { sha256File } from '../files/digest.js';
import type { Stage, StageOptions } from '../progress.js';
import { mapInWorkers } from './workers.js';

/** A file to hash. */
export interface SizedFile {
  path: string;
  /** Bytes. */
  size: number;
}

/** So much is hashed sooner than threads begin. */
const FEW_BYTES = 2 ** 28;

/** Files that a thread is given at once. */
const BATCH = 32;

/**
 * The SHA-256 of files, in their order; of many in worker threads.
 * @throws OutputError where one cannot be read, AbortedError
 */
export async function* hashFiles(
  files: readonly SizedFile[],
  {
    jobs = availableParallelism(),
    signal,
    stage,
  }: Pick<StageOptions, 'jobs' | 'signal'> & { stage: Stage },
): AsyncGenerator<string> {
  const paths = files.map(({ path }) => path);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes < FEW_BYTES || jobs === 1) {
    for (const path of paths) yield sha256File(path);
    return;
  }
  const batches = Array.from({ length: Math.ceil(paths.length / BATCH) }, (_, at) =>
    paths.slice(at * BATCH, (at + 1) * BATCH),
  );
  const worker = new URL('./hash-worker.js', import.meta.url);
  const options = { worker, workerData: undefined, jobs, signal, stage };
  for await (const digests of mapInWorkers<string[], string[]>(batches, options)) yield* digests;
}
