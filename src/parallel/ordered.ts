import pLimit from 'p-limit';
import { type Stage, throwIfAborted } from '../progress.js';

export interface MapInOrderOptions {
  /** Items that may be under way at once: memory does not grow with their number. */
  ahead: number;
  signal?: AbortSignal | undefined;
  stage: Stage;
}

/**
 * Maps items with an asynchronous function, several at once, and yields the results in the items'
 * order, whatever is done first.
 * @throws what the function threw, in the items' order; AbortedError
 */
export async function* mapInOrder<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  map: (item: In) => Promise<Out>,
  { ahead, signal, stage }: MapInOrderOptions,
): AsyncGenerator<Out> {
  const underWay: Promise<Out>[] = [];
  for await (const item of items) {
    throwIfAborted(signal, stage);
    const result = map(item);
    result.catch(() => undefined); // thrown where it is awaited, in order
    underWay.push(result);
    if (underWay.length >= ahead) yield await underWay.shift()!;
  }
  for (const result of underWay) {
    throwIfAborted(signal, stage);
    yield await result;
  }
}

/**
 * Yields the items of an iterable while asking for some of the next ones in advance.
 * @param count how many, 1 or more
 */
export async function* readAhead<Item>(
  source: AsyncIterable<Item>,
  count: number,
): AsyncGenerator<Item> {
  const iterator = source[Symbol.asyncIterator]();
  const asked: Promise<IteratorResult<Item>>[] = [];
  const ask = (): void => {
    const next = iterator.next();
    next.catch(() => undefined); // thrown when its turn comes
    asked.push(next);
  };
  try {
    for (let i = 0; i < count; i += 1) ask();
    for (;;) {
      const next = await asked.shift()!;
      if (next.done === true) return;
      ask();
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Writes one thing while the next is made: never more than one is on its way. */
export interface WriteBehind<Item> {
  /** Starts to write an item once the one before is written. @throws what that one's write threw */
  next(item: Item): Promise<void>;
  /** Waits for the last. */
  end(): Promise<void>;
}

export function writeBehind<Item>(write: (item: Item) => Promise<void>): WriteBehind<Item> {
  let writing = Promise.resolve();
  return {
    async next(item) {
      await writing;
      writing = write(item);
      writing.catch(() => undefined); // thrown by the next call, or by the end
    },
    end: () => writing,
  };
}

/**
 * Works on items, a number of them at once. After a failure no further item is begun, and those
 * under way are waited for.
 * @throws the first failure
 */
export async function atOnce<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const run = pLimit(limit);
  const attempt = async (item: Item): Promise<void> => {
    if (failures.length > 0) return;
    try {
      await work(item);
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all([...items].map((item) => run(attempt, item)));
  if (failures.length > 0) throw failures[0];
}

/**
 * The items behind the first `skip`, in lists of `size`; the last may be shorter.
 * @param size 1 or more
 * @param end the number of items, of all, behind which none is taken. Default: all are
 */
export async function* inBatches<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
  skip: number,
  end = Infinity,
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  let seen = 0;
  for await (const item of items) {
    if (seen >= end) break;
    seen += 1;
    if (seen <= skip) continue;
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
