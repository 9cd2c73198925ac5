import { describe, expect, test } from '@jest/globals';
import { readAhead } from '../../src/parallel/ordered.js';

/** Counts to a number, and notes what was asked for. */
function counter(
  end: number,
  fails = Infinity,
): { asked: number[]; closed: () => boolean; items: AsyncGenerator<number> } {
  const asked: number[] = [];
  let isClosed = false;
  const items = (async function* () {
    try {
      for (let i = 0; i < end; i += 1) {
        asked.push(i);
        await Promise.resolve();
        if (i === fails) throw new Error(`no ${i}`);
        yield i;
      }
    } finally {
      isClosed = true;
    }
  })();
  return { asked, closed: () => isClosed, items };
}

const pause = (): Promise<void> => new Promise(setImmediate);

describe('Reading ahead', () => {
  test('gives every item, in order', async () => {
    for (const count of [1, 2, 5, 20]) {
      const seen: number[] = [];
      for await (const item of readAhead(counter(10).items, count)) seen.push(item);
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    for await (const item of readAhead(counter(0).items, 2)) throw new Error(String(item));
  });

  test('asks for so many behind the one that is worked on, and no more', async () => {
    const { asked, items } = counter(10);
    const ahead = readAhead(items, 2);
    expect(await ahead.next()).toEqual({ value: 0, done: false });
    await pause();
    expect(asked).toEqual([0, 1, 2]);
    await ahead.next();
    await pause();
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  test('throws what the source threw once the items before it are given', async () => {
    const { items } = counter(10, 2);
    const seen: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const item of readAhead(items, 3)) {
        await pause();
        seen.push(item);
      }
    };
    await expect(reading()).rejects.toThrow('no 2');
    expect(seen).toEqual([0, 1]);
  });

  test('closes the source where it is left', async () => {
    const { items, closed } = counter(10);
    for await (const item of readAhead(items, 2)) if (item === 3) break;
    expect(closed()).toBe(true);
  });
});
