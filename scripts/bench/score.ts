import { join } from 'node:path';
import type { Bench } from './benchmark.js';
import { inNode, measure } from './measure.js';
import { compareMemory, compareRates, type Row } from './row.js';
import { writeLogits } from './score-job.js';

/** 50,000 images in 10 s. */
const RATE = 5_000;

/** How fast predictions made elsewhere are scored, and that a second file takes what the first took. */
export async function benchScore({ scratch, size }: Bench): Promise<Row[]> {
  const images = size.scored;
  const logits = join(scratch, 'logits.npy');
  await writeLogits(scratch, images);
  const { one, two } = await measure(
    {
      one: inNode('score', { logits, images, sets: 1 }),
      two: inNode('score', { logits, images, sets: 2 }),
    },
    { scratch, repeats: size.memoryRepeats },
  );
  return [
    { what: `score, ${images} x 1,000`, run: one, aim: { of: 'rate', atLeast: RATE } },
    { what: `score, ${images} x 1,000`, run: one, aim: { of: 'memory', atMost: 600 } },
    compareRates('score, two files', two, 'one file', one, 0.9),
    compareMemory('score, two files', two, one, 1.1),
  ];
}
