import { differenceText, intervalText, type NamedOf, valueText } from '../score/metric-text.js';
import { countText } from '../text.js';
import type { StudyResults } from './results.js';

export type StudyResultsSet = StudyResults['sets'][number];
type Measured = StudyResults['scores'][number]['metrics'][string];

/** What metrics are called: ASMA by its subgroups, where images of the set are not in it. */
export function namedIn(sets: readonly StudyResultsSet[]): NamedOf {
  const rules = sets.map(({ rule }) => rule);
  const part = sets.find(({ labelCounts, subgroups }) =>
    labelCounts.some(
      (images, k) => k > 0 && images > 0 && !subgroups.some((name) => holds(name, k)),
    ),
  );
  return { rules, subgroups: part?.subgroups };
}

function holds(subgroup: string, k: number): boolean {
  const from = Number(/\d+/.exec(subgroup)![0]);
  return subgroup.startsWith('A_>') ? k > from : k === from;
}

/** As CSV has a number; empty where there is none. */
export function numberCell(value: number | null): string {
  return value === null ? '' : String(value);
}

/** A value with its interval; `-` where it was not measured. */
export function valueCell(
  results: StudyResults,
  name: string,
  measured: Measured | undefined,
): string {
  if (!measured) return '-';
  return `${valueText(name, measured.value)}${intervalCell(results, name, measured)}`;
}

/** A difference with its interval; `-` where it was not measured. */
export function differenceCell(
  results: StudyResults,
  name: string,
  measured: Pick<Measured, 'value' | 'low' | 'high'> | undefined,
): string {
  if (!measured) return '-';
  return `${differenceText(name, measured.value)}${intervalCell(results, name, measured)}`;
}

/** What marks a number about too few images for an interval. */
const MARK = ' *';

function intervalCell(
  { interval }: StudyResults,
  name: string,
  { value, low, high }: Pick<Measured, 'value' | 'low' | 'high'>,
): string {
  if (value === null) return '';
  if (low === null || high === null) return MARK;
  if (interval === 'none') return '';
  if (interval === 'range') return ` ${intervalText(name, { low, high })}`;
  return ` ± ${valueText(name, (high - low) / 2).replace('%', '')}`;
}

/** What brackets, ± and * in the cells mean. */
export function intervalNotes({ interval, options }: StudyResults): string[] {
  const { level, resamples, minImages, seed } = options;
  const share = `${Number((100 * level).toFixed(2))}%`;
  const said = {
    range: `Brackets: ${share} bootstrap intervals`,
    'plus-minus': `±: half the width of the ${share} bootstrap interval`,
    none: '',
  }[interval];
  const how = said === '' ? [] : [`${said}, ${countText(resamples)} resamples, seed ${seed}.`];
  return [...how, `* fewer than ${minImages} images: no interval.`];
}

/** Which models a set's table lacks, and why. */
export function leftOutNotes({ leftOut, failures }: StudyResults, set: string): string[] {
  const isOf = (each: { set?: string | undefined }): boolean => (each.set ?? set) === set;
  return [
    ...leftOut
      .filter(isOf)
      .map(
        (each) =>
          `${each.model}${each.set === undefined ? '' : ` on ${each.set}`} left out: ${each.reason}.`,
      ),
    ...failures
      .filter((each) => each.model !== undefined && isOf(each))
      .map(({ model, code }) => `${model} failed: ${code}.`),
  ];
}
