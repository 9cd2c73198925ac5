import { join } from 'node:path';
import type { Bench } from './benchmark.js';
import { recipeOf, repeatInput } from './input.js';
import { inNode, measure } from './measure.js';
import type { Row } from './row.js';

/** How fast XML is read: parsed, paired with its image, sorted and written. */
export async function benchIndex({ source, input, scratch, size }: Bench): Promise<Row[]> {
  const many = await repeatInput(source, join(scratch, 'many'), size.xmlFiles);
  const { index } = await measure(
    { index: inNode('index', { ...many, recipe: input.recipe }) },
    { scratch, repeats: size.repeats },
  );
  return [{ what: 'index, XML files', run: index, aim: { of: 'rate', atLeast: 8_000 } }];
}

/** How fast images are drawn and laid out. */
export async function benchPlan({ input, scratch, size }: Bench): Promise<Row[]> {
  const { plan } = await measure(
    { plan: inNode('plan', { recipe: recipeOf(size.planRows), pool: input.pool }) },
    { scratch, repeats: size.repeats },
  );
  return [{ what: 'plan, rows', run: plan, aim: { of: 'rate', atLeast: 50_000 } }];
}
