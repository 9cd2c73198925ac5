import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { explaining } from '../files/file-errors.js';
import type { Stage, StageOptions } from '../progress.js';
import { mapInOrder } from './ordered.js';
import { unpackAnswer, type WorkerAnswer } from './serve.js';

export interface MapInWorkersOptions<In = unknown> extends Pick<StageOptions, 'jobs' | 'signal'> {
  /** The compiled module whose default export was made by `serve`. */
  worker: URL;
  /** Given once to each worker thread. */
  workerData: unknown;
  /** The buffers of an item that are handed over instead of copied. */
  moved?: (item: In) => ArrayBuffer[];
  /** Items that there will be: threads for them start at once, before the first is there. Default: 1. */
  expected?: number;
  stage: Stage;
}

/**
 * MB of a thread's new objects. The decoders and encoders hold memory of their own for each image,
 * which is not free before the small object that stands for it is collected; where these are
 * collected late, that is hundreds of megabytes, and none of it in the processor's cache.
 */
const YOUNG_MB = 3;

/**
 * Maps items in worker threads and yields the results in the items' order. At most two items per
 * thread are under way.
 * @throws what the worker threw, as its own class; AbortedError
 */
export async function* mapInWorkers<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  options: MapInWorkersOptions<In>,
): AsyncGenerator<Out> {
  const { worker, workerData, moved, expected = 1, stage, signal } = options;
  const { jobs = availableParallelism() } = options;
  const threads = new Piscina({
    filename: fileURLToPath(new URL('./load-worker.cjs', import.meta.url)),
    argv: [worker.href],
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    minThreads: Math.max(1, Math.min(expected, jobs)),
    maxThreads: jobs,
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
  try {
    yield* mapInOrder(items, run, { ahead: 2 * jobs, signal, stage });
  } finally {
    // A thread that is ended during native work may never end, under Node 22.
    await Promise.allSettled(underWay);
    await threads.destroy();
  }
}
