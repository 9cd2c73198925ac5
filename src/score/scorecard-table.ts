import { byteOrder } from '../files/listing.js';
import { countText, type TextTable } from '../text.js';
import { intervalText, labelOf, valueText } from './metric-text.js';
import { allMetricNames, listMetrics, metricOf, type NewScorecard } from './scorecard.js';

/** The metrics that models are listed with, beside the subgroups. */
const LISTED = ['top1', 'top5', 'real', 'variableTopK', 'asma', 'exactMatch', 'mapPerImage'];

/** The same number as `variableTopK`, which people read once. */
const TWICE = 'imageWeighted';

/** One scorecard: a metric a row, without those that no image is in. */
export function scorecardTable(scorecard: NewScorecard): TextTable {
  const filled = listMetrics(scorecard).filter(([name, { n }]) => n > 0 && name !== TWICE);
  return {
    head: ['metric', 'value', 'images'],
    rows: filled.map(([name, metric]) => {
      const text = `${valueText(name, metric.value)} ${intervalText(name, metric)}`;
      return [labelOf(name), text.trimEnd(), countText(metric.n)];
    }),
  };
}

/**
 * Models on one set, a row each, the highest ASMA first, then by name; without the columns in which
 * none has images.
 *
 * @param between what stands between a value and its interval; without it there are no intervals
 */
export function modelsTable(scorecards: readonly NewScorecard[], between?: string): TextTable {
  const listed = [...scorecards].sort(byAsma);
  const columns = columnsOf(scorecards).filter((name) =>
    listed.some(({ metrics }) => (metricOf(metrics, name)?.n ?? 0) > 0),
  );
  return {
    head: ['model', ...columns.map(labelOf)],
    rows: listed.map(({ model, metrics }) => [
      model.name,
      ...columns.map((name) => {
        const metric = metricOf(metrics, name);
        const interval = metric && between !== undefined ? intervalText(name, metric) : '';
        const value = valueText(name, metric?.value ?? null);
        return interval === '' ? value : `${value}${between!}${interval}`;
      }),
    ]),
  };
}

/** Scorecards as numbers: a row each, with the same columns for every set and model. */
export function scorecardsCsvTable(scorecards: readonly NewScorecard[]): TextTable {
  const names = allMetricNames(largestGroup(scorecards));
  return {
    head: [
      'model',
      'set',
      ...names.flatMap((name) => [name, ...PARTS.map((part) => `${name}_${part}`)]),
    ],
    rows: [...scorecards].sort(byAsma).map(({ model, set, metrics }) => [
      model.name,
      set.name,
      ...names.flatMap((name) => {
        const metric = metricOf(metrics, name);
        return (['value', ...PARTS] as const).map((part) => String(metric?.[part] ?? ''));
      }),
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
  const reasons = new Map<string, Set<string>>();
  for (const { unavailable } of scorecards) {
    for (const [name, reason] of Object.entries(unavailable)) {
      if (name === TWICE) continue;
      reasons.set(reason, (reasons.get(reason) ?? new Set()).add(labelOf(name)));
    }
  }
  return [
    `${set.name}, labels: ${set.rule}, ${imagesText(set)}${unlabelled}; ` +
      `intervals: ${level} bootstrap, ${countText(options.resamples)} resamples, ` +
      `seed ${options.seed}; variable top-k: ${options.variableTopKRule} of the labels found.`,
    ...(leftOut.length > 0 ? [`Images left out: ${leftOutText}.`] : []),
    ...[...reasons].map(([reason, names]) => `Not there: ${[...names].join(', ')} (${reason}).`),
  ];
}

/** `100 of 1,200 images` where a limit was given. */
function imagesText({ images, leftOut }: NewScorecard['set']): string {
  const beyond = leftOut['beyond-limit'] ?? 0;
  const all = beyond > 0 ? ` of ${countText(images + beyond)}` : '';
  return `${countText(images)}${all} images`;
}

function columnsOf(scorecards: readonly NewScorecard[]): string[] {
  const names = allMetricNames(largestGroup(scorecards));
  return names.filter((name) => name.startsWith('A_') || LISTED.includes(name)).sort(inListed);
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
