import { join } from 'node:path';
import { writeExport } from '../../src/exports/exports.js';
import {
  composeDataset,
  EXPORT_NAMES,
  type ExportName,
  parseRecipe,
  readDataset,
} from '../../src/index.js';
import { type Bench, composed } from './bench.js';
import { inNode, measure } from './measure.js';
import { compareMemory, compareRates, type Row } from './row.js';

/** Parquet's aim is higher: it is what is published. */
const aimOf = (name: ExportName): number => (name === 'parquet' ? 0.85 : 0.7);
const LIMIT = 'reading and hashing alone';

/** Every export, written and checked, against reading and hashing; memory at ten times the images. */
export async function benchRelease(bench: Bench): Promise<Row[]> {
  const { scratch, size } = bench;
  const dataset = await composed(bench, size.exported);
  const few = await composed(bench, size.exported / 10);
  const common = { scratch, repeats: size.modelRepeats };
  const rows: Row[] = [];
  for (const name of EXPORT_NAMES) {
    const folder = join(scratch, `export-${name}`);
    await writeExport(name, await readDataset(dataset), folder, {});
    const { hash, write, check, small } = await measure(
      {
        hash: inNode('hash', { dataset }),
        write: inNode('writeExport', { name, dataset }),
        check: inNode('verifyExport', { name, dataset, folder }),
        small: inNode('writeExport', { name, dataset: few }),
      },
      { ...common, keep: name === 'yolo' }, // the one that makes many files
    );
    rows.push(
      compareRates(`export ${name}, images`, write, LIMIT, hash, aimOf(name)),
      compareRates(`verify ${name}, images`, check, LIMIT, hash, aimOf(name)),
      compareMemory(`export ${name}, ${size.exported} images`, write, small, 1.1),
    );
  }
  return rows;
}

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
