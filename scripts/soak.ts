// A long run of small images: `node dist/scripts/soak.js [--images 1000000] [--out output/soak]`. It
// plans, composes, verifies, releases, exports and shows a dataset of 24 px images, and checks the
// release and the exports, each in a process of its own, and prints how fast each was in its first and
// second half, its memory after a tenth and the most after that, and the most files in a folder of
// what it made. A benchmark, no test: it passes no verdict.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { verifyExport } from '../src/exports/exports.js';
import {
  buildIndex,
  composeDataset,
  EXPORT_NAMES,
  exportDataset,
  type ExportName,
  extractPool,
  makePlan,
  parseRecipe,
  readDataset,
  releaseDataset,
  type StageOptions,
  startViewer,
  verifyDataset,
  verifyRelease,
} from '../src/index.js';
import { bytesText, countText, toTerminalTable } from '../src/text.js';
import { makeSample } from './make-sample.js';

const { values: flags } = parseArgs({
  options: {
    images: { type: 'string', default: '1000000' },
    out: { type: 'string', default: join('output', 'soak') },
    /** Only these parts, of those that were run before. */
    only: { type: 'string', multiple: true },
    part: { type: 'string' },
  },
});
const { out } = flags;
const images = Number(flags.images);
const sample = join(out, 'sample');
const work = join(out, 'work');
const dataset = join(out, 'dataset');

/** Small, and as many as are asked for of 300 patches. */
const recipe = parseRecipe({
  name: 'soak',
  patch: { storeSide: 16 },
  canvas: { size: 24 },
  sampling: { counts: { 2: Math.floor(images / 2), 3: Math.ceil(images / 2) } },
});

type Part = (options: StageOptions) => Promise<unknown>;
const parts: Record<string, Part> = {
  plan: async (options) => makePlan({ recipe, pool: await poolOf(), work }, options),
  compose: async (options) => {
    const pool = await poolOf();
    const { folder: plan } = await makePlan({ recipe, pool, work });
    return composeDataset({ recipe, pool, plan, out: dataset }, options);
  },
  verify: (options) => verifyDataset({ dataset }, options),
  release: (options) =>
    releaseDataset({ dataset, version: '1.0.0', to: join(out, 'releases') }, options),
  'verify release': (options) =>
    verifyRelease({ release: join(out, 'releases', `${recipe.name}-1.0.0`) }, options),
  ...Object.fromEntries(
    EXPORT_NAMES.flatMap((format: ExportName): [string, Part][] => {
      const folder = join(out, `export-${format}`);
      return [
        [`export ${format}`, (options) => exportDataset({ dataset, format, out: folder }, options)],
        [`verify ${format}`, (options) => checkExport(format, folder, options)],
      ];
    }),
  ),
  viewer: () => view(),
};

/** What each part leaves. */
const made: Record<string, string> = {
  compose: dataset,
  release: join(out, 'releases'),
  ...Object.fromEntries(
    EXPORT_NAMES.map((format) => [`export ${format}`, join(out, `export-${format}`)]),
  ),
};

const HEAD = [
  'part',
  'seconds',
  'a second, halves',
  '',
  'memory at 10%',
  'most after',
  'ratio',
  'most files in a folder',
];

if (flags.part === undefined) await runAll();
else await runPart(flags.part);

/** The pool of the sample; it is made once. */
async function poolOf(): Promise<Awaited<ReturnType<typeof extractPool>>['folder']> {
  const annotations = join(sample, 'val', 'annotations');
  const index = await buildIndex({
    recipe,
    annotations,
    images: join(sample, 'val', 'images'),
    work,
  });
  return (await extractPool({ recipe, index: index.folder, work })).folder;
}

/** Opens the dataset and reads what the gallery reads first. */
async function view(): Promise<void> {
  const viewer = await startViewer({ paths: [dataset] });
  try {
    const page = await fetch(viewer.address, { redirect: 'manual' });
    const cookie = page.headers.getSetCookie().map((each) => each.split(';')[0]);
    const ask = async (path: string): Promise<Response> =>
      fetch(new URL(path, viewer.address), { headers: { cookie: cookie.join('; ') } });
    const { sets } = (await (await ask('/api/overview')).json()) as { sets: { key: string }[] };
    const index = await ask(`/api/sets/${sets[0]!.key}/index`);
    if (!index.ok) throw new Error(`the viewer's index: ${index.status}`);
    await index.body!.pipeTo(new WritableStream());
  } finally {
    await viewer.close();
  }
}

async function checkExport(
  format: ExportName,
  folder: string,
  options: StageOptions,
): Promise<void> {
  for await (const { problem, file } of verifyExport(
    format,
    await readDataset(dataset),
    folder,
    options,
  )) {
    throw new Error(`export ${format}: ${problem} ${file}`);
  }
}

/** What a part prints about itself. */
interface Figures {
  seconds: number;
  /** A second, in the first and in the second half; 0 where it tells of no progress. */
  rates: [number, number];
  /** Resident memory when a tenth was done (of the time, where it tells of no progress), and the most after. */
  memory: [number, number];
}

async function runAll(): Promise<void> {
  await makeSample({ out: sample, seed: '42', trainPerClass: 0, valPerClass: 10 });
  await poolOf();
  const names = Object.keys(parts).filter((name) => flags.only?.includes(name) ?? true);
  const rows: (string | number)[][] = [];
  for (const name of names) {
    const figures = await inProcess(name);
    rows.push(rowOf(name, figures));
    console.log(rows.at(-1)!.join('  '));
    const folder = name.includes(' ') ? made[name.replace('verify', 'export')] : undefined;
    const isDone = !name.startsWith('export') || !names.includes(name.replace('export', 'verify'));
    if (folder !== undefined && isDone) rmSync(folder, { recursive: true, force: true });
  }
  console.log(toTerminalTable({ head: HEAD, rows }));
}

function rowOf(name: string, { seconds, rates, memory: [tenth, most] }: Figures): string[] {
  return [
    name,
    seconds.toFixed(1),
    ...rates.map((rate) => (rate > 0 ? countText(Math.round(rate)) : '-')),
    bytesText(tenth),
    bytesText(most),
    (most / tenth).toFixed(2),
    name in made && existsSync(made[name]!) ? countText(mostFiles(made[name]!)) : '-',
  ];
}

async function inProcess(part: string): Promise<Figures> {
  const script = fileURLToPath(import.meta.url);
  const args = [script, '--part', part, '--images', String(images), '--out', out];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return JSON.parse(text) as Figures;
}

async function runPart(name: string): Promise<void> {
  const start = performance.now();
  const seen: { at: number; done: number; memory: number }[] = [];
  let done = 0;
  let total = 0;
  const look = (): void => {
    seen.push({ at: performance.now() - start, done, memory: process.memoryUsage.rss() });
  };
  const timer = setInterval(look, 200);
  await parts[name]!({
    onProgress: (progress) => {
      ({ done } = progress);
      total = Math.max(total, progress.total);
    },
  });
  look();
  clearInterval(timer);
  const end = seen.at(-1)!;
  const whenDone = (share: number): (typeof seen)[number] =>
    total > 0
      ? (seen.find(({ done: count }) => count >= share * total) ?? end)
      : (seen.find(({ at }) => at >= share * end.at) ?? end);
  const [tenth, half] = [whenDone(0.1), whenDone(0.5)];
  const rate = (from: typeof end, to: typeof end): number =>
    total > 0 && to.at > from.at ? ((to.done - from.done) * 1000) / (to.at - from.at) : 0;
  const later = seen.filter(({ at }) => at >= tenth.at).map(({ memory }) => memory);
  const figures: Figures = {
    seconds: end.at / 1000,
    rates: [rate(tenth, half), rate(half, whenDone(1))],
    memory: [tenth.memory, later.reduce((most, memory) => Math.max(most, memory), 0)],
  };
  console.log(JSON.stringify(figures));
}

/** The most files in one folder of those below a folder. */
function mostFiles(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.reduce(
    (most, { name }) => Math.max(most, mostFiles(join(folder, name))),
    entries.length,
  );
}
