// What a GPU gives beside the CPU of the same machine: `node dist/scripts/bench/gpu.js CARD IMAGES`.
// Images are the files of a folder, again and again up to --images. It prints JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openImages } from '../../src/imagenet/images.js';
import {
  choosePreprocessing,
  type EvaluationSet,
  loadModelCard,
  predict,
} from '../../src/index.js';
import { newValues, valuesPerImage } from '../../src/models/preprocess.js';
import type { Provider } from '../../src/models/provider.js';
import { openModelSession } from '../../src/models/session.js';
import { openGenerator } from '../../src/random.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '3000' },
    batches: { type: 'string', default: '1,16,64,128,256' },
    seconds: { type: 'string', default: '3' },
    provider: { type: 'string', default: 'webgpu' },
  },
});
const [cardPath, folder] = positionals as [string, string];
const card = await loadModelCard(cardPath);
const set = await repeated(folder, Number(flags.images));
const seconds = Number(flags.seconds);
const gpu = flags.provider as Provider;

const alone: Record<string, Record<string, number>> = {};
for (const provider of ['cpu', gpu] as const) {
  alone[provider] = {};
  for (const batch of flags.batches.split(',').map(Number)) {
    alone[provider][batch] = await imagesPerSecond(provider, batch);
  }
}
const [best] = Object.entries(alone[gpu]!).sort(([, a], [, b]) => b - a)[0]!;
const memory: number[] = [];
for (let time = 0; time < 10; time += 1) {
  const session = await openModelSession(card, { provider: gpu });
  await session.close();
  memory.push(Math.round(process.memoryUsage.rss() / 1e6));
}
const ends: Record<string, object> = {};
for (const [provider, batch] of [
  ['cpu', 16],
  [gpu, Number(best)],
  [gpu, 16],
] as const) {
  const wall = await evaluateSeconds(provider, batch);
  const rate = set.ids.length / wall;
  ends[`${provider} x ${batch}`] = {
    imagesPerSecond: Math.round(rate),
    waits: Number((1 - rate / alone[provider]![batch]!).toFixed(3)),
  };
}
const result = {
  machine: { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version },
  card: card.name,
  runAlone: alone,
  largestDifference: await largestDifference(),
  evaluate: ends,
  memoryAfterEachSessionMB: memory,
};
console.log(JSON.stringify(result, null, 2));

/** The same images again and again. */
async function repeated(path: string, count: number): Promise<EvaluationSet> {
  const store = await openImages(path);
  const known = [...store.places.values()];
  const places = Array.from({ length: count }, (_, i) => known[i % known.length]!);
  return {
    name: 'repeated',
    kind: 'labelled-images',
    ids: places.map((_, i) => String(i)),
    images: { path: store.path, places, fingerprint: store.fingerprint },
    originals: undefined,
    labels: places.map(() => []),
    rule: 'given',
    digest: store.fingerprint,
    leftOut: {},
  };
}

function randomBatch(images: number): Float32Array {
  const random = openGenerator('gpu');
  const values = newValues('float32', images * valuesPerImage(card.input)) as Float32Array;
  return values.map(() => random() * 2 - 1);
}

/** Of running the model alone, on a batch that is prepared. */
async function imagesPerSecond(provider: Provider, batch: number): Promise<number> {
  const { run, close } = await openModelSession(card, { provider });
  const values = randomBatch(batch);
  for (let time = 0; time < 3; time += 1) await run(values, batch);
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < seconds * 1000) {
    await run(values, batch);
    done += batch;
  }
  const rate = (done * 1000) / (performance.now() - start);
  await close();
  return Math.round(rate);
}

async function largestDifference(): Promise<number> {
  const outputs: Float32Array[] = [];
  for (const provider of ['cpu', gpu] as const) {
    const { run, close } = await openModelSession(card, { provider });
    outputs.push(await run(randomBatch(16), 16));
    await close();
  }
  const [a, b] = outputs as [Float32Array, Float32Array];
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

async function evaluateSeconds(provider: Provider, batch: number): Promise<number> {
  const work = mkdtempSync(join(tmpdir(), 'patchml-gpu-'));
  try {
    const preprocessing = choosePreprocessing(card, set);
    const start = performance.now();
    await predict({ card, set, preprocessing, work }, { provider, batch });
    return (performance.now() - start) / 1000;
  } finally {
    rmSync(work, { recursive: true });
  }
}
