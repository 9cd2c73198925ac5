import { join } from 'node:path';
import { composeDataset, parseRecipe } from '../../src/index.js';
import type { Bench } from './benchmark.js';
import { inNode, measure } from './measure.js';
import { compareRates, type Row } from './row.js';

/** Verifying a dataset against reading and hashing its files. */
export async function benchVerify({ input, scratch, size }: Bench): Promise<Row[]> {
  const { pool, plan } = input;
  const dataset = join(scratch, 'verified');
  await composeDataset({ recipe: parseRecipe(input.recipe), pool, plan, out: dataset });
  const { verify, hash } = await measure(
    { verify: inNode('verify', { dataset }), hash: inNode('hash', { dataset }) },
    { scratch, repeats: size.repeats },
  );
  return [compareRates('verify, files', verify, 'reading and hashing alone', hash, 0.7)];
}
