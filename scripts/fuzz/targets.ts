import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { decodeImage } from '../../src/image/decode.js';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import { openImages } from '../../src/imagenet/images.js';
import {
  composeDataset,
  extractPool,
  inspect,
  loadModelCard,
  loadRecipe,
  openAnnotations,
  openEvaluationSet,
  openPredictions,
  verifyDataset,
  verifyRelease,
} from '../../src/index.js';
import { readModelConfig } from '../../src/models/published-config.js';
import { openModelSession } from '../../src/models/session.js';
import type { Stream } from '../../src/random.js';
import { parseChecksums } from '../../src/release/checksums.js';
import type { Corpus, FileKind } from './corpus.js';
import { mutate } from './mutate.js';

/** One kind of input: `open` gets ready in a folder of its own, what it returns tries one input. */
export interface Target {
  name: string;
  open(corpus: Corpus, folder: string): Promise<Attempt>;
}

/**
 * Makes an input and gives it to the library.
 * @param note is told the file that holds the input, before it is tried
 * @returns `read`, `found`: damage was told; `missed`: it was not
 * @throws what the library threw
 */
export type Attempt = (stream: Stream, note: (file: string) => void) => Promise<Outcome>;

type Outcome = 'read' | 'found' | 'missed';

export const TARGETS: readonly Target[] = [
  ofFile('xml', readAnnotations),
  ofFile('annotation-csv', readAnnotations),
  ofFile('annotation-tar', readAnnotations),
  ofFile('annotation-tgz', readAnnotations),
  ofFile('image', async (file) => {
    await decodeImage(await readFile(file));
  }),
  ofFile('image-tar', readImages),
  ofFile('recipe', (file) => loadRecipe(file)),
  ofFile('card', (file) => loadModelCard(file)),
  ofFile('labels-csv', (labels, { images }) => openEvaluationSet({ images, labels })),
  ofFile('labels-json', (labels, { images }) => openEvaluationSet({ images, labels })),
  ofFile('npy', readPredictions),
  ofFile('npz', readPredictions),
  ofFile('csv', readPredictions),
  ofFile('parquet', readPredictions),
  ofFile('onnx', async (model) => {
    const card = await loadModelCard('configs/models/sample.yaml');
    const session = await openModelSession({ ...card, model }, { provider: 'cpu', threads: 1 });
    await session.close();
  }),
  ofFile('config', (config) => readModelConfig('model.onnx', { config })),
  ofFolder(
    'dataset',
    ({ made }) => made.dataset,
    async (dataset) => {
      const { findings } = await verifyDataset({ dataset });
      if (findings.length > 0) return 'found';
      await inspect(dataset); // what is whole can be used
      await openEvaluationSet({ dataset });
      return 'missed';
    },
  ),
  ofFolder(
    'release',
    ({ release }) => release,
    async (release) =>
      (await verifyRelease({ release })).findings.length > 0 ? 'found' : 'missed',
  ),
  ofStage(
    'index',
    ({ made }) => made.index,
    async ({ recipe, made }, index, work) => {
      const { summary } = await extractPool({ recipe, index, work });
      return [summary.digest, made.lock.pool];
    },
  ),
  ofStage(
    'pool',
    ({ made }) => made.pool,
    async ({ recipe, made }, pool, out) => {
      const { lock } = await composeDataset({ recipe, pool, plan: made.plan, out });
      return [lock.dataset, made.lock.dataset];
    },
  ),
  ofStage(
    'plan',
    ({ made }) => made.plan,
    async ({ recipe, made }, plan, out) => {
      const { lock } = await composeDataset({ recipe, pool: made.pool, plan, out });
      return [lock.dataset, made.lock.dataset];
    },
  ),
];

/** A file that is not understood throws; nothing says whether one that is read is right. */
function ofFile(name: FileKind, use: (file: string, corpus: Corpus) => Promise<unknown>): Target {
  return {
    name,
    async open(corpus, folder) {
      const seeds = corpus.files[name];
      const good = await Promise.all(seeds.map((path) => readFile(path)));
      const isXml = name === 'xml';
      for (const path of isXml ? [corpus.annotations] : seeds)
        await use(path, corpus).catch(explain(path));
      return async (stream, note) => {
        const chosen = stream.int(good.length);
        const bytes = mutate(good[chosen]!, stream, good[stream.int(good.length)]!);
        const file = join(folder, `input${extname(seeds[chosen]!)}`);
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder);
        await writeFile(file, bytes);
        note(file);
        await use(isXml ? folder : file, corpus);
        return 'read';
      };
    },
  };
}

/** A copy of a folder of which one file is changed, cut off, removed or added. */
function ofFolder(
  name: string,
  original: (corpus: Corpus) => string,
  check: (folder: string, corpus: Corpus, scratch: string) => Promise<Outcome>,
): Target {
  return {
    name,
    async open(corpus, folder) {
      const copy = join(folder, 'copy');
      await cp(original(corpus), copy, { recursive: true });
      const entries = await readdir(copy, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
      const untouched = await check(copy, corpus, join(folder, 'scratch'));
      if (untouched === 'found') throw new Error(`the good ${name} is refused`);
      return async (stream, note) => {
        const file = files[stream.int(files.length)]!;
        const good = await readFile(file);
        const other = await readFile(files[stream.int(files.length)]!);
        const isRemoved = stream.int(20) === 0;
        const bytes = isRemoved ? undefined : mutate(good, stream, other);
        const scratch = join(folder, 'scratch');
        await rm(scratch, { recursive: true, force: true });
        if (bytes === undefined) await rm(file);
        else await writeFile(file, bytes);
        note(file);
        try {
          const outcome = await check(copy, corpus, scratch);
          const isHarmless = bytes !== undefined && saysTheSame(file, good, bytes);
          return outcome === 'missed' && isHarmless ? 'read' : outcome;
        } finally {
          await writeFile(file, good);
        }
      };
    },
  };
}

/** A stage's folder: what the next stage makes of it must be what it made of the good one. */
function ofStage(
  name: string,
  original: (corpus: Corpus) => string,
  next: (corpus: Corpus, folder: string, scratch: string) => Promise<[made: string, good: string]>,
): Target {
  return ofFolder(name, original, async (folder, corpus, scratch) => {
    const [made, good] = await next(corpus, folder, scratch);
    return made === good ? 'read' : 'missed';
  });
}

/** Whether a changed file still says what it said: other spaces in JSON, say. */
function saysTheSame(file: string, good: Buffer, bytes: Buffer): boolean {
  if (bytes.equals(good)) return true;
  if (file.endsWith('SHA256SUMS')) {
    return isDeepStrictEqual(parseChecksums(bytes.toString()), parseChecksums(good.toString()));
  }
  try {
    return isDeepStrictEqual(JSON.parse(bytes.toString()), JSON.parse(good.toString()));
  } catch {
    return false;
  }
}

/** Good inputs of the tests that are meant to be refused have names that say so. */
function explain(path: string): (error: unknown) => void {
  return (error) => {
    if (!basename(path).startsWith('bad-')) throw error;
  };
}

async function readAnnotations(path: string): Promise<void> {
  await readAll((await openAnnotations(path)).read());
}

async function readImages(path: string): Promise<void> {
  const { places } = await openImages(path);
  const reader = new ImageReader(path);
  try {
    for (const place of places.values()) await decodeImage(reader.read(place));
  } finally {
    reader.close();
  }
}

async function readPredictions(path: string): Promise<void> {
  await readAll((await openPredictions(path)).batches());
}

async function readAll(items: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  while (!(await iterator.next()).done);
}
