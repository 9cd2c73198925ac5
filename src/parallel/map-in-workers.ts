import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { Piscina } from 'piscina';
import { type Stage, type StageOptions, throwIfAborted } from '../progress.js';
import { unpackAnswer, type WorkerAnswer } from './serve.js';

export interface MapInWorkersOptions extends Pick<StageOptions, 'jobs' | 'signal'> {
  /** The compiled module whose default export was made by `serve`. */
  worker: URL;
  /** Given once to each worker thread. */
  workerData: unknown;
  stage: Stage;
}

/**
 * Maps items in worker threads and yields the results in the items' order, whatever thread is done
 * first. At most two items a thread are under way, so memory does not grow with their number.
 * @throws what the worker threw; the first error in the items' order ends the run.
 */
export async function* mapInWorkers<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  options: MapInWorkersOptions,
): AsyncGenerator<Out> {
  const jobs = options.jobs ?? availableParallelism();
  const threads = new Piscina({
    filename: options.worker.href,
    workerData: options.workerData,
    minThreads: 1,
    maxThreads: jobs,
    idleTimeout: 60_000,
    recordTiming: false,
  });
  const limit = pLimit(2 * jobs);
  const underWay: Promise<WorkerAnswer<Out>>[] = [];
  try {
    for await (const item of items) {
      throwIfAborted(options.signal, options.stage);
      const answer = limit(() => threads.run(item) as Promise<WorkerAnswer<Out>>);
      answer.catch(() => undefined); // reported where it is awaited, in order
      underWay.push(answer);
      if (underWay.length >= 2 * jobs) yield unpackAnswer(await underWay.shift()!);
    }
    while (underWay.length > 0) {
      throwIfAborted(options.signal, options.stage);
      yield unpackAnswer(await underWay.shift()!);
    }
  } finally {
    await threads.destroy();
  }
}
