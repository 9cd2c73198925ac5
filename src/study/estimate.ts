import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { exists } from '../files/folders.js';
import { explaining } from '../files/file-errors.js';
import { choosePreprocessing } from '../models/card.js';
import { predict } from '../models/predict.js';
import type { Provider } from '../models/provider.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { patchCounts } from '../recipe/schema.js';
import { scoreFile } from '../score/score-file.js';
import { type EvaluationSet, limitImages } from '../sets/evaluation-set.js';
import { asFailure, type StudyFailure } from './failure.js';
import { listModels, type StudyCell } from './list-models.js';
import type { Study } from './load.js';
import { datasetOf, type OpenedSet, openSet } from './open-sets.js';
import { isFor } from './run-study.js';
import { keptScores, scoresPlace } from './score-cells.js';

/** What is to be done with a model on a set, or with a set. */
export type StudyAction = 'keep' | 'score' | 'predict' | 'generate';

/** One thing that a study would do. */
export interface PlannedStep {
  action: StudyAction;
  set: string;
  /** undefined where a dataset is generated. */
  model?: string | undefined;
  /** Images, where they are known before the set is there. */
  images: number | undefined;
  /** Estimated from a first batch; undefined where it could not be tried. */
  seconds: number | undefined;
  /** CPU time of all threads, s, as far as it was measured. */
  cpuSeconds?: number | undefined;
}

/** What a study would do. */
export interface StudyPlan {
  steps: PlannedStep[];
  failures: StudyFailure[];
}

/** How to plan a study. */
export interface PlanStudyOptions extends StageOptions {
  /** Execution provider of onnxruntime. Default: `cpu`. */
  provider?: Provider | undefined;
}

/**
 * Says what a study would do, without doing it: what earlier runs left is found by its digest. Each
 * model is run on its first batches of images, and a file of predictions scored for each set, to
 * estimate the time. Nothing is written but to the system's folder for temporary files.
 *
 * @param work where datasets, predictions and scores are kept
 * @throws EvaluationError `cards-same-name`
 * @throws AbortedError
 */
export function planStudy(
  { study, work }: { study: Study; work: string },
  options: PlanStudyOptions = {},
): Promise<StudyPlan> {
  return explaining(async () => {
    const trial = await mkdtemp(join(tmpdir(), 'patchml-study-'));
    try {
      return await plan({ study, work, trial }, options);
    } finally {
      await rm(trial, { recursive: true, force: true });
    }
  });
}

interface PlanInput {
  study: Study;
  work: string;
  /** A folder for what is tried. */
  trial: string;
}

async function plan(input: PlanInput, options: PlanStudyOptions): Promise<StudyPlan> {
  const { study, work } = input;
  const { cells, failures } = await listModels(study);
  const steps: PlannedStep[] = [];
  const sets = new Map<string, OpenedSet>();
  const missing = new Map<string, number>();
  for (const name of Object.keys(study.sets)) {
    try {
      const dataset = await datasetOf(study, name, work);
      if (dataset && !(await exists(dataset.out))) {
        const images = imagesOf(dataset.recipe.sampling.counts, patchCounts(dataset.recipe));
        steps.push({ action: 'generate', set: name, images, seconds: undefined });
        missing.set(name, Math.min(images, study.sets[name]!.limit ?? images));
      } else sets.set(name, await openSet(study, name, dataset?.out));
    } catch (error) {
      failures.push({ set: name, error: asFailure(error) });
    }
  }
  const timer = makeTimer(input, options);
  for (const cell of cells) {
    throwIfAborted(options.signal, 'study');
    const { set: name, model, from } = cell;
    const opened = sets.get(name);
    const action = from.kind === 'card' ? 'predict' : 'score';
    try {
      const images = missing.get(name);
      if (images !== undefined) {
        steps.push({ action, set: name, model, images, ...timer.elsewhere(cell, images) });
      } else if (opened && isFor(cell, opened)) {
        steps.push(await stepOf(cell, opened.set, action, input, options, timer));
      }
    } catch (error) {
      failures.push({ set: name, model, error: asFailure(error) });
    }
  }
  return { steps, failures };
}

function imagesOf(counts: Readonly<Record<string, number>>, numbers: readonly number[]): number {
  return numbers.reduce((sum, k) => sum + counts[String(k)]!, 0);
}

async function stepOf(
  cell: StudyCell,
  set: EvaluationSet,
  action: 'score' | 'predict',
  { study, work }: PlanInput,
  { provider = 'cpu' }: PlanStudyOptions,
  timer: Timer,
): Promise<PlannedStep> {
  const step = { set: cell.set, model: cell.model, images: set.ids.length };
  const place = await scoresPlace(cell, set, { work, scores: study.scores, provider });
  if (await keptScores(place)) return { ...step, action: 'keep', seconds: 0, cpuSeconds: 0 };
  return { ...step, action, ...(await timer.measure(cell, set)) };
}

/** What work takes: wall time, and CPU time of all threads, s. */
type Effort = Required<Pick<PlannedStep, 'seconds' | 'cpuSeconds'>>;

/** Tells how long models take. */
interface Timer {
  /** On a set, by trying its first images. */
  measure(cell: StudyCell, set: EvaluationSet): Promise<Effort>;
  /** For so many images of a set that is not there, by what was tried on others. */
  elsewhere(cell: StudyCell, images: number): Effort;
}

/** A model is tried on two batches a thread: the first ones also start the model and the threads. */
const [BATCH, MOST_THREADS] = [16, 8];

function makeTimer({ study, trial }: PlanInput, options: PlanStudyOptions): Timer {
  const perImage = new Map<string, { seconds: number; cpuSeconds: number }>();
  const ofSet = new Map<string, Effort>();
  return {
    async measure({ model, from }, set) {
      const since = startClock();
      if (from.kind === 'predictions') {
        // Files of one set take the same time: one is tried.
        const known = ofSet.get(set.name);
        if (known !== undefined) return known;
        const input = { predictions: from.path, set, model };
        const { signal } = options;
        await scoreFile(input, { ...study.scores, ...from.options, signal });
        const effort = since();
        ofSet.set(set.name, effort);
        return effort;
      }
      const { card, preprocess, batch = BATCH } = from;
      const { jobs = availableParallelism() } = options;
      const threads = Math.min(jobs, MOST_THREADS);
      const part = limitImages(set, 2 * threads * batch);
      const preprocessing = choosePreprocessing(card, set, preprocess);
      const done: { images: number; seconds: number; cpuSeconds: number }[] = [];
      const onProgress: StageOptions['onProgress'] = ({ done: images }) => {
        done.push({ images, ...since() });
      };
      const input = { card, set: part, preprocessing, work: trial };
      await predict(input, { ...options, batch: from.batch, jobs: threads, onProgress });
      const last = done.at(-1)!;
      const first = done[threads - 1] ?? { images: 0, seconds: 0, cpuSeconds: 0 };
      const isAll = first.images === last.images; // too few images for a second batch
      const begin = isAll ? { images: 0, seconds: 0, cpuSeconds: 0 } : first;
      const images = last.images - begin.images;
      const each = {
        seconds: (last.seconds - begin.seconds) / images,
        cpuSeconds: (last.cpuSeconds - begin.cpuSeconds) / images,
      };
      const known = perImage.get(model);
      perImage.set(model, known && known.seconds > each.seconds ? known : each);
      const left = set.ids.length - last.images;
      return {
        seconds: last.seconds + each.seconds * left,
        cpuSeconds: last.cpuSeconds + each.cpuSeconds * left,
      };
    },
    elsewhere({ model }, images) {
      const each = perImage.get(model);
      if (each === undefined) return { seconds: undefined, cpuSeconds: undefined };
      return { seconds: each.seconds * images, cpuSeconds: each.cpuSeconds * images };
    },
  };
}

/** Starts measuring time. */
function startClock(): () => { seconds: number; cpuSeconds: number } {
  const start = performance.now();
  const began = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}
