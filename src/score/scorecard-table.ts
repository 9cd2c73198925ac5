import { byteOrder } from '../files/listing.js';
import { countOf, countText, type TextTable } from '../text.js';
import { NO_ORIGINALS } from './measures.js';
import { intervalText, labelOf, namedOf, valueText } from './metric-text.js';
import {
  allMetricNames,
  listMetrics,
  type Metric,
  metricOf,
  type NewScorecard,
  readSubgroupName,
} from './scorecard.js';

/** The metrics that models are listed with, beside the subgroups. */
const LISTED = ['top1', 'top5', 'real', 'variableTopK', 'asma', 'exactMatch', 'mapPerImage'];

/** Under the other hit rules, the metrics that `variableTopK`, A_k and the others are by default. */
export function underRules(name: string): { any: string; exact: string } | undefined {
  const subgroup = readSubgroupName(name);
  if (subgroup) return { any: `${name}_any`, exact: `${name}_exact` };
  if (name === 'variableTopK') return { any: 'variableTopKAny', exact: 'exactMatch' };
  if (name === 'asma' || name === 'imageWeighted')
    return { any: `${name}Any`, exact: `${name}Exact` };
  return undefined;
}

/** What is shown of a scorecard. */
export interface ScorecardTableOptions {
  /** Each metric's chance level too, of a random ranking of the 1,000 classes. Default false. */
  withChance?: boolean;
}

/** One scorecard: one row per metric, without those that no image is in. */
export function scorecardTable(
  scorecard: NewScorecard,
  { withChance = false }: ScorecardTableOptions = {},
): TextTable {
  const { metrics, options } = scorecard;
  const chances = withChance ? scorecard.chance?.all.metrics : undefined;
  const named = namedOf([scorecard]);
  const all = listMetrics(scorecard).map(([name]) => name);
  const inColumns = new Set(all.flatMap((name) => Object.values(underRules(name) ?? {})));
  const rows = all.filter((name) => {
    if (inColumns.has(name) || metricOf(metrics, name)!.n === 0) return false;
    // The same number as variable top-k where ASMA is about all images, which people read once.
    return name !== 'imageWeighted' || named.subgroups !== undefined;
  });
  return {
    head: ['metric', 'value', 'images', 'any', 'exact', ...(chances ? ['chance'] : [])],
    rows: rows.map((name) => {
      const metric = metricOf(metrics, name)!;
      const others = underRules(name);
      return [
        labelOf(name, named),
        cellText(name, metric, options, ' '),
        countText(metric.n),
        ...[others?.any, others?.exact].map((other) =>
          other === undefined ? '' : valueText(other, metricOf(metrics, other)?.value ?? null),
        ),
        ...(chances ? [valueText(name, chances[name] ?? null)] : []),
      ];
    }),
  };
}

/** What marks a number about too few images for an interval. */
export const MARK = '*';

/** A value with its interval, or with the mark. */
function cellText(
  name: string,
  metric: Metric,
  { minImages }: Pick<NewScorecard['options'], 'minImages'>,
  between: string,
): string {
  const mark = isFew(metric, minImages) ? ` ${MARK}` : '';
  const interval = intervalText(name, metric);
  const value = `${valueText(name, metric.value)}${mark}`;
  return interval === '' ? value : `${value}${between}${interval}`;
}

function isFew({ value, n }: Pick<Metric, 'value' | 'n'>, minImages: number): boolean {
  return value !== null && n < minImages;
}

/**
 * Models on one set, a row each, the highest ASMA first, then by name, below the number of images in
 * each metric; without the columns in which none has images. Intervals stand below their values.
 */
export function modelsTable(scorecards: readonly NewScorecard[]): TextTable {
  const listed = [...scorecards].sort(byAsma);
  const columns = columnsOf(scorecards).filter((name) =>
    listed.some(({ metrics }) => (metricOf(metrics, name)?.n ?? 0) > 0),
  );
  const named = namedOf(scorecards);
  return {
    head: ['model', ...columns.map((name) => labelOf(name, named))],
    rows: [
      ['images', ...columns.map((name) => imagesText(listed, name))],
      ...listed.map(({ model, metrics, options }) => [
        model.name,
        ...columns.map((name) => {
          const metric = metricOf(metrics, name);
          return metric ? cellText(name, metric, options, '\n') : '-';
        }),
      ]),
    ],
  };
}

/** How many images are in a metric. */
function imagesText(scorecards: readonly NewScorecard[], name: string): string {
  return rangeText(scorecards.map(({ metrics }) => metricOf(metrics, name)?.n));
}

/** Numbers of images: `5,408`, or `5,406 to 5,408` where they differ; `-` for none. */
export function rangeText(numbers: readonly (number | undefined)[]): string {
  const counts = numbers.filter((count) => count !== undefined);
  if (counts.length === 0) return '-';
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? countText(most) : `${countText(least)} to ${countText(most)}`;
}

/** Scorecards as numbers: a row each, with the same columns for every set and model. */
export function scorecardsCsvTable(scorecards: readonly NewScorecard[]): TextTable {
  const names = allMetricNames(largestGroup(scorecards));
  return {
    head: [
      'model',
      'set',
      'scores',
      ...names.flatMap((name) => [name, ...PARTS.map((part) => `${name}_${part}`)]),
      ...names.map((name) => `${name}_chance`),
    ],
    rows: [...scorecards].sort(byAsma).map(({ model, set, scores, metrics, chance }) => [
      model.name,
      set.name,
      scores,
      ...names.flatMap((name) => {
        const metric = metricOf(metrics, name);
        return (['value', ...PARTS] as const).map((part) => String(metric?.[part] ?? ''));
      }),
      ...names.map((name) => String(chance?.all.metrics[name] ?? '')),
    ]),
  };
}

const PARTS = ['low', 'high', 'n'] as const;

/** The lines under a table: what the numbers are of, and what is not there. */
export function scorecardNotes(scorecards: readonly NewScorecard[]): string[] {
  const [first] = scorecards;
  if (!first) return [];
  const { set, options } = first;
  const level = `${Number((100 * options.level).toFixed(2))}%`;
  const unlabelled = set.unlabelled > 0 ? `, ${countText(set.unlabelled)} without labels` : '';
  // Those that were not annotated are in the set, and said to be without labels.
  const leftOut = Object.entries(set.leftOut).filter(
    ([reason, count]) => count > 0 && reason !== 'not-annotated',
  );
  const leftOutText = leftOut.map(([reason, count]) => `${countText(count)} ${reason}`).join(', ');
  const named = namedOf(scorecards);
  const reasons = new Map<string, Set<string>>();
  for (const { unavailable } of scorecards) {
    for (const [name, reason] of Object.entries(unavailable)) {
      if (reason === NO_ORIGINALS && set.kind === 'patchml') continue; // never has any
      if (/_(any|exact)$/.test(name)) continue; // said of the subgroup itself
      reasons.set(reason, (reasons.get(reason) ?? new Set()).add(labelOf(name, named)));
    }
  }
  return [
    `${set.name}, labels: ${set.rule}, ${setSizeText(set)}${unlabelled}; ` +
      `intervals: ${level} bootstrap, ${countText(options.resamples)} resamples, ` +
      `seed ${options.seed}; variable top-k, A_k and ASMA: ${options.variableTopKRule} of the ` +
      `labels found; scores: ${scaleText(scorecards)}.`,
    ...missingNotes(scorecards),
    ...asmaNotes(scorecards),
    ...(leftOut.length > 0 ? [`Images left out: ${leftOutText}.`] : []),
    ...[...reasons].map(
      ([reason, names]) => `Not available: ${[...names].join(', ')} (${reason}).`,
    ),
  ];
}

/** Models that cannot get every image right. */
function missingNotes(scorecards: readonly NewScorecard[]): string[] {
  return scorecards.flatMap(({ model: { name, missing } }) =>
    missing === undefined
      ? []
      : `Warning: ${name} lacks ${countText(missing.classes)} of the ${countText(missing.of)} classes ` +
        `of the set; ${countOf(missing.images, 'image')} ${missing.images === 1 ? 'has' : 'have'} a label that it can never predict.`,
  );
}

/** `100 of 1,200 images` where a limit was given. */
function setSizeText({ images, leftOut }: NewScorecard['set']): string {
  const beyond = leftOut['beyond-limit'] ?? 0;
  const all = beyond > 0 ? ` of ${countText(images + beyond)}` : '';
  return `${countText(images)}${all} images`;
}

function scaleText(scorecards: readonly NewScorecard[]): string {
  return [...new Set(scorecards.map(({ scores }) => scores))].join(', ');
}

/** What small subgroups do to the numbers. */
function asmaNotes(scorecards: readonly NewScorecard[]): string[] {
  const { options, metrics } = scorecards[0]!;
  const { minImages } = options;
  const isMarked = scorecards.some((scorecard) =>
    listMetrics(scorecard).some(([, metric]) => isFew(metric, minImages)),
  );
  const { asma } = metrics;
  const smallest = asma && asma.n > 0 ? asma : undefined;
  const isSmall = smallest !== undefined && smallest.smallest < minImages;
  return [
    ...(smallest
      ? [
          `ASMA: the mean of ${smallest.subgroups.join(', ')}; its smallest subgroup has ` +
            `${countOf(smallest.smallest, 'image')}${isSmall ? ', too few for its interval' : ''}.`,
        ]
      : []),
    ...(isMarked ? [`${MARK} fewer than ${countOf(minImages, 'image')}: no interval.`] : []),
  ];
}

function columnsOf(scorecards: readonly NewScorecard[]): string[] {
  return allMetricNames(largestGroup(scorecards)).filter(isListed).sort(inListed);
}

/** Whether models are listed with a metric: subgroups under the default hit rule are. */
export function isListed(name: string): boolean {
  return readSubgroupName(name)?.rule === 'fraction' || LISTED.includes(name);
}

/** In a scorecard's order, except that exact match comes after ASMA. */
function inListed(a: string, b: string): number {
  return (
    Number(a === 'exactMatch' || a === 'mapPerImage') -
    Number(b === 'exactMatch' || b === 'mapPerImage')
  );
}

function largestGroup(scorecards: readonly NewScorecard[]): number {
  return scorecards.reduce((most, { options }) => Math.max(most, options.maxGroup), 1);
}

/** The highest ASMA first, then by name. */
export function byAsma(a: NewScorecard, b: NewScorecard): number {
  const [x, y] = [a.metrics.asma?.value ?? -1, b.metrics.asma?.value ?? -1];
  return y - x || byteOrder(a.model.name, b.model.name);
}
