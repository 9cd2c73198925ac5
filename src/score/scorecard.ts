import { z } from 'zod';
import { sha256Schema } from '../files/sha256-schema.js';
import type { AveragePrecision, StatisticInterval, VariableTopKRule } from '../metrics/index.js';
import { PATCHML_VERSION } from '../version.js';
import {
  chanceSchema,
  classScoresSchema,
  confusionsSchema,
  objectScoresSchema,
  pairScoresSchema,
} from './details.js';

/**
 * Version 1 counted images without labels as perfect in three metrics, took average precision over
 * images from logits as they were, and resampled subgroups together.
 */
export const SCORECARD_VERSION = 2;

const share = z.number().min(0).max(1);

const metric = z.strictObject({
  value: z.number().nullable().describe('null if it has no images'),
  low: z.number().nullable().describe('Lower end of its interval; null if it has none'),
  high: z.number().nullable().describe('Upper end of its interval; null if it has none'),
  n: z.int().min(0).describe('Number of images'),
});

/** A metric with its bootstrap interval and the number of images in it. */
export type Metric = z.output<typeof metric>;

function named(what: string): z.ZodOptional<typeof metric> {
  return metric.optional().describe(what);
}

const asma = metric.extend({
  subgroups: z
    .array(z.string())
    .describe('The subgroups with images that it is the mean of, such as `A_1`'),
  smallest: z.int().min(0).describe('Images in the smallest of these subgroups'),
});

/** ASMA, with the subgroups it is made of. */
export type AsmaMetric = z.output<typeof asma>;

function namedAsma(what: string): z.ZodOptional<typeof asma> {
  return asma.optional().describe(what);
}

function subgroupsOf(what: string): z.ZodRecord<z.ZodString, typeof metric> {
  return z
    .record(z.string().regex(/^A_>?\d+$/), metric)
    .describe(`Mean over the images with so many labels of ${what}`);
}

const metrics = z.strictObject({
  top1: named('The original label is the highest class'),
  top5: named('The original label is among the five highest classes'),
  real: named('ReaL accuracy: the highest class is a valid one'),
  realPerClass: named("ReaL accuracy as the mean of the original classes' means"),
  variableTopK: named('h / k, with h valid classes among the k highest; k = number of labels'),
  variableTopKAny: named('h >= 1'),
  exactMatch: named('h = k'),
  subgroups: subgroupsOf('h / k'),
  subgroupsAny: subgroupsOf('[h >= 1]'),
  subgroupsExact: subgroupsOf('[h = k]'),
  asma: namedAsma('The unweighted mean of the non-empty `subgroups`'),
  asmaAny: namedAsma('The same of `subgroupsAny`'),
  asmaExact: namedAsma('The same of `subgroupsExact`'),
  imageWeighted: named('The mean of h / k over the images that ASMA is about'),
  imageWeightedAny: named('The mean of [h >= 1] over them'),
  imageWeightedExact: named('The mean of [h = k] over them'),
  precisionAt1: named('Precision of the highest class'),
  recallAt1: named('Recall of the highest class'),
  f1At1: named('F1 of the highest class'),
  precisionAt5: named('Precision of the five highest classes'),
  recallAt5: named('Recall of the five highest classes'),
  f1At5: named('F1 of the five highest classes'),
  mapPerImage: named('Mean over images of the average precision over classes'),
  mapMacro: named(
    'Mean over all classes of the average precision over images; a class without is 0',
  ),
  mapMacroPresent: metric
    .extend({ classes: z.int().min(0).describe('Classes that have a valid image') })
    .optional()
    .describe('The same over the classes that have a valid image'),
  mapMicro: named('Average precision over all pairs of an image and a class'),
  coverageError: named('How far down the ranking all valid classes are'),
  lrap: named('Label-ranking average precision'),
  rankingLoss: named('Share of wrongly ordered pairs'),
});

/** Metrics by name; those that could not be computed are absent. */
export type Metrics = z.output<typeof metrics>;

/** `scorecard.json`: the metrics of one prediction set against one label set. */
export const scorecardSchema = z.strictObject({
  format: z.literal('patchml-scorecard'),
  version: z.literal(SCORECARD_VERSION),
  patchml: z.string().describe('The version that made it'),
  model: z.strictObject({
    name: z.string().min(1),
    digest: sha256Schema.optional().describe("SHA-256 of the model's file"),
    provider: z.string().optional().describe('What ran it, such as `cpu`'),
    missing: z
      .strictObject({
        classes: z.int().min(1).describe('How many'),
        of: z.int().min(1).describe('Classes of the set'),
        images: z.int().min(0).describe('Images with a missing class as a label'),
      })
      .optional()
      .describe('Classes of the set that the model does not have; absent where it has all'),
  }),
  predictions: z.strictObject({
    path: z.string().optional().describe('The file, as it was given'),
    sha256: sha256Schema.optional(),
  }),
  preprocessing: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('How the images were preprocessed; absent for predictions made elsewhere'),
  set: z.strictObject({
    name: z.string(),
    kind: z.enum(['patchml', 'imagenet', 'imagenet-v2', 'labelled-images']),
    rule: z.string().describe('What the valid classes are'),
    digest: z
      .string()
      .describe('Scorecards with the same digest are about the same images and labels'),
    images: z.int().min(0),
    labelled: z.int().min(0).describe('Images with labels'),
    unlabelled: z.int().min(0).describe('Images without labels, which most metrics leave out'),
    labelCounts: z.array(z.int().min(0)).describe('Images with k labels, at position k'),
    leftOut: z
      .record(z.string(), z.int().min(0))
      .describe('Images that were left out of the set, by reason'),
  }),
  scores: z
    .enum(['logits', 'probabilities', 'quantised', 'ranked', 'unknown'])
    .describe(
      'What the predictions hold; mapMacro, mapMacroPresent and mapMicro are of probabilities',
    ),
  options: z.strictObject({
    seed: z.string(),
    resamples: z.int().min(1),
    level: share.describe('Nominal coverage of the intervals'),
    maxGroup: z.int().min(1).describe('Images with more labels than this are one subgroup'),
    minImages: z.int().min(0).describe('A number about fewer images has no interval'),
    variableTopKRule: z
      .literal('fraction')
      .describe('The hit rule where none is named: h / k; the others are `any` and `exact`'),
    interval: z.literal('bootstrap-percentile'),
    mapInterval: z
      .literal('none')
      .describe('mapMacro, mapMacroPresent and mapMicro are point values'),
  }),
  metrics,
  unavailable: z.record(z.string(), z.string()).describe('Metrics that are absent, and why'),
  chance: chanceSchema.optional().describe('What the metrics are at chance'),
  classes: classScoresSchema.optional().describe('The classes that are recalled most and least'),
  confusions: confusionsSchema.optional().describe('What is predicted in place of missed labels'),
  pairs: pairScoresSchema.optional().describe('Images of two labels, by the pair of classes'),
  objects: objectScoresSchema
    .optional()
    .describe('Recall of single objects, of a PatchML dataset alone'),
  imagesSha256: sha256Schema.describe('SHA-256 of `images.csv` beside it'),
});

/** A complete scorecard. */
export type Scorecard = z.output<typeof scorecardSchema>;
/** What scoring itself gives. */
export type ScorecardBody = Pick<
  Scorecard,
  | ('set' | 'scores' | 'options' | 'metrics' | 'unavailable')
  | ('chance' | 'classes' | 'confusions' | 'pairs' | 'objects')
>;
/** Where the scores come from. */
export type ScorecardOrigin = Pick<Scorecard, 'model'> &
  Partial<Pick<Scorecard, 'predictions' | 'preprocessing'>>;
/** A scorecard before it is written. */
export type NewScorecard = Omit<Scorecard, 'imagesSha256'>;

/** The JSON Schema of `scorecard.json`. */
export function scorecardJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(scorecardSchema);
}

/** Puts scores and what they are of together. */
export function makeScorecard(
  body: ScorecardBody,
  { model, predictions = {}, preprocessing }: ScorecardOrigin,
): NewScorecard {
  return {
    format: 'patchml-scorecard',
    version: SCORECARD_VERSION,
    patchml: PATCHML_VERSION,
    model,
    predictions,
    ...(preprocessing === undefined ? {} : { preprocessing }),
    ...body,
  };
}

/** Where a scorecard keeps the subgroups under a hit rule. */
const SUBGROUPS = {
  fraction: 'subgroups',
  any: 'subgroupsAny',
  exact: 'subgroupsExact',
} as const satisfies Record<VariableTopKRule, keyof Metrics>;

/** A metric by its name, a subgroup's `A_2` and `A_2_any` too; undefined where it is absent. */
export function metricOf(metrics: Metrics, name: string): Metric | undefined {
  const subgroup = readSubgroupName(name);
  if (subgroup) return metrics[SUBGROUPS[subgroup.rule]][subgroup.group];
  return (metrics as unknown as Partial<Record<string, Metric>>)[name];
}

/** The metrics that a scorecard has, subgroups among them, in its order. */
export function listMetrics({
  metrics,
  options,
}: Pick<ScorecardBody, 'metrics' | 'options'>): [name: string, value: Metric][] {
  return allMetricNames(options.maxGroup).flatMap((name) => {
    const value = metricOf(metrics, name);
    return value === undefined ? [] : [[name, value] as [string, Metric]];
  });
}

/** What ASMA is made of, for {@link assembleMetrics}. */
export type AsmaParts = Pick<AsmaMetric, 'subgroups' | 'smallest'>;

/**
 * The metrics of a scorecard, in its order.
 *
 * @param intervals by the metric's name, subgroups among them
 * @param parts of ASMA
 * @param precision over images, where there are scores
 * @param labelled the images that `precision` is about
 */
export function assembleMetrics(
  intervals: Readonly<Record<string, StatisticInterval>>,
  parts: AsmaParts,
  precision: AveragePrecision | undefined,
  labelled: number,
): Metrics {
  const found: Record<string, Metric | Record<string, Metric>> = {};
  for (const field of Object.values(SUBGROUPS)) found[field] = {};
  for (const [name, interval] of Object.entries(intervals)) {
    const subgroup = readSubgroupName(name);
    if (subgroup) {
      (found[SUBGROUPS[subgroup.rule]] as Record<string, Metric>)[subgroup.group] =
        toMetric(interval);
    } else if (name.startsWith('asma')) {
      const asma: AsmaMetric = { ...toMetric(interval), ...parts };
      found[name] = asma;
    } else found[name] = toMetric(interval);
  }
  if (precision) {
    const { macro, macroPresent, micro, presentClasses: classes } = precision;
    found['mapMacro'] = toPoint(macro, labelled);
    const present: Metrics['mapMacroPresent'] = { ...toPoint(macroPresent, labelled), classes };
    found['mapMacroPresent'] = present;
    found['mapMicro'] = toPoint(micro, labelled);
  }
  const inOrder = Object.keys(metrics.shape).filter((name) => found[name] !== undefined);
  return Object.fromEntries(inOrder.map((name) => [name, found[name]])) as Metrics;
}

function toMetric({ estimate, low, high, images }: StatisticInterval): Metric {
  return {
    value: numberOrNull(estimate),
    low: numberOrNull(low),
    high: numberOrNull(high),
    n: images,
  };
}

function toPoint(value: number, n: number): Metric {
  return { value: n === 0 ? null : numberOrNull(value), low: null, high: null, n };
}

/** JSON has no NaN. */
export function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** The metrics of a scorecard, in the order it lists them; the subgroups come before `asma`. */
export const METRIC_NAMES = [
  'top1',
  'top5',
  'real',
  'realPerClass',
  'variableTopK',
  'variableTopKAny',
  'exactMatch',
  'asma',
  'asmaAny',
  'asmaExact',
  'imageWeighted',
  'imageWeightedAny',
  'imageWeightedExact',
  'precisionAt1',
  'recallAt1',
  'f1At1',
  'precisionAt5',
  'recallAt5',
  'f1At5',
  'mapPerImage',
  'mapMacro',
  'mapMacroPresent',
  'mapMicro',
  'coverageError',
  'lrap',
  'rankingLoss',
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

/** The subgroup accuracies under every rule: `A_1` to `A_>5`, `A_1_any` and so on. */
function subgroupNames(maxGroup: number): string[] {
  const groups = [...Array.from({ length: maxGroup }, (_, at) => String(at + 1)), `>${maxGroup}`];
  return RULES.flatMap((rule) => groups.map((group) => subgroupName(group, rule)));
}

/** The hit rules, the default first. */
export const RULES = ['fraction', 'any', 'exact'] as const satisfies readonly VariableTopKRule[];

/** The name of a subgroup's accuracy: `A_2`, `A_2_any`. @param group as metrics name it: `1`, `>5` */
export function subgroupName(group: string, rule: VariableTopKRule = 'fraction'): string {
  return rule === 'fraction' ? `A_${group}` : `A_${group}_${rule}`;
}

/** The parts of a subgroup's name; undefined for any other metric's. */
export function readSubgroupName(
  name: string,
): { group: string; rule: VariableTopKRule } | undefined {
  const [, group, rule = 'fraction'] = /^(A_>?\d+)(?:_(any|exact))?$/.exec(name) ?? [];
  return group === undefined ? undefined : { group, rule: rule as VariableTopKRule };
}

/** All metrics and subgroups in a scorecard's order. */
export function allMetricNames(maxGroup: number): string[] {
  const at = METRIC_NAMES.indexOf('asma');
  return [...METRIC_NAMES.slice(0, at), ...subgroupNames(maxGroup), ...METRIC_NAMES.slice(at)];
}
