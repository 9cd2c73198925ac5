import seedrandom from 'seedrandom';

/** A source of random numbers that depends on its name alone. */
export interface Stream {
  /** A number in [0, 1). */
  real(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
}

/**
 * The stream of a name made of the recipe's seed and the thing chosen for, such as
 * `42/plan/k=3/image=17`: one choice never shifts another. Alea opens four times faster than
 * seedrandom's default, and every image opens two streams.
 */
export function openStream(name: string): Stream {
  const next = seedrandom.alea(name);
  return {
    real: () => next(),
    int: (below) => Math.floor(next() * below),
  };
}

/** The first `count` of `0 .. length - 1` in random order (Fisher and Yates). */
export function drawWithoutReplacement(stream: Stream, length: number, count: number): number[] {
  const numbers = Array.from({ length }, (_, index) => index);
  for (let i = 0; i < count; i += 1) {
    const j = i + stream.int(length - i);
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
  return numbers.slice(0, count);
}
