import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Stage, StageOptions } from '../progress.js';
import { mapInOrder } from './map-in-order.js';
import { unpackAnswer, type WorkerAnswer } from './serve.js';

export interface MapInWorkersOptions<In = unknown> extends Pick<StageOptions, 'jobs' | 'signal'> {
  /** The compiled module whose default export was made by `serve`. */
  worker: URL;
  /** Given once to each worker thread. */
  workerData: unknown;
  /** The buffers of an item that are handed over instead of copied. */
  moved?: (item: In) => ArrayBuffer[];
  stage: Stage;
}

/**
 * Maps items in worker threads and yields the results in the items' order. At most two items a
 * thread are under way.
 * @throws what the worker threw, as its own class; AbortedError
 */
export async function* mapInWorkers<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  options: MapInWorkersOptions<In>,
): AsyncGenerator<Out> {
  const { worker, workerData, moved, stage, signal, jobs = availableParallelism() } = options;
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
  const run = async (item: In): Promise<Out> => {
    const transferList = moved?.(item) ?? [];
    return unpackAnswer((await threads.run(item, { transferList })) as WorkerAnswer<Out>);
  };
  try {
    yield* mapInOrder(items, run, { ahead: 2 * jobs, signal, stage });
  } finally {
    await threads.destroy();
  }
}
