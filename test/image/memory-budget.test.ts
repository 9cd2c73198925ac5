import { describe, expect, it } from '@jest/globals';
import { MAX_DECODE_BYTES, MemoryBudget } from '../../src/image/memory-budget.js';

const MB = 1e6;

/** Work that ends when it is told to, and the most bytes that were in use at once. */
function openWork(budget: MemoryBudget): {
  begin: (bytes: number) => { end: () => void; done: Promise<void> };
  most: () => number;
} {
  let used = 0;
  let most = 0;
  return {
    begin(bytes) {
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const done = budget.use(bytes, async () => {
        used += bytes;
        most = Math.max(most, used);
        await ended;
        used -= bytes;
      });
      return { end, done };
    },
    most: () => most,
  };
}

describe('MemoryBudget', () => {
  it('never lends more than it has, and gets round to all', async () => {
    const { begin, most } = openWork(new MemoryBudget());
    const works = Array.from({ length: 12 }, () => begin(200 * MB));
    for (const { end } of works) end();
    await Promise.all(works.map(({ done }) => done));
    expect(most()).toBeLessThanOrEqual(MAX_DECODE_BYTES);
    expect(most()).toBe(600 * MB); // three of 200 fit in 640
  });

  it('lends all of it to what asks for more', async () => {
    await expect(new MemoryBudget().use(1e12, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('is one for all threads that share its memory', async () => {
    const budget = new MemoryBudget();
    const first = openWork(budget).begin(600 * MB);
    const second = openWork(new MemoryBudget(budget.shared));
    const waiting = second.begin(100 * MB);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(second.most()).toBe(0);
    first.end();
    waiting.end();
    await Promise.all([first.done, waiting.done]);
    expect(second.most()).toBe(100 * MB);
  });

  it('has it back from work that failed', async () => {
    const budget = new MemoryBudget();
    const failing = budget.use(600 * MB, () => Promise.reject(new Error('failed')));
    await expect(failing).rejects.toThrow('failed');
    await expect(budget.use(600 * MB, () => Promise.resolve('done'))).resolves.toBe('done');
  });
});
