import { join } from 'node:path';
import { EvaluationError, ImageError } from '../errors.js';
import { exists } from '../files/folders.js';
import { decodeImage } from '../image/decode.js';
import { makeThumbnail } from '../image/thumbnail.js';
import { ImageReader } from '../imagenet/image-reader.js';
import { classNameOf } from '../imagenet/synsets.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { readTopPredictions } from '../predictions/top-predictions.js';
import { throwIfAborted } from '../progress.js';
import { drawWithoutReplacement, openStream } from '../random.js';
import type { PerImageScores } from '../score/images-csv.js';
import type { StoredScores } from '../score/scores-folder.js';
import { digestOfPart, type EvaluationSet } from '../sets/evaluation-set.js';
import type { FigureView, LabelledImage, TopClasses } from './chart-data.js';
import type { FigureInput, ReportSet, Views } from './report-sets.js';

/** Classes that are shown of a ranking. */
const TOP = 5;
/** Images of all sets together. */
const MOST_IMAGES = 120;
/** Images drawn at random for each that is shown; of these the telling ones are taken. */
const DRAWN = 6;
/** px that an image is shown in. */
const SIDE = 224;
/** Images with more labels than this are one group. */
const MOST_LABELS = 5;
/** Images of a figure in print. */
const PRINTED = 8;

/** An image, as the page filters and shows it. */
export interface ReportExample extends LabelledImage {
  /** Of each model of the set. */
  ranked: TopClasses[];
}

/** Examples of a set. */
export interface ExampleSet {
  set: string;
  models: string[];
  images: ReportExample[];
}

/** The examples of a report. */
export interface ReportExamples {
  sets: ExampleSet[];
  /** The names of the classes in them, by class index. */
  classes: Record<number, string>;
  /** What was left out; null where nothing was. */
  leftOut: string | null;
}

export const NO_EXAMPLES =
  'The images and their labels are not in the scores: name the set, with --dataset, or --images with --labels.';

/**
 * Chooses images to show and reads them: of each number of labels as many, half of them at random, by
 * a seed of the set's own, and half such that the models differ on them or, of one model, that it
 * gets wrong.
 *
 * @throws ImageError where an image cannot be read
 */
export async function makeExamples({ sets, options }: FigureInput): Promise<ReportExamples> {
  const given = sets.filter(({ evaluation }) => evaluation !== undefined);
  const classes: Record<number, string> = {};
  const made: ExampleSet[] = [];
  for (const set of given) {
    throwIfAborted(options.signal, 'compare');
    const images = await examplesOf(set, Math.floor(MOST_IMAGES / given.length));
    for (const { labels, ranked } of images) {
      for (const label of [...labels, ...ranked.flatMap((each) => each.classes)]) {
        classes[label] ??= classNameOf(label);
      }
    }
    const models = set.runs.map(({ scorecard }) => scorecard.model.name);
    made.push({ set: set.name, models, images });
  }
  return { sets: made, classes, leftOut: null };
}

async function examplesOf({ runs, evaluation }: ReportSet, most: number): Promise<ReportExample[]> {
  const scores: PerImageScores[] = [];
  for (const run of runs) scores.push(await run.perImage());
  const places = new Map(evaluation!.ids.map((id, at) => [id, at]));
  const known = scores.map(({ ids }) => new Map(ids.map((id, at) => [id, at])));
  const chosen = chooseImages(scores, known, evaluation!.digest, most);
  const images = await readImages(
    evaluation!,
    chosen.map((id) => places.get(id)!),
  );
  const rankings: ReportExample['ranked'][] = chosen.map(() => []);
  for (const [at, run] of runs.entries()) {
    const probabilities = await probabilitiesOf(run, new Set(chosen));
    chosen.forEach((id, image) => {
      const { classes, n } = scores[at]!.top;
      const row = known[at]!.get(id)! * n;
      rankings[image]!.push({
        classes: [...classes.subarray(row, row + Math.min(n, TOP))],
        probabilities: probabilities.get(id) ?? null,
      });
    });
  }
  return chosen.map((id, at) => ({
    id,
    labels: [...evaluation!.labels[places.get(id)!]!],
    image: images[at]!,
    ranked: rankings[at]!,
  }));
}

/** The ids of images to show, fewest labels first. */
function chooseImages(
  scores: readonly PerImageScores[],
  known: readonly ReadonlyMap<string, number>[],
  digest: string,
  most: number,
): string[] {
  const [first] = scores as [PerImageScores];
  const groups = new Map<number, string[]>();
  first.ids.forEach((id, at) => {
    const k = Math.min(first.k[at]!, MOST_LABELS + 1);
    if (k === 0 || known.some((ids) => !ids.has(id))) return;
    groups.set(k, [...(groups.get(k) ?? []), id]);
  });
  const wanted = Math.max(1, Math.floor(most / groups.size));
  const valueOf = (id: string, model: number): number =>
    scores[model]!.variableTopK[known[model]!.get(id)!]!;
  const tellingOf = (id: string): number => {
    const values = scores.map((_, model) => valueOf(id, model)).filter((value) => value >= 0);
    return values.length > 1 ? Math.max(...values) - Math.min(...values) : -(values[0] ?? 1);
  };
  return [...groups.keys()]
    .sort((a, b) => a - b)
    .flatMap((k) => {
      const ids = groups.get(k)!;
      const stream = openStream(`report/examples/${digest}/k=${k}`);
      const drawn = drawWithoutReplacement(
        stream,
        ids.length,
        Math.min(ids.length, wanted * DRAWN),
      ).map((at) => ids[at]!);
      const atRandom = drawn.slice(0, Math.ceil(wanted / 2));
      const telling = drawn
        .slice(atRandom.length)
        .sort((a, b) => tellingOf(b) - tellingOf(a))
        .slice(0, wanted - atRandom.length);
      return [...atRandom, ...telling];
    });
}

async function readImages(
  { images }: EvaluationSet,
  positions: readonly number[],
): Promise<(string | null)[]> {
  if (!images) return positions.map(() => null);
  const reader = new ImageReader(images.path);
  const read: (string | null)[] = [];
  try {
    for (const position of positions) {
      const place = images.places[position]!;
      const pixels = await decodeImage(reader.read(place)).catch((cause: unknown) => {
        if (!(cause instanceof ImageError)) throw cause;
        const path = join(images.path, place.file);
        throw new ImageError(cause.message, { code: cause.code, path, cause });
      });
      const thumbnail = await makeThumbnail(pixels, SIDE);
      read.push(`data:image/jpeg;base64,${thumbnail.toString('base64')}`);
    }
  } finally {
    reader.close();
  }
  return read;
}

/** Of the images that are asked for, where patchml ran the model. */
async function probabilitiesOf(
  { folder }: StoredScores,
  wanted: ReadonlySet<string>,
): Promise<Map<string, number[]>> {
  const path = join(folder, PREDICTIONS_FILE);
  const found = new Map<string, number[]>();
  if (!(await exists(path))) return found;
  const { ids, n, probabilities } = await readTopPredictions(path);
  ids.forEach((id, at) => {
    if (!wanted.has(id)) return;
    const row = [...probabilities.subarray(at * n, at * n + Math.min(n, TOP))];
    // NaN where they are not known; four digits are more than is shown.
    if (row.every((each) => each >= 0)) {
      found.set(
        id,
        row.map((each) => Number(each.toPrecision(4))),
      );
    }
  });
  return found;
}

/** The example grid of each set and model, for print. */
export async function exampleViews(input: FigureInput): Promise<Views> {
  const { sets, classes } = await makeExamples(input);
  const views = sets.flatMap(({ set, models, images }) =>
    models.map((model, at): FigureView => {
      const step = Math.max(1, images.length / PRINTED);
      const some = Array.from({ length: Math.min(PRINTED, images.length) }, (_, tile) => {
        return images[Math.floor(tile * step)]!;
      });
      const shown = some.map(({ ranked, ...image }) => ({ ...image, top: ranked[at]! }));
      return {
        choice: { set, model },
        data: { kind: 'examples', model, images: shown, names: classes },
      };
    }),
  );
  return views.length > 0 ? views : NO_EXAMPLES;
}

/**
 * Puts evaluation sets beside the scores on them, whatever the scores call them: a study names its
 * sets itself. Scores on a part of a set find it too.
 *
 * @throws EvaluationError `report-other-set` where no score is on a set
 */
export async function giveSets(
  sets: readonly ReportSet[],
  given: readonly EvaluationSet[],
): Promise<void> {
  for (const evaluation of given) {
    let isUsed = false;
    for (const set of sets) {
      if (!(await isScored(set, evaluation))) continue;
      set.evaluation = evaluation;
      isUsed = true;
    }
    if (isUsed) continue;
    throw new EvaluationError(`no scores are on ${evaluation.name}, ${evaluation.rule} labels`, {
      code: 'report-other-set',
      fix: `name the images and labels that were scored: ${sets.map(({ name }) => name).join(', ')}`,
    });
  }
}

/** Whether scores are on a set, or on some of its images. */
async function isScored(
  { set, runs }: ReportSet,
  { ids, digest }: EvaluationSet,
): Promise<boolean> {
  if (set.digest === digest) return true;
  if (set.images >= ids.length) return false;
  return set.digest === digestOfPart(digest, (await runs[0]!.perImage()).ids);
}
