import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCK_FILE, SUMMARY_FILE } from '../../dataset/dataset.js';
import { OutputError } from '../../errors.js';
import { digestOf } from '../../files/digest.js';
import { buildIndex, findIndex } from '../../generate/build-index.js';
import {
  type Composition,
  openComposition,
  openPlanComposer,
  type PlanComposer,
  requireComposable,
} from '../../generate/compose-dataset.js';
import { inspectPlace } from '../../generate/dataset-output.js';
import { openExtraction } from '../../generate/extract-pool.js';
import { findPlan, makePlan } from '../../generate/make-plan.js';
import { composePart, mergeDataset, partsOfDataset } from '../dataset-parts.js';
import { partFolder, partsFolder, type Shard } from '../parts.js';
import { extractShard, filesOfShard, mergePool } from '../pool-parts.js';
import type { Storage } from '../storage.js';
import { type Bench, doInPieces, give, pathOf, take } from './bench.js';
import type { FoundOf, JobOf } from './jobs.js';
import type { Piece } from './pieces.js';

type Job = JobOf<'generate'>;
type Found = FoundOf<'generate'>;

/**
 * Does a piece of `generate`. One that is done already ends at once.
 * @param found what the stage before it left
 */
export async function doGeneratePiece(
  { run: { job }, stage, shard }: Piece<'generate'>,
  found: Found | undefined,
  bench: Bench,
): Promise<Found> {
  if (stage === 'index') return index(job, bench);
  if (found === undefined) throw new Error(`${stage} has nothing to begin with`);
  if (stage === 'extract') return extract(job, found, shard, bench);
  if (stage === 'plan') return plan(job, found, bench);
  return compose(job, found, shard, bench);
}

async function index(job: Job, bench: Bench): Promise<Found> {
  const { recipe, strict } = job;
  const { storage, jobs, signal } = bench;
  const annotations = await storage.fetch(job.annotations, signal);
  const images = await storage.fetchImages(job.images, new Set(), signal);
  const input = { recipe, annotations, images, work: join(bench.scratch, job.work) };
  const place = pathOf(await findIndex(input), bench);
  await take(place, bench);
  await buildIndex(input, { strict, jobs, signal });
  await give(place, bench);
  return { index: place };
}

async function extract(
  job: Job,
  { index }: Found,
  shard: Shard | undefined,
  bench: Bench,
): Promise<Found> {
  const { recipe, strict } = job;
  const { storage, scratch, signal } = bench;
  await take(index, bench);
  const input = { recipe, index: join(scratch, index), work: join(scratch, job.work) };
  const { folder, indexed } = await openExtraction(input);
  const { images } = indexed.indexed;
  const [pool, parts] = [pathOf(folder, bench), pathOf(partsFolder(folder), bench)];
  const isThere = await take(pool, bench);
  if (shard) {
    const part = partFolder(parts, shard);
    if (isThere || (await storage.exists(part))) return { index };
    const needed = await filesOfShard(input.index, shard);
    const local = await storage.fetchImages(job.images, needed, signal);
    await extractShard({ ...input, images: local, shard }, { strict, jobs: 1, signal });
    await give(part, bench);
    return { index };
  }
  if (!isThere) {
    await doInPieces('extract', images, job, bench);
    await take(parts, bench);
  }
  const local = await storage.fetchImages(job.images, new Set(), signal);
  await mergePool({ ...input, images: local }, { signal });
  await give(pool, bench);
  await storage.remove(parts);
  return { index, pool };
}

async function plan(job: Job, found: Found, bench: Bench): Promise<Found> {
  const { recipe } = job;
  const pool = found.pool!;
  await take(pool, bench);
  const input = { recipe, pool: join(bench.scratch, pool), work: join(bench.scratch, job.work) };
  const place = pathOf(await findPlan(input), bench);
  await take(place, bench);
  const { jobs, signal } = bench;
  await makePlan(input, { jobs, signal });
  await give(place, bench);
  return { ...found, plan: place };
}

async function compose(
  job: Job,
  found: Found,
  shard: Shard | undefined,
  bench: Bench,
): Promise<Found> {
  const { recipe, out, overwrite } = job;
  const { storage, scratch, shelf, jobs, signal } = bench;
  const [pool, plan] = [found.pool!, found.plan!];
  const at = (place: string): string => join(scratch, place);
  const input = {
    ...{ recipe, out: at(out) },
    pool: await storage.fetch(pool, signal),
    plan: await storage.fetch(plan, signal),
  };
  const composition = await openComposition(input);
  const isTaken = await takeSummaries(out, bench);
  const isThere =
    isTaken &&
    (await inspectPlace(at(out), composition.origin, overwrite, storage.resolve(out))) ===
      'complete';
  if (isThere && shard) return found;
  const parts = pathOf(partsOfDataset(composition), bench);
  if (shard) {
    const part = partFolder(parts, shard);
    if (await storage.exists(part)) return found;
    await shelf.use(
      digestOf(['compose', composition.origin, input.pool, input.plan]),
      () => openForParts(composition, jobs),
      (composer) => composePart(composition, shard, { overwrite, jobs: 1, signal }, composer),
    );
    await give(part, bench);
    return found;
  }
  if (!isThere) {
    await doInPieces('compose', composition.plan.summary.images, job, bench);
    await take(parts, bench);
    await rm(at(out), { recursive: true, force: true });
    await mergeDataset(input, { overwrite, jobs: Math.max(jobs, JOINERS), signal });
    if (isTaken) await storage.remove(out);
  }
  await give(out, bench);
  await storage.remove(partsFolder(out));
  return found;
}

/** Threads that join parts, at least: they wait for the disk as long as for the processor. */
const JOINERS = 2;

/** @param jobs pieces that are done at a time, each in one thread */
async function openForParts(composition: Composition, jobs: number): Promise<PlanComposer> {
  const marks = requireComposable(composition);
  return Promise.resolve(openPlanComposer(composition, marks, { jobs, expected: 1 }));
}

/** Links what says which dataset is at a place: it may be a large one, and of another recipe. */
async function takeSummaries(out: string, bench: Bench): Promise<boolean> {
  if (!(await isDatasetAt(out, bench.storage))) return false;
  await mkdir(join(bench.scratch, out), { recursive: true });
  for (const name of SUMMARIES) await take(`${out}/${name}`, bench);
  return true;
}

/** The files that say which dataset one is. */
export const SUMMARIES = [LOCK_FILE, SUMMARY_FILE];

/**
 * Whether a dataset is at a place of the storage, of whatever recipe, or nothing.
 * @throws OutputError `output-not-empty` where something else is
 */
export async function isDatasetAt(out: string, storage: Storage): Promise<boolean> {
  if (!(await storage.exists(out))) return false;
  for (const name of SUMMARIES) {
    if (await storage.exists(`${out}/${name}`)) continue;
    throw new OutputError('this is not a dataset', {
      code: 'output-not-empty',
      path: storage.resolve(out),
      fix: 'choose another output folder, or move or remove this one',
    });
  }
  return true;
}
