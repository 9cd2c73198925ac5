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
