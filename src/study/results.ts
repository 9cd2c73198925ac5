import { z } from 'zod';
import { sha256Schema } from '../files/sha256-schema.js';
import { kendall, spearman } from '../metrics/index.js';
import {
  compareModels,
  type ModelComparison,
  type PairComparison,
} from '../score/compare-models.js';
import { compareSets, type ModelGap, type SetComparison } from '../score/compare-sets.js';
import type { CompareOptions } from '../score/compare-statistics.js';
import { underRules } from '../score/scorecard-table.js';
import {
  type Metric,
  metricOf,
  numberOrNull,
  RULES,
  type Scorecard,
  scorecardSchema,
} from '../score/scorecard.js';
import { PATCHML_VERSION } from '../version.js';
import type { Compared } from '../report/report-sets.js';
import { asFailure, type StudyFailure } from './failure.js';
import type { Study } from './load.js';
import { studySchema } from './schema.js';

/** Of what `study.json` says; an older file is another version. */
const VERSION = 1;

const value = z.number().nullable().describe('null if it has no images');
const bound = z.number().nullable().describe('null if it has no interval');
const metric = z.strictObject({ value, low: bound, high: bound, n: z.int().min(0) });
const gap = z.strictObject({
  value,
  low: bound,
  high: bound,
  first: value,
  second: value,
  n: z.tuple([z.int(), z.int()]).describe('Images of the first and the second set'),
});
const place = z.strictObject({ set: z.string(), metric: z.string() });
const named = scorecardSchema.shape;

/** `study.json`: what a study found, without anything of the machine or the hour it ran at. */
export const studyResultsSchema = z.strictObject({
  format: z.literal('patchml-study'),
  version: z.literal(VERSION),
  patchml: z.string().describe('The version that made it'),
  name: z.string(),
  title: z.string().optional(),
  columns: z.array(z.string()).describe('The metrics of the tables, in their order'),
  interval: studySchema.shape.interval.unwrap().describe('How tables show intervals'),
  options: named.options.describe('What the scores were made with'),
  sets: z.array(
    named.set.extend({
      subgroups: z.array(z.string()).describe('The subgroups that ASMA is made of, such as `A_1`'),
      meanSide: z
        .record(z.string(), z.number())
        .optional()
        .describe('For each number of patches the mean side they are painted in, px'),
    }),
  ),
  models: z.array(
    z.strictObject({
      name: z.string(),
      digest: sha256Schema.optional().describe("SHA-256 of the model's file, where it was run"),
    }),
  ),
  scores: z.array(
    z.strictObject({
      set: z.string(),
      model: z.string(),
      folder: z.string().describe('The scorecard and all that belongs to it, in this folder'),
      sha256: sha256Schema.describe('SHA-256 of its `scorecard.json`'),
      metrics: z.record(z.string(), metric).describe('Those of the tables that it has'),
    }),
  ),
  gaps: z
    .array(
      z.strictObject({
        first: z.string(),
        second: z.string(),
        subgroups: z.array(z.string()).describe('The subgroups that ASMA is made of here'),
        models: z.array(z.strictObject({ model: z.string(), gaps: z.record(z.string(), gap) })),
        mean: z
          .record(
            z.string(),
            z.strictObject({
              value: z.number(),
              low: bound,
              high: bound,
              least: z.number().describe('The smallest gap of a model'),
              most: z.number().describe('The largest'),
              models: z.int(),
            }),
          )
          .describe('Over the models that have both numbers; its interval is over images'),
      }),
    )
    .describe('How much models lose from the first set to the second'),
  differences: z
    .array(
      z.strictObject({
        set: z.string(),
        model: z.string(),
        baseline: z.string(),
        differences: z.record(z.string(), metric),
        mcnemar: z.strictObject({
          metric: z.enum(['top1', 'real']),
          onlyModel: z.int(),
          onlyBaseline: z.int(),
          images: z.int(),
          pValue: z.number(),
        }),
      }),
    )
    .describe('Each model minus the baseline, on the same images'),
  correlations: z
    .array(
      z.strictObject({
        first: place,
        second: place,
        spearman: z.number().nullable(),
        kendall: z.number().nullable().describe('Tau-b'),
        models: z.int(),
      }),
    )
    .describe('How alike two metrics order the models'),
  leftOut: studySchema.shape.leaveOut.unwrap().describe('Models that were not to be scored'),
  failures: z
    .array(
      z.strictObject({
        set: z.string().optional(),
        model: z.string().optional(),
        code: z.string().describe('Of the error: see docs/errors.md'),
      }),
    )
    .describe('What could not be done'),
});

/** What a study found. */
export type StudyResults = z.output<typeof studyResultsSchema>;

/** The JSON Schema of `study.json`. */
export function studyResultsJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(studyResultsSchema);
}

/** Scores of one model on one set of a study, and where they are in its results. */
export interface StudyScores {
  set: string;
  model: string;
  /** In the folder of the results: `scores/<set>/<model>`. */
  folder: string;
  sha256: string;
  scorecard: Scorecard;
  perImage: Parameters<typeof compareModels>[0][number]['perImage'];
}

/** What results are made of. */
export interface ResultsInput {
  study: Study;
  /** Sets in the study's order, and the models of each in the order of the models. */
  scores: readonly StudyScores[];
  meanSides: Readonly<Record<string, Record<string, number> | undefined>>;
  failures: readonly StudyFailure[];
}

/**
 * Compares what was scored: gaps, differences from the baseline and rank correlations. A comparison
 * that cannot be made is one more failure.
 * @throws AbortedError
 */
export async function makeResults(
  { study, scores, meanSides, failures: earlier }: ResultsInput,
  options: Pick<CompareOptions, 'signal' | 'onProgress'> = {},
): Promise<{ results: StudyResults; compared: Compared; failures: StudyFailure[] }> {
  const failures = [...earlier];
  const settings = { ...options, seed: study.scores.seed, resamples: study.scores.resamples };
  const attempt = async <T>(set: string, work: () => Promise<T>): Promise<T[]> => {
    try {
      return [await work()];
    } catch (error) {
      failures.push({ set, error: asFailure(error) });
      return [];
    }
  };
  const on = (set: string): StudyScores[] => scores.filter((each) => each.set === set);
  const columns = columnsOf(study, scores);
  const compared = { gaps: [] as SetComparison[], differences: [] as ModelComparison[] };
  const gaps: StudyResults['gaps'] = [];
  for (const [first, second] of study.gaps) {
    if (on(first).length === 0 || on(second).length === 0) continue; // named among the failures
    const found = await attempt(`${first}, ${second}`, () =>
      compareSets({ first: on(first), second: on(second) }, settings),
    );
    compared.gaps.push(...found);
    gaps.push(...found.map((comparison) => toGap(comparison, first, second)));
  }
  const differences: StudyResults['differences'] = [];
  const { baseline } = study;
  for (const set of baseline === undefined ? [] : setsOf(scores)) {
    const runs = on(set).sort(
      (a, b) => Number(b.model === baseline) - Number(a.model === baseline),
    );
    if (runs.length < 2 || runs[0]!.model !== baseline) continue;
    const found = await attempt(set, () => compareModels(runs, settings));
    compared.differences.push(...found);
    differences.push(...found.flatMap(({ pairs }) => pairs.map((pair) => toDifference(pair, set))));
  }
  const sets = setsOf(scores).map((set) => {
    const [{ scorecard }] = on(set) as [StudyScores];
    const meanSide = meanSides[set];
    return {
      ...scorecard.set,
      subgroups: commonSubgroups(on(set)),
      ...(meanSide === undefined ? {} : { meanSide }),
    };
  });
  const results: StudyResults = {
    format: 'patchml-study',
    version: VERSION,
    patchml: PATCHML_VERSION,
    name: study.name,
    ...(study.title === undefined ? {} : { title: study.title }),
    columns,
    interval: study.interval,
    options: scores[0]!.scorecard.options,
    sets,
    models: modelsOf(scores),
    scores: scores.map(({ set, model, folder, sha256, scorecard }) => ({
      set,
      model,
      folder,
      sha256,
      metrics: pick(scorecard, columns),
    })),
    gaps,
    differences,
    correlations: correlate(scores, columns),
    leftOut: study.leaveOut,
    failures: failures.map(({ set, model, error: { code } }) => ({
      ...(set === undefined ? {} : { set }),
      ...(model === undefined ? {} : { model }),
      code,
    })),
  };
  const { gaps: ofSets, differences: ofModels } = compared;
  const isBased = baseline !== undefined;
  return {
    results,
    compared: { gaps: ofSets, ...(isBased ? { differences: ofModels } : {}) },
    failures,
  };
}

function setsOf(scores: readonly StudyScores[]): string[] {
  return [...new Set(scores.map(({ set }) => set))];
}

/** Those that every model has ranks for. */
function commonSubgroups(scores: readonly StudyScores[]): string[] {
  const [first = [], ...others] = scores.map(
    ({ scorecard }) => scorecard.metrics.asma?.subgroups ?? [],
  );
  return first.filter((name) => others.every((names) => names.includes(name)));
}

function modelsOf(scores: readonly StudyScores[]): StudyResults['models'] {
  const models = new Map<string, StudyResults['models'][number]>();
  for (const { model, scorecard } of scores) {
    const { digest } = scorecard.model;
    models.set(model, { name: model, ...(digest === undefined ? {} : { digest }) });
  }
  return [...models.values()];
}

/** The metrics of the tables: those that the study asks for, each under its hit rules, that any model has. */
function columnsOf({ metrics, rules }: Study, scores: readonly StudyScores[]): string[] {
  const { maxGroup } = scores[0]!.scorecard.options;
  const groups = [...Array.from({ length: maxGroup }, (_, at) => `A_${at + 1}`), `A_>${maxGroup}`];
  const names = metrics.flatMap((metric) =>
    (metric === 'subgroups' ? groups : [metric]).flatMap((name) => {
      const others = underRules(name);
      if (!others) return [name];
      const named = { fraction: name, ...others };
      return RULES.filter((rule) => rules.includes(rule)).map((rule) => named[rule]);
    }),
  );
  const isThere = (name: string): boolean =>
    scores.some(({ scorecard }) => (metricOf(scorecard.metrics, name)?.n ?? 0) > 0);
  return [...new Set(names)].filter(isThere);
}

function pick({ metrics }: Scorecard, columns: readonly string[]): Record<string, Metric> {
  return Object.fromEntries(
    columns.flatMap((name) => {
      const found = metricOf(metrics, name);
      if (!found || found.n === 0) return [];
      const { value, low, high, n } = found;
      return [[name, { value, low, high, n }] as const];
    }),
  );
}

function toGap(
  { models, mean, options }: SetComparison,
  first: string,
  second: string,
): StudyResults['gaps'][number] {
  return {
    first,
    second,
    subgroups: options.subgroups,
    models: models.map(({ model, gaps }) => ({ model, gaps: gapsOf(gaps) })),
    mean: mean as StudyResults['gaps'][number]['mean'], // none of its values is undefined
  };
}

function gapsOf(gaps: ModelGap['gaps']): StudyResults['gaps'][number]['models'][number]['gaps'] {
  return Object.fromEntries(
    Object.entries(gaps).flatMap(([name, found]) =>
      found ? [[name, { ...found, n: [...found.n] as [number, number] }] as const] : [],
    ),
  );
}

function toDifference(
  { model, baseline, differences, mcnemar }: PairComparison,
  set: string,
): StudyResults['differences'][number] {
  return { set, model, baseline, differences: differences, mcnemar };
}

/** Fewer models than this say nothing about an order. */
const FEWEST = 3;

/**
 * The rank correlations between metrics on one set, and between sets in one metric; not those of
 * subgroups.
 */
function correlate(
  scores: readonly StudyScores[],
  columns: readonly string[],
): StudyResults['correlations'] {
  const metrics = columns.filter((name) => !name.startsWith('A_'));
  const places = setsOf(scores).flatMap((set) => metrics.map((metric) => ({ set, metric })));
  const found: StudyResults['correlations'] = [];
  for (const [at, second] of places.entries()) {
    for (const first of places.slice(0, at)) {
      if ((first.set === second.set) === (first.metric === second.metric)) continue;
      const [x, y] = [valuesAt(scores, first), valuesAt(scores, second)];
      const models = [...x.keys()].filter((model) => y.has(model));
      if (models.length < FEWEST) continue;
      const values = [x, y].map((each) => models.map((model) => each.get(model)!));
      found.push({
        first,
        second,
        spearman: numberOrNull(spearman(values[0]!, values[1]!)),
        kendall: numberOrNull(kendall(values[0]!, values[1]!)),
        models: models.length,
      });
    }
  }
  return found;
}

function valuesAt(
  scores: readonly StudyScores[],
  { set, metric }: { set: string; metric: string },
): Map<string, number> {
  return new Map(
    scores.flatMap((each) => {
      const found = each.set === set ? metricOf(each.scorecard.metrics, metric)?.value : undefined;
      return typeof found === 'number' ? [[each.model, found] as const] : [];
    }),
  );
}
