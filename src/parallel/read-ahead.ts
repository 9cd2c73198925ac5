/**
 * Gives the items of an iterable, and has some of those behind asked for meanwhile.
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
