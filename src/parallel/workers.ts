import { availableParallelism } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { move, Piscina, transferableSymbol, valueSymbol } from 'piscina';
import * as errors from '../errors.js';
import { explainError, explaining } from '../files/file-errors.js';
import type { Stage, StageOptions } from '../progress.js';
import { mapInOrder } from './ordered.js';

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

/** What a worker sends back: its result, or the error in a form that survives the thread's edge. */
export type WorkerAnswer<Out> = { result: Out } | { error: PackedError };

interface PackedError {
  name: string;
  message: string;
  stack: string | undefined;
  details: Undefined<errors.ErrorDetails>;
}

type Undefined<T> = { [K in keyof T]?: T[K] | undefined };

/**
 * Makes a worker module's default export of a function.
 * @param moved the buffers of a result that are handed over instead of copied
 */
export function serve<In, Out>(
  work: (input: In) => Promise<Out>,
  moved?: (result: Out) => ArrayBuffer[],
): (input: In) => Promise<WorkerAnswer<Out>> {
  return async (input) => {
    try {
      const answer = { result: await work(input) };
      // Native modules free memory in a turn of the event loop, which a busy thread may never take.
      await turn();
      return moved === undefined ? answer : handOver(answer, moved(answer.result));
    } catch (error) {
      return failure(error);
    }
  };
}

/** What a worker sends back where it failed, its own start included. */
export function failure(error: unknown): WorkerAnswer<never> {
  return { error: packError(explainError(error)) };
}

function handOver<T extends object>(answer: T, buffers: ArrayBuffer[]): T {
  // Piscina sends what is under these names; its own type says that the thread gets `answer`.
  return move({ [valueSymbol]: answer, [transferableSymbol]: buffers }) as unknown as T;
}

/** The result in a worker's answer. @throws the worker's error, as its own class. */
export function unpackAnswer<Out>(answer: WorkerAnswer<Out>): Out {
  if ('result' in answer) return answer.result;
  throw unpackError(answer.error);
}

function packError(error: unknown): PackedError {
  if (!types.isNativeError(error)) {
    return { name: 'Error', message: String(error), stack: undefined, details: {} };
  }
  const { name, message, stack } = error;
  const { code, path, place, fix } = error as Error & Undefined<errors.ErrorDetails>;
  return { name, message, stack, details: { code, path, place, fix } };
}

function unpackError(packed: PackedError): Error {
  const known = (errors as unknown as Record<string, { prototype: object } | undefined>)[
    packed.name
  ];
  const error = Object.create(known?.prototype ?? Error.prototype) as Error;
  const fields = { name: packed.name, message: packed.message, stack: packed.stack };
  return Object.assign(error, fields, packed.details);
}
