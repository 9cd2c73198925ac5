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
import { describeMachine, writePages } from './page.js';
import { openPeers, type Peers } from './peer.js';
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

const REQUIREMENTS = 'scripts/bench/requirements.txt';
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
    write: {
      type: 'boolean',
      default: false,
      describe: 'Write the tables of docs/performance.md, and the lines on speed in the README',
    },
  })
  .check(({ write, size, only }) => {
    if (!write || (size === 'full' && only.length === Object.keys(PARTS).length)) return true;
    throw new Error('--write needs every part at full size');
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
const load = loadavg()[0]!;
const source = await findSource();
if (load > cpus().length / 4) {
  console.log(`Others use this machine (load ${load.toFixed(1)}): rates are low, ratios rough.`);
}
const { rows, peers } = await benchmark(source, scratch, size, flags.only, (part) => {
  console.error(`${part} ...`);
});
const machine = describeMachine(peers.versions);
console.log(`${machine}; ${source.images}, size ${flags.size}`);
console.log(toTable(rows));
if (flags.json !== undefined) {
  const report = { machine, load, size: flags.size, rows: rows.map(toReport) };
  await writeFile(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}
if (flags.write) await writePages(rows, machine);

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
): Promise<{ rows: Row[]; peers: Peers }> {
  onPart('preparing');
  const repeated = await repeatInput(source, join(scratch, 'input'), size.images);
  const input = await prepareInput(repeated, recipeOf(size.images), join(scratch, 'work'));
  const peers = await openPeers(input, scratch);
  if (peers.leftOut.length > 0) {
    console.error(`Without a peer: ${peers.leftOut.join('; ')}. They are in ${REQUIREMENTS}.`);
  }
  if (flags.write && peers.leftOut.length > 0) throw new Error('--write needs every peer');
  const bench: Bench = { source, input, peers, scratch, size };
  const rows: Row[] = [];
  for (const name of parts) {
    onPart(name);
    rows.push(...(await PARTS[name](bench)));
  }
  return { rows, peers };
}
