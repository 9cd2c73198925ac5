import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EvaluationError, OutputError, QueueError, TransferError } from '../../errors.js';
import { digestOf } from '../../files/digest.js';
import { findIndex } from '../../generate/build-index.js';
import { generate } from '../../generate/generate.js';
import { choosePreprocessing } from '../../models/card.js';
import { openPrediction, type Prediction } from '../../models/prediction.js';
import { openAnnotations } from '../../imagenet/annotations.js';
import { fingerprintOf } from '../../imagenet/images.js';
import { recipeDigest } from '../../recipe/load.js';
import type { Recipe } from '../../recipe/schema.js';
import { asFailure } from '../../study/failure.js';
import { pathIn, type Study } from '../../study/load.js';
import { openSet } from '../../study/open-sets.js';
import {
  finishStudy,
  type OpenedCell,
  type OpenedStudy,
  openStudy,
} from '../../study/run-study.js';
import { scoreCell, scoresPlace } from '../../study/score-cells.js';
import { requireStudyPlace } from '../../study/study-folder.js';
import type { Shard } from '../parts.js';
import { joinPredictions } from '../prediction-parts.js';
import { isRemote, type Storage } from '../storage.js';
import { partsOfPath } from '../storage-path.js';
import { type Bench, give, pathOf, take } from './bench.js';
import { type FoundOf, type JobOf, parseFound } from './jobs.js';
import type { Piece } from './pieces.js';
import { givePredictions, pieceCount, predictPiece, takePredictions } from './prediction-pieces.js';
import { linkInputs, placesOf, ROOT } from './study-paths.js';

type Job = JobOf<'study'>;
type Found = FoundOf<'study'>;

const NOTHING: Found = {
  ...{ datasets: {}, failed: [], failures: [] },
  ...{ scored: 0, reused: 0, isUnchanged: false },
};

/**
 * Does a piece of `study`. `compose` has a part for the datasets of each pair of inputs, `predict` one
 * for each model, set and run of images, `score` one for each model on a set; `study` compares them
 * and writes the results.
 * @param found what the stage before it left
 */
export async function doStudyPiece(
  { run: { id, job }, stage, shard }: Piece<'study'>,
  found: Found = NOTHING,
  bench: Bench,
): Promise<Found> {
  if (stage === 'compose') {
    return shard ? composeGroup(job, shard, bench) : composeAll(job, found, bench);
  }
  const open = () => openInputs(job, found, bench);
  return bench.shelf.use(`${id} ${digestOf(found.datasets)}`, open, (inputs) => {
    const task = { ...inputs, job, found };
    if (stage === 'predict') return shard ? predictPart(task, shard, bench) : predict(task, bench);
    if (stage === 'score') return shard ? scorePart(task, shard, bench) : score(task, bench);
    return finish(task, bench);
  });
}

/** What a study reads, on this machine. */
interface Inputs {
  study: Study;
  opened: OpenedStudy;
  /** The folder that stands for the root: in S3 one with links to local copies. */
  root: string;
}

/** Opens what the study reads; what is in S3 is fetched before. */
async function openInputs(
  job: Job,
  found: Found,
  bench: Bench,
): Promise<Inputs & { close: () => Promise<void> }> {
  const { storage, scratch, signal } = bench;
  if (!isRemote(storage)) {
    const study = studyAt(storage.root, job, storage);
    await placesOf(study, storage.root);
    const opened = await openAll(study, found, bench);
    return { study, opened, root: storage.root, close: () => Promise.resolve() };
  }
  const ofWorker = await realpath(dirname(scratch)); // the piece's own is removed with it
  const root = await mkdtemp(join(ofWorker, 'study-'));
  const close = (): Promise<void> => rm(root, { recursive: true, force: true });
  try {
    const study = studyAt(root, job, storage);
    const given = Object.entries(study.sets).filter(([, { recipe }]) => recipe === undefined);
    const sets = Object.fromEntries(given); // the datasets of the others are there
    await linkInputs({ ...study, sets }, root, storage, signal);
    return { study, opened: await openAll(study, found, bench), root, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The study, with its paths in a folder that is laid out as the storage. */
function studyAt(root: string, { study, file }: Job, storage: Storage): Study {
  const at = (place: string): string =>
    isRemote(storage) ? join(root, ...partsOfPath(place)) : storage.resolve(place);
  const inputs = Object.entries(study.inputs).map(([name, place]) => [
    name,
    place === ROOT ? root : at(place),
  ]);
  return { ...study, path: at(file), inputs: Object.fromEntries(inputs) as Study['inputs'] };
}

/** Sets whose datasets are generated of the same annotations and images: they share a pool. */
function groupsOf({ study: { sets } }: Job): string[][] {
  const groups = new Map<string, string[]>();
  for (const [name, { recipe, annotations, images }] of Object.entries(sets)) {
    if (recipe === undefined) continue;
    const key = digestOf([annotations!, images!]);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

/** Has the datasets of recipes generated. */
async function composeAll(job: Job, before: Found, bench: Bench): Promise<Found> {
  const groups = groupsOf(job);
  if (groups.length === 0) return before;
  const counts = groups.flat().flatMap((set) => Object.values(job.recipes[set]!.sampling.counts));
  const images = counts.reduce((sum, count) => sum + count, 0);
  const { failures, found } = await bench.parts({ images, of: groups.length });
  const parts = [...(await found()).values()].flatMap((part) => parseFound('study', part) ?? []);
  return {
    ...before,
    datasets: Object.assign({}, ...parts.map(({ datasets }) => datasets)) as Found['datasets'],
    failures: [
      ...parts.flatMap((part) => part.failures),
      ...failures.flatMap(({ part, code, message }) =>
        groups[part - 1]!.map((set) => ({ set, code, message })),
      ),
    ],
  };
}

async function composeGroup(job: Job, { part }: Shard, bench: Bench): Promise<Found> {
  const { storage, scratch, jobs, signal } = bench;
  const isFar = isRemote(storage);
  const study = studyAt(isFar ? scratch : storage.root, job, storage);
  if (!isFar) await placesOf(study, storage.root);
  const work = join(scratch, job.work);
  const datasets: Found['datasets'] = {};
  const failures: Found['failures'] = [];
  for (const set of groupsOf(job)[part - 1]!) {
    const recipe = job.recipes[set]!;
    const places = [study.sets[set]!.annotations!, study.sets[set]!.images!].map(
      (text) => pathIn(study, text).path,
    );
    try {
      const [annotations, images] = (
        isFar
          ? await Promise.all(places.map((path) => storage.fetch(pathOf(path, bench), signal)))
          : places
      ) as [string, string];
      const input = { recipe, annotations, images, work };
      const key = isFar
        ? await keyOfCopies(input)
        : digestOf([recipeDigest(recipe), pathOf(await findIndex(input), bench)]);
      const place = join(job.work, 'datasets', `${recipe.name}-${key.slice(0, 16)}`);
      if (!(await storage.exists(place))) {
        const made = await generate({ ...input, out: join(scratch, place) }, { jobs, signal });
        // Where the copies lie is in the key of an index: no other machine would find it.
        const before = isFar ? [] : [made.index, made.pool, made.plan];
        for (const folder of [...before, made.dataset]) await give(pathOf(folder, bench), bench);
      }
      datasets[set] = place;
    } catch (error) {
      if (error instanceof OutputError || error instanceof TransferError) throw error; // may pass
      const { code, message } = asFailure(error);
      failures.push({ set, code, message });
    }
  }
  return { ...NOTHING, datasets, failures };
}

/** What a dataset of local copies depends on, wherever each machine has them. */
async function keyOfCopies({
  recipe,
  annotations,
  images,
}: {
  recipe: Recipe;
  annotations: string;
  images: string;
}): Promise<string> {
  const { fingerprint } = await openAnnotations(annotations);
  return digestOf([recipeDigest(recipe), fingerprint, await fingerprintOf(images)]);
}

function openAll(
  study: Study,
  { datasets, failures }: Found,
  { storage, signal }: Bench,
): Promise<OpenedStudy> {
  return openStudy({ study, work: storage.root }, { signal }, async (name) => {
    const failure = failures.find(({ set }) => set === name);
    if (failure) throw new EvaluationError(failure.message, { code: failure.code });
    const place = datasets[name];
    return openSet(study, name, place && (await storage.fetch(place, signal)));
  });
}

/** What pieces that score have. */
interface Task extends Inputs {
  job: Job;
  found: Found;
}

/** A model that is run, and in how many pieces. */
interface RunCell {
  /** Its place among the cells. */
  index: number;
  cell: OpenedCell;
  pieces: number;
}

function runCellsOf({ job, opened: { cells } }: Task): RunCell[] {
  return cells.flatMap((cell, index) =>
    cell.cell.from.kind === 'card'
      ? [{ index, cell, pieces: pieceCount(cell.set.ids.length, job) }]
      : [],
  );
}

/** The model of a part of `predict`, and the part of its images. */
function runOfPart(cells: readonly RunCell[], part: number): { cell: RunCell; shard: Shard } {
  let before = 0;
  for (const cell of cells) {
    if (part <= before + cell.pieces) {
      return { cell, shard: { part: part - before, of: cell.pieces } };
    }
    before += cell.pieces;
  }
  throw new QueueError('the study has fewer models and images than when the run began', {
    code: 'queue-piece-failed',
    fix: 'let its inputs stay as they are during a run',
  });
}

/** Has the models run. */
async function predict(task: Task, { parts }: Bench): Promise<Found> {
  const cells = runCellsOf(task);
  if (cells.length === 0) return task.found;
  const { failures } = await parts({
    images: cells.reduce((sum, { cell }) => sum + cell.set.ids.length, 0),
    of: cells.reduce((sum, { pieces }) => sum + pieces, 0),
  });
  const failed = failures.map(({ part }) => runOfPart(cells, part).cell.index);
  return { ...task.found, failed: [...new Set(failed)] };
}

async function predictPart(task: Task, { part }: Shard, bench: Bench): Promise<Found> {
  const { cell, shard } = runOfPart(runCellsOf(task), part);
  const { from } = cell.cell.cell;
  const batch = from.kind === 'card' ? from.batch : undefined;
  const prediction = await predictionOf(task, cell.cell, bench);
  const options = { provider: task.job.provider, batch };
  await predictPiece(prediction, undefined, shard, options, bench); // all images are there
  return NOTHING;
}

/** What a model on a set predicts, whose folder is in the scratch folder. */
async function predictionOf(
  { job }: Task,
  { cell: { from }, set }: OpenedCell,
  { scratch }: Bench,
): Promise<Prediction> {
  if (from.kind !== 'card') throw new TypeError('only a card is run');
  const { card, preprocess, batch } = from;
  const preprocessing = choosePreprocessing(card, set, preprocess);
  const input = { card, set, preprocessing, work: join(scratch, job.work) };
  return openPrediction(input, { provider: job.provider, batch });
}

/** Has the models scored that were run, and those whose predictions are given. */
async function score(task: Task, { parts }: Bench): Promise<Found> {
  const { opened, found: before } = task;
  if (opened.cells.length === 0) return before;
  const images = opened.cells.reduce((sum, { set }) => sum + set.ids.length, 0);
  const { failures, found } = await parts({ images, of: opened.cells.length });
  const done = [...(await found()).values()].flatMap((part) => parseFound('study', part) ?? []);
  const failed = failures.map(({ part }) => part - 1);
  return {
    ...before,
    failed: [...new Set([...before.failed, ...failed])],
    scored: done.reduce((sum, { scored }) => sum + scored, 0),
  };
}

async function scorePart(task: Task, { part }: Shard, bench: Bench): Promise<Found> {
  const { job, study, opened, found } = task;
  if (found.failed.includes(part - 1)) return NOTHING;
  const cell = opened.cells[part - 1]!;
  const context = contextOf(job, study, bench);
  const place = pathOf(await scoresPlace(cell.cell, cell.set, context), bench);
  if (await bench.storage.exists(place)) return NOTHING;
  const options = { jobs: 1, signal: bench.signal };
  if (cell.cell.from.kind === 'card') {
    const prediction = await predictionOf(task, cell, bench);
    await takePredictions(prediction, bench);
    await joinPredictions(prediction, options);
    await givePredictions(prediction, bench);
  }
  await scoreCell(cell.cell, cell.set, context, options);
  await give(place, bench);
  return { ...NOTHING, scored: 1 };
}

function contextOf({ work, provider }: Job, { scores }: Study, { scratch }: Bench) {
  return { work: join(scratch, work), scores, provider };
}

/** Writes the results. What could not be scored is tried once more. */
async function finish({ job, study, opened, found, root }: Task, bench: Bench): Promise<Found> {
  const { out, overwrite, provider } = job;
  const { storage, scratch, jobs, signal } = bench;
  const isThere = await storage.exists(out);
  const earlier = isThere ? await storage.fetch(out, signal) : join(scratch, out);
  await requireStudyPlace(earlier, study.name, overwrite);
  const context = contextOf(job, study, bench);
  for (const [index, { cell, set }] of opened.cells.entries()) {
    if (found.failed.includes(index)) continue;
    await take(pathOf(await scoresPlace(cell, set, context), bench), bench);
  }
  const { failures, scored, reused, isUnchanged } = await finishStudy(
    { ...opened, failures: [...opened.failures] }, // which is used again if this is tried again
    { study, out: join(scratch, out), work: context.work },
    { provider, jobs, signal },
    earlier,
  );
  if (!isUnchanged) {
    if (isThere) await storage.remove(out);
    await give(out, bench);
  }
  return {
    ...found,
    failures: failures.map(({ set, model, error: { code, message } }) => ({
      ...{ set, model, code, message: message.replaceAll(root, storage.root) },
    })),
    scored: found.scored + scored,
    reused: Math.max(0, reused - found.scored),
    isUnchanged,
  };
}
