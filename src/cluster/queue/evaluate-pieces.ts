import { join } from 'node:path';
import { LOCK_FILE } from '../../dataset/dataset.js';
import { digestOf } from '../../files/digest.js';
import { openPrediction } from '../../models/prediction.js';
import { openEvaluation } from '../../score/evaluate.js';
import { scoresFolder } from '../../score/scores-folder.js';
import { type EvaluationSet, limitImages } from '../../sets/evaluation-set.js';
import { openEvaluationSet } from '../../sets/open-set.js';
import type { Shard } from '../parts.js';
import { mergeEvaluation } from '../evaluation-parts.js';
import { type Bench, type FailedPart, give, pathOf } from './bench.js';
import { type FoundOf, type JobOf, parseFound } from './jobs.js';
import type { Piece } from './pieces.js';
import { givePredictions, pieceCount, predictPiece, takePredictions } from './prediction-pieces.js';

type Job = JobOf<'evaluate'>;
type Found = FoundOf<'evaluate'>;

/**
 * Does a piece of `evaluate`. `predict` has a part for each model and run of images, `score` one for
 * each model, which is all of the job's models that a part is given.
 * @param found what the stage before it left: the models that failed
 */
export async function doEvaluatePiece(
  { run: { id, job }, stage, shard }: Piece<'evaluate'>,
  found: Found = { evaluated: [], failures: [] },
  bench: Bench,
): Promise<Found> {
  const open = async () => ({ set: await openSet(job, bench), close: () => Promise.resolve() });
  return bench.shelf.use(`${id} ${digestOf(job.set)}`, open, ({ set }) => {
    if (stage === 'predict') {
      return shard ? predictPart(job, set, shard, bench) : predict(job, set, bench);
    }
    return shard ? scorePart(job, set, bench) : score(job, set, found, bench);
  });
}

async function openSet({ set }: Job, { storage, signal }: Bench): Promise<EvaluationSet> {
  const { dataset, images, labels, originals, multiLabelRule, limit } = set;
  const fetch = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : storage.fetch(path, signal);
  const fetchImages = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : storage.fetchImages(path, new Set(), signal);
  const isPatchml = dataset !== undefined && (await storage.exists(`${dataset}/${LOCK_FILE}`));
  const opened = await openEvaluationSet({
    dataset: isPatchml ? await fetch(dataset) : await fetchImages(dataset),
    images: await fetchImages(images),
    labels: await fetch(labels),
    originals: await fetch(originals),
    multiLabelRule,
  });
  return limitImages(opened, limit);
}

/** Has all models run. */
async function predict(job: Job, { ids }: EvaluationSet, bench: Bench): Promise<Found> {
  const { models } = job;
  const pieces = pieceCount(ids.length, job);
  const modelOf = (part: number): Job['models'][number] => models[Math.floor((part - 1) / pieces)]!;
  const { failures } = await bench.parts({
    images: ids.length * models.length,
    of: pieces * models.length,
    jobOf: (part) => ({ ...job, models: [modelOf(part)] }),
  });
  const failed = new Map<string, FailedPart>();
  for (const failure of failures) {
    const { given } = modelOf(failure.part);
    if (!failed.has(given)) failed.set(given, failure);
  }
  return { evaluated: [], failures: [...failed].map(toFailure) };
}

function toFailure([given, { code, message }]: [string, FailedPart]): Found['failures'][number] {
  return { given, code, message };
}

async function predictPart(
  job: Job,
  set: EvaluationSet,
  { part }: Shard,
  bench: Bench,
): Promise<Found> {
  const { provider, batch } = job;
  const { prediction } = await openModel(job, set, bench);
  const of = pieceCount(set.ids.length, job);
  const shard = { part: ((part - 1) % of) + 1, of };
  const { dataset, images } = job.set;
  const place = set.kind === 'patchml' ? undefined : (dataset ?? images); // it is all there
  await predictPiece(prediction, place, shard, { provider, batch }, bench);
  return { evaluated: [], failures: [] };
}

/** The one model of a part, and where its scores go or are. */
async function openModel(job: Job, set: EvaluationSet, bench: Bench) {
  const { storage, scratch, signal } = bench;
  const { preprocess, provider, batch } = job;
  const { card: fields } = job.models[0]!;
  const card = { ...fields, model: await storage.fetch(fields.model, signal) };
  const scores = scoresFolder(job.out, set, card.name);
  const isThere = await storage.exists(scores);
  const out = isThere ? await storage.fetch(scores, signal) : join(scratch, scores);
  const input = { card, set, preprocess, work: join(scratch, job.work), out };
  const { preprocessing } = await openEvaluation(input, job.overwrite);
  const prediction = await openPrediction({ ...input, preprocessing }, { provider, batch });
  return { input, prediction, scores, isThere };
}

/** Has all models scored that did not fail. */
async function score(
  job: Job,
  { ids }: EvaluationSet,
  { failures: earlier }: Found,
  bench: Bench,
): Promise<Found> {
  const models = job.models.filter(({ given }) => !earlier.some((one) => one.given === given));
  if (models.length === 0) return { evaluated: [], failures: earlier };
  const { failures, found } = await bench.parts({
    images: ids.length * models.length,
    of: models.length,
    jobOf: (part) => ({ ...job, models: [models[part - 1]!] }),
  });
  const later = failures.map((failure) => toFailure([models[failure.part - 1]!.given, failure]));
  const left = [...(await found())].sort(([a], [b]) => a - b);
  return {
    evaluated: left.flatMap(([, one]) => parseFound('evaluate', one)?.evaluated ?? []),
    failures: [...earlier, ...later],
  };
}

async function scorePart(job: Job, set: EvaluationSet, bench: Bench): Promise<Found> {
  const { provider, batch, seed, resamples, maxGroup, overwrite } = job;
  const { storage, scratch, signal } = bench;
  const { input, prediction, scores, isThere } = await openModel(job, set, bench);
  await takePredictions(prediction, bench);
  const out = join(scratch, scores);
  const options = { provider, batch, seed, resamples, maxGroup, overwrite, signal };
  const { predictions } = await mergeEvaluation({ ...input, out }, options);
  await givePredictions(prediction, bench);
  if (isThere) await storage.remove(scores);
  await give(scores, bench);
  const { reused, folder } = predictions;
  return {
    evaluated: [
      { given: job.models[0]!.given, scores, predictions: pathOf(folder, bench), reused },
    ],
    failures: [],
  };
}
