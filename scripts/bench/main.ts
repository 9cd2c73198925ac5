import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { makeSample } from '../make-sample.js';
import { benchmark, type Row, SIZES } from './benchmark.js';

// Measures every stage against its own limit in the same run, and prints a table. Numbers are told,
// never judged: the exit code is 0 whatever they are.

const REAL = join('..', 'shared', 'imagenet-val');
const flags = await yargs(hideBin(process.argv))
  .usage('npm run bench -- [options]\n\nMeasures every stage against its own limit.')
  .options({
    size: { choices: ['small', 'full'] as const, default: 'full', describe: 'How much work' },
    annotations: { type: 'string', describe: 'Folder of XML  [default: real ones, or the sample]' },
    images: { type: 'string', describe: 'Flat folder of their images' },
    json: { type: 'string', describe: 'Write the rows to this file' },
  })
  .strict()
  .parseAsync();

const scratch = join('output', 'bench');
await rm(scratch, { recursive: true, force: true });
await mkdir(scratch, { recursive: true });
try {
  const source = await findSource();
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`;
  console.log(`${machine}; ${source.images}, size ${flags.size}`);
  const rows = await benchmark(source, scratch, SIZES[flags.size as keyof typeof SIZES]);
  print(rows);
  if (flags.json) await writeFile(flags.json, JSON.stringify({ machine, rows }, null, 2));
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function findSource(): Promise<{ annotations: string; images: string }> {
  if (flags.annotations !== undefined && flags.images !== undefined) {
    return { annotations: flags.annotations, images: flags.images };
  }
  if (existsSync(REAL)) {
    return { annotations: join(REAL, 'Annotations/CLS-LOC/val'), images: join(REAL, 'images') };
  }
  const out = join(scratch, 'sample');
  await makeSample({ out, seed: '42', trainPerClass: 0, valPerClass: 8 });
  return { annotations: join(out, 'val/annotations'), images: join(out, 'val/images') };
}

function print(rows: readonly Row[]): void {
  const head = ['', 'a second', 'CPU-ms each', 'peak MB', 'against', 'ratio', 'aim'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { what, run, rate, against, ratio, aim } of rows) {
    table.push([
      what,
      rate === undefined ? '' : Math.round(rate),
      run ? (run.cpuMs / run.count).toFixed(2) : '',
      run ? Math.round(run.rssMb) : '',
      against ?? '',
      ratio === undefined ? '' : ratio.toFixed(2),
      aim ?? '',
    ]);
  }
  console.log(table.toString());
}
