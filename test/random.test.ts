import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countDraws, drawWithoutReplacement, openStream } from '../src/random.js';

/** Pearson's statistic of counts that should all be the same. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('openStream', () => {
  // Pins our own output: every dataset changes with it. The numbers are those of seedrandom's alea,
  // opened with the first 16 digits of the name's SHA-256.
  it('gives the numbers that it always gave for a name', () => {
    const stream = openStream('42/plan/k=3/image=17');
    const numbers = [stream.real(), stream.real(), stream.int(1000), stream.int(1000)];
    expect(numbers).toEqual([0.20490923756733537, 0.7073928909376264, 37, 153]);
  });

  it('gives numbers in [0, 1)', () => {
    const stream = openStream('any');
    const numbers = Array.from({ length: 5000 }, () => stream.real());
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  });

  it('gives the same numbers however other streams are used between', () => {
    const alone = openStream('a');
    const expected = [alone.real(), alone.int(10), alone.real()];
    const [mixed, other] = [openStream('a'), openStream('b')];
    const got = [mixed.real(), (other.real(), mixed.int(10)), (other.int(3), mixed.real())];
    expect(got).toEqual(expected);
  });

  it('gives other numbers for every other name', () => {
    const names = Array.from({ length: 500 }, (_, index) => `42/plan/k=2/image=${index}`);
    expect(new Set(names.map((name) => openStream(name).real())).size).toBe(500);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'gives to names that differ by a digit numbers that have nothing in common: number %d',
    (position) => {
      // Of three independent numbers, the second difference (round the circle) is within 0.01 of 0
      // in 2% of cases; where they go up in even steps, as weak generators' do, in nearly all.
      const numbers = Array.from({ length: 5002 }, (_, index) => {
        const stream = openStream(`42/plan/k=2/image=${index}`);
        for (let skipped = 0; skipped < position; skipped += 1) stream.real();
        return stream.real();
      });
      const near = (value: number): boolean => Math.abs(value - Math.round(value)) < 0.01;
      const trios = numbers
        .slice(2)
        .map((third, i) => [numbers[i]!, numbers[i + 1]!, third] as const);
      const steady = trios.filter(([a, b, c]) => near(c - 2 * b + a)).length;
      const close = trios.filter(([a, b]) => near(b - a)).length;
      // 5,000 · 0.02 = 100, and 5 standard deviations of sqrt(5,000 · 0.02 · 0.98) = 9.9
      for (const count of [steady, close]) expect(Math.abs(count - 100)).toBeLessThan(50);
    },
  );

  it('draws whole numbers below a limit, each as often', () => {
    const stream = openStream('even');
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 7000; i += 1) counts[stream.int(7)]! += 1;
    expect(chiSquare(counts)).toBeLessThan(27.9); // 99.99% of 6 degrees of freedom
  });
});

describe('countDraws', () => {
  it.each([0, 1, 7, 1000])('counts what two streams draw below %d', (length) => {
    const names = ['42/a', '42/b'] as const;
    const counts = [new Uint16Array(length).fill(9), new Uint16Array(length).fill(9)] as const;
    countDraws(names, counts);
    names.forEach((name, which) => {
      const stream = openStream(name);
      const expected = new Uint16Array(length);
      for (let at = 0; at < length; at += 1) expected[stream.int(length)]! += 1;
      expect(counts[which]).toEqual(expected);
    });
  });
});

describe('drawWithoutReplacement', () => {
  it('draws numbers of the range, none twice', () => {
    const size = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.string(), size, size, (name, a, b) => {
        const [count, length] = [Math.min(a, b), Math.max(a, b)];
        const drawn = drawWithoutReplacement(openStream(name), length, count);
        expect(drawn).toHaveLength(count);
        expect(new Set(drawn).size).toBe(count);
        for (const number of drawn) {
          expect(number).toBeGreaterThanOrEqual(0);
          expect(number).toBeLessThan(length);
        }
      }),
    );
  });

  it('draws the same first numbers whatever the count', () => {
    const five = drawWithoutReplacement(openStream('x'), 9, 5);
    expect(drawWithoutReplacement(openStream('x'), 9, 3)).toEqual(five.slice(0, 3));
  });

  it('draws each order of each choice as often', () => {
    const stream = openStream('orders');
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i += 1) {
      const drawn = drawWithoutReplacement(stream, 4, 2).join();
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect(counts.size).toBe(12); // 4 · 3
    expect(chiSquare([...counts.values()])).toBeLessThan(37.4); // 99.99% of 11
  });
});
