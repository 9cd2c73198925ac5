import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { explaining } from '../files/file-errors.js';
import type { Stage } from '../progress.js';
import { mapInOrder } from './ordered.js';
import { unpackAnswer, type WorkerAnswer } from './serve.js';

export interface WorkersOptions<In = unknown> {
  /** The compiled module whose default export was made by `serve`. */
  worker: URL;
  /** Given once to each worker thread. */
  workerData: unknown;
  /** The buffers of an item that are handed over instead of copied. */
  moved?: (item: In) => ArrayBuffer[];
  /** Items that there will be: threads for them start at once, before the first is there. Default: 1. */
  expected?: number;
  /** Threads, at most. Default: one for each core */
  jobs?: number | undefined;
}

export interface MapOptions {
  /** Threads that the items take at once. Default: all */
  jobs?: number | undefined;
  signal?: AbortSignal | undefined;
  stage: Stage;
}

/** Worker threads that stay until they are closed. */
export interface Workers<In, Out> {
  /**
   * Maps items and yields the results in the items' order. At most two items per thread are under way.
   * @throws what the worker threw, as its own class; AbortedError
   */
  map(items: Iterable<In> | AsyncIterable<In>, options: MapOptions): AsyncGenerator<Out>;
  close(): Promise<void>;
}

/**
 * MB of a thread's new objects. The decoders and encoders hold memory of their own for each image,
 * which is not free before the small object that stands for it is collected; where these are
 * collected late, that is hundreds of megabytes, and none of it in the processor's cache.
 */
const YOUNG_MB = 3;

export type MapInWorkersOptions<In = unknown> = WorkersOptions<In> & MapOptions;

/** {@link Workers.map} in threads that end with it. */
export async function* mapInWorkers<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  options: MapInWorkersOptions<In>,
): AsyncGenerator<Out> {
  const workers = openWorkers<In, Out>(options);
  try {
    yield* workers.map(items, options);
  } finally {
    await workers.close();
  }
}

export function openWorkers<In, Out>({
  worker,
  workerData,
  moved,
  expected = 1,
  jobs: most = availableParallelism(),
}: WorkersOptions<In>): Workers<In, Out> {
  const threads = new Piscina({
    filename: fileURLToPath(new URL('./load-worker.cjs', import.meta.url)),
    argv: [worker.href],
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    minThreads: Math.max(1, Math.min(expected, most)),
    maxThreads: most,
    idleTimeout: 60_000,
    recordTiming: false,
  });
  const waiting = new Set<(error: unknown) => void>();
  // What goes wrong in a task is in its own promise. A thread that cannot start has no task yet: the
  // others do its share, and where there is none, the tasks would wait for ever.
  let problem: unknown = new Error('a worker thread ended before its work was done');
  threads.on('error', (error: unknown) => {
    problem = error;
  });
  threads.on('workerDestroy', () => {
    setImmediate(() => {
      if (threads.threads.length === 0) for (const fail of waiting) fail(problem);
    });
  });
  const underWay = new Set<Promise<WorkerAnswer<Out>>>();
  const run = async (item: In): Promise<Out> => {
    const transferList = moved?.(item) ?? [];
    let fail: (error: unknown) => void = () => undefined;
    const task = new Promise<WorkerAnswer<Out>>((resolve, reject) => {
      waiting.add((fail = reject));
      (threads.run(item, { transferList }) as Promise<WorkerAnswer<Out>>).then(resolve, reject);
    });
    underWay.add(task);
    const answer = await explaining(() => task).finally(() => {
      underWay.delete(task);
      waiting.delete(fail);
    });
    return unpackAnswer(answer);
  };
  return {
    async *map(items, { jobs = most, signal, stage }) {
      try {
        yield* mapInOrder(items, run, { ahead: 2 * jobs, signal, stage });
      } finally {
        await Promise.allSettled(underWay);
      }
    },
    async close() {
      // A thread that is ended during native work may never end, under Node 22.
      await Promise.allSettled(underWay);
      await threads.destroy();
    },
  };
}
