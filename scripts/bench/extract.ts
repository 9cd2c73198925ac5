import type { Bench } from './benchmark.js';
import { inNode, measure } from './measure.js';
import { compareRates, type Row } from './row.js';

/** Extraction against decoding alone, against itself in one thread, and against Pillow. */
export async function benchExtract({ input, peer, scratch, size }: Bench): Promise<Row[]> {
  const { recipe, index } = input;
  const { two, one, decode, pillow } = await measure(
    {
      two: inNode('extract', { recipe, index, jobs: 2 }),
      decode: inNode('decode', { index, jobs: 2 }),
      one: inNode('extract', { recipe, index, jobs: 1 }),
      pillow: peer?.extract,
    },
    { scratch, repeats: size.repeats },
  );
  const what = 'extract, 2 threads';
  return [
    compareRates(what, two, 'decoding alone, whole images', decode, 0.95),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, peer ? '2 processes of Pillow' : 'Pillow: not present', pillow, 1),
    { what: 'extract, 1 thread', run: one },
    { what: 'decoding alone, 2 threads', run: decode },
  ];
}
