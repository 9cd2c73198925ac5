import { join } from 'node:path';
import { EvaluationError, OutputError, QueueError, TransferError } from '../../errors.js';
import { digestOf } from '../../files/digest.js';
import { findIndex } from '../../generate/build-index.js';
import { generate } from '../../generate/generate.js';
import { choosePreprocessing } from '../../models/card.js';
import { openPrediction, type Prediction } from '../../models/prediction.js';
import { recipeDigest } from '../../recipe/load.js';
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
import { type Bench, give, pathOf, take } from './bench.js';
import { type FoundOf, type JobOf, parseFound } from './jobs.js';
import type { Piece } from './pieces.js';
import { givePredictions, pieceCount, predictPiece, takePredictions } from './prediction-pieces.js';
import { requireWithinRoot, ROOT } from './study-paths.js';

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
  const study = await studyOf(job, bench.storage);
  if (stage === 'compose') {
    return shard ? composeGroup(job, study, shard, bench) : composeAll(job, study, found, bench);
  }
  const open = async () => ({
    opened: await openAll(study, found, bench),
    close: () => Promise.resolve(),
  });
  return bench.shelf.use(`${id} ${digestOf(found.datasets)}`, open, ({ opened }) => {
    const task = { job, study, opened, found };
    if (stage === 'predict') return shard ? predictPart(task, shard, bench) : predict(task, bench);
    if (stage === 'score') return shard ? scorePart(task, shard, bench) : score(task, bench);
    return finish(task, bench);
  });
}

/** The study, with its paths on this machine. @throws TransferError `storage-outside` */
async function studyOf({ study, file }: Job, storage: Storage): Promise<Study> {
  if (isRemote(storage)) {
    throw new QueueError('a study needs a folder that all machines share', {
      code: 'queue-run-refused',
      path: storage.root,
    });
  }
  const inputs = Object.entries(study.inputs).map(([name, place]) => [
    name,
    place === ROOT ? storage.root : storage.resolve(place),
  ]);
  const own = {
    ...study,
    path: storage.resolve(file),
    inputs: Object.fromEntries(inputs) as Study['inputs'],
  };
  await requireWithinRoot(own, storage.root);
  return own;
}

/** Sets whose datasets are generated of the same annotations and images: they share a pool. */
function groupsOf({ sets }: Study): string[][] {
  const groups = new Map<string, string[]>();
  for (const [name, { recipe, annotations, images }] of Object.entries(sets)) {
    if (recipe === undefined) continue;
    const key = digestOf([annotations!, images!]);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

/** Has the datasets of recipes generated. */
async function composeAll(job: Job, study: Study, before: Found, bench: Bench): Promise<Found> {
  const groups = groupsOf(study);
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

async function composeGroup(job: Job, study: Study, { part }: Shard, bench: Bench): Promise<Found> {
  const { storage, scratch, jobs, signal } = bench;
  const work = join(scratch, job.work);
  const datasets: Found['datasets'] = {};
  const failures: Found['failures'] = [];
  for (const set of groupsOf(study)[part - 1]!) {
    const recipe = job.recipes[set]!;
    const [annotations, images] = [study.sets[set]!.annotations!, study.sets[set]!.images!].map(
      (text) => pathIn(study, text).path,
    ) as [string, string];
    try {
      const index = await findIndex({ recipe, annotations, images, work });
      const key = digestOf([recipeDigest(recipe), pathOf(index, bench)]).slice(0, 16);
      const place = join(job.work, 'datasets', `${recipe.name}-${key}`);
      if (!(await storage.exists(place))) {
        const input = { recipe, annotations, images, work, out: join(scratch, place) };
        const made = await generate(input, { jobs, signal });
        for (const folder of [made.index, made.pool, made.plan, made.dataset]) {
          await give(pathOf(folder, bench), bench);
        }
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
interface Task {
  job: Job;
  study: Study;
  opened: OpenedStudy;
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
  const images = relativeImages(cell.cell, bench);
  const options = { provider: task.job.provider, batch };
  await predictPiece(prediction, images, shard, options, bench);
  return NOTHING;
}

function relativeImages({ set }: OpenedCell, { storage }: Bench): string {
  return set.images!.path.slice(storage.root.length + 1);
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
async function finish({ job, study, opened, found }: Task, bench: Bench): Promise<Found> {
  const { out, overwrite, provider } = job;
  const { storage, scratch, jobs, signal } = bench;
  const isThere = await storage.exists(out);
  await requireStudyPlace(storage.resolve(out), study.name, overwrite);
  const context = contextOf(job, study, bench);
  for (const [index, { cell, set }] of opened.cells.entries()) {
    if (found.failed.includes(index)) continue;
    await take(pathOf(await scoresPlace(cell, set, context), bench), bench);
  }
  const { failures, scored, reused, isUnchanged } = await finishStudy(
    { ...opened, failures: [...opened.failures] }, // which is used again if this is tried again
    { study, out: join(scratch, out), work: context.work },
    { provider, jobs, signal },
    storage.resolve(out),
  );
  if (!isUnchanged) {
    if (isThere) await storage.remove(out);
    await give(out, bench);
  }
  return {
    ...found,
    failures: failures.map(({ set, model, error: { code, message } }) => ({
      ...{ set, model, code, message },
    })),
    scored: found.scored + scored,
    reused: Math.max(0, reused - found.scored),
    isUnchanged,
  };
}
