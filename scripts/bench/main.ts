import { existsSync, rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { makeSample } from '../make-sample.js';
import { type Bench, type BenchSize, SIZES } from './bench.js';
import { benchEvaluate, benchScore } from './evaluate.js';
import { prepareInput, recipeOf, repeatInput, type Source } from './input.js';
import { benchCompose, benchExtract, benchIndex, benchMemory, benchPlan } from './make.js';
import { rateOf } from './measure.js';
import { openPeer } from './peer.js';
import { benchRelease, benchVerify } from './publish.js';
import { judge, type Row, toTable } from './row.js';

// Measures every stage against its own limit in the same run, and prints a table. Numbers are told,
// never judged: the exit code is 0 whatever they are.

/** The parts, in the order they are measured in. */
const PARTS = {
  index: benchIndex,
  extract: benchExtract,
  plan: benchPlan,
  compose: benchCompose,
  verify: benchVerify,
  memory: benchMemory,
  evaluate: benchEvaluate,
  score: benchScore,
  release: benchRelease,
};
type PartName = keyof typeof PARTS;

const REAL = join('..', 'shared', 'imagenet-val');
const flags = await yargs(hideBin(process.argv))
  .usage('npm run bench -- [options]\n\nMeasures every stage against its own limit.')
  .options({
    size: { choices: ['small', 'full'] as const, default: 'full', describe: 'How much work' },
    only: {
      array: true,
      choices: Object.keys(PARTS) as PartName[],
      default: Object.keys(PARTS) as PartName[],
      defaultDescription: 'all',
      describe: 'Parts to measure',
    },
    annotations: {
      type: 'string',
      implies: 'images',
      describe: 'Flat folder of XML  [default: real ones where they are, else the sample]',
    },
    images: { type: 'string', implies: 'annotations', describe: 'Flat folder of their images' },
    json: { type: 'string', describe: 'Write the rows to this file' },
  })
  .strict()
  .parseAsync();

const size = SIZES[flags.size as keyof typeof SIZES];
const scratch = join('output', 'bench');
await rm(scratch, { recursive: true, force: true });
await mkdir(scratch, { recursive: true });
process.on('exit', () => {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`;
const load = loadavg()[0]!;
const source = await findSource();
console.log(`${machine}; ${source.images}, size ${flags.size}`);
if (load > cpus().length / 4) {
  console.log(`Others use this machine (load ${load.toFixed(1)}): rates are low, ratios rough.`);
}
const rows = await benchmark(source, scratch, size, flags.only, (part) => {
  console.error(`${part} ...`);
});
console.log(toTable(rows));
if (flags.json !== undefined) {
  const report = { machine, load, size: flags.size, rows: rows.map(toReport) };
  await writeFile(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}

async function findSource(): Promise<Source> {
  const { annotations, images } = flags;
  if (annotations !== undefined && images !== undefined) return { annotations, images };
  if (existsSync(REAL)) {
    return { annotations: join(REAL, 'Annotations/CLS-LOC/val'), images: join(REAL, 'images') };
  }
  const out = join(scratch, 'sample');
  await makeSample({ out, seed: '42', trainPerClass: 0, valPerClass: size.samplePerClass });
  return { annotations: join(out, 'val/annotations'), images: join(out, 'val/images') };
}

function toReport(row: Row): object {
  return { ...row, rate: rateOf(row.run), reached: judge(row) || undefined };
}

/**
 * Measures stages.
 * @param scratch a folder for what it makes, removed by the caller
 * @param onPart called with the name of each part before it starts
 */
async function benchmark(
  source: Source,
  scratch: string,
  size: BenchSize,
  parts: readonly PartName[],
  onPart: (name: string) => void,
): Promise<Row[]> {
  onPart('preparing');
  const repeated = await repeatInput(source, join(scratch, 'input'), size.images);
  const input = await prepareInput(repeated, recipeOf(size.images), join(scratch, 'work'));
  const peer = await openPeer(input, scratch);
  const bench: Bench = { source, input, peer, scratch, size };
  const rows: Row[] = [];
  for (const name of parts) {
    onPart(name);
    rows.push(...(await PARTS[name](bench)));
  }
  return rows;
}
