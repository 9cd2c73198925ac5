import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Stage, StageOptions } from '../progress.js';
import { mapInOrder } from './map-in-order.js';
import { unpackAnswer, type WorkerAnswer } from './serve.js';

export interface MapInWorkersOptions extends Pick<StageOptions, 'jobs' | 'signal'> {
  /** The compiled module whose default export was made by `serve`. */
  worker: URL;
  /** Given once to each worker thread. */
  workerData: unknown;
  stage: Stage;
}

/**
 * Maps items in worker threads and yields the results in the items' order. At most two items a
 * thread are under way.
 * @throws what the worker threw, as its own class; AbortedError
 */
export async function* mapInWorkers<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  { worker, workerData, stage, signal, jobs = availableParallelism() }: MapInWorkersOptions,
): AsyncGenerator<Out> {
  const threads = new Piscina({
    filename: fileURLToPath(new URL('./load-worker.cjs', import.meta.url)),
    argv: [worker.href],
    workerData,
    minThreads: 1,
    maxThreads: jobs,
    idleTimeout: 60_000,
    recordTiming: false,
  });
  threads.on('error', () => undefined); // each task's own promise says what went wrong
  const run = async (item: In): Promise<Out> =>
    unpackAnswer((await threads.run(item)) as WorkerAnswer<Out>);
  try {
    yield* mapInOrder(items, run, { ahead: 2 * jobs, signal, stage });
  } finally {
    await threads.destroy();
  }
}
