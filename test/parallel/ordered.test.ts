import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { AbortedError } from '../../src/errors.js';
import { mapInOrder, readAhead } from '../../src/parallel/ordered.js';
import { collect } from '../support/unit-errors.js';

const options = { ahead: 3, stage: 'extract' } as const;

/** A promise that is kept when it is told to. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

describe('mapInOrder', () => {
  it('yields results in the order of the items, whatever is done first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.nat()), async (scheduler, items) => {
        const map = scheduler.scheduleFunction((item: number) => Promise.resolve(2 * item));
        const results = collect(mapInOrder(items, map, options));
        await scheduler.waitFor(results);
        expect(await results).toEqual(items.map((item) => 2 * item));
      }),
      { numRuns: 50 },
    );
  });

  it('starts no more items at once than it may', async () => {
    const started: number[] = [];
    const gates = Array.from({ length: 6 }, () => deferred<number>());
    const map = (item: number): Promise<number> => {
      started.push(item);
      return gates[item]!.promise;
    };
    const results = mapInOrder([0, 1, 2, 3, 4, 5], map, options);
    const first = results.next();
    for (const gate of gates.slice(1)) gate.resolve(9);
    await new Promise(setImmediate);
    expect(started).toEqual([0, 1, 2]); // the first is not done, so nothing behind the third starts
    gates[0]!.resolve(7);
    expect((await first).value).toBe(7);
    expect(await collect(results)).toHaveLength(5);
  });

  it('throws what the first failing item threw, in the order of the items', async () => {
    const late = deferred<number>();
    const map = (item: number): Promise<number> => {
      if (item === 1) return late.promise.then(() => Promise.reject(new Error('second')));
      return item === 2 ? Promise.reject(new Error('third')) : Promise.resolve(item);
    };
    const results = mapInOrder([0, 1, 2, 3], map, options);
    expect((await results.next()).value).toBe(0);
    late.resolve(0);
    await expect(results.next()).rejects.toThrow('second');
  });

  it('throws what the items fail with', async () => {
    function* items(): Generator<number> {
      yield 1;
      throw new Error('no more');
    }
    const results = mapInOrder(items(), (item) => Promise.resolve(item), options);
    await expect(collect(results)).rejects.toThrow('no more');
  });

  it('takes no item once it is told to stop', async () => {
    const controller = new AbortController();
    const started: number[] = [];
    const map = (item: number): Promise<number> => {
      started.push(item);
      if (item === 1) controller.abort();
      return Promise.resolve(item);
    };
    const { signal } = controller;
    const results = mapInOrder([0, 1, 2, 3, 4], map, { ...options, signal });
    await expect(collect(results)).rejects.toBeInstanceOf(AbortedError);
    expect(started).toEqual([0, 1]);
  });

  it('stops between results, too, when all items are under way', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const results = mapInOrder([0, 1], (i) => Promise.resolve(i), { ...options, signal });
    expect((await results.next()).value).toBe(0);
    controller.abort();
    await expect(results.next()).rejects.toMatchObject({ name: 'AbortedError', code: 'aborted' });
  });

  it('maps nothing to nothing', async () => {
    expect(await collect(mapInOrder([], () => Promise.resolve(1), options))).toEqual([]);
  });
});

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
