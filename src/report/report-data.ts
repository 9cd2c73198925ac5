import type { Figure } from './chart-data.js';
import type { ReportExamples } from './examples.js';
import type { Provenance, ScoreTable } from './report-tables.js';

/** What a report shows: what its page is given. */
export interface ReportData {
  title: string;
  patchml: string;
  models: string[];
  tables: ScoreTable[];
  figures: Figure[];
  examples: ReportExamples;
  /** Why there are no examples; null where there are. */
  noExamples: string | null;
  provenance: Provenance[];
}

/** Bytes that a report stays below: mail and browsers take such a file. */
const MOST_BYTES = 8e6;
const LIMIT_TEXT = `a report stays below ${MOST_BYTES / 1e6} MB`;

/**
 * A report's data as its page has them, with fewer examples, or charts of fewer single models, where
 * the report would be too large; it then says so.
 *
 * @param pageBytes of the page without its data
 */
export function scriptOf(data: ReportData, pageBytes: number): string {
  const room = MOST_BYTES - pageBytes;
  const full = { images: imagesIn(data.examples), models: data.models.length };
  const left = { ...full };
  for (;;) {
    const some = withOnly(data, left, full);
    const text = inScript(some);
    const bytes = Buffer.byteLength(text);
    const canLose = { images: left.images > 0, models: left.models > 1 };
    if (bytes <= room || (!canLose.images && !canLose.models)) return text;
    const ofExamples = Buffer.byteLength(inScript(some.examples));
    const part =
      canLose.images && (ofExamples > bytes / 2 || !canLose.models) ? 'images' : 'models';
    left[part] = Math.floor(left[part] / 2);
  }
}

interface Amounts {
  /** Example images. */
  images: number;
  /** Models that have charts of their own. */
  models: number;
}

function withOnly(data: ReportData, left: Amounts, full: Amounts): ReportData {
  const share = left.images / Math.max(1, full.images);
  const kept = new Set(data.models.slice(0, left.models));
  return {
    ...data,
    examples:
      share === 1
        ? data.examples
        : {
            ...data.examples,
            sets: data.examples.sets.map((set) => ({ ...set, images: spread(set.images, share) })),
            leftOut: `There were ${full.images} images in all sets, too many: ${LIMIT_TEXT}.`,
          },
    figures: data.figures.map((figure) => {
      const views = figure.views.filter(({ model }) => model === undefined || kept.has(model));
      const { length } = views;
      if (length === figure.views.length) return figure;
      const leftOut = `Charts of single models are of the first ${left.models} of ${full.models} only, by ASMA: ${LIMIT_TEXT}.`;
      return { ...figure, views, leftOut };
    }),
  };
}

function imagesIn({ sets }: ReportExamples): number {
  return sets.reduce((sum, { images }) => sum + images.length, 0);
}

/** A share of a list, from all parts of it. */
function spread<Item>(items: readonly Item[], share: number): Item[] {
  return items.filter((_, at) => Math.floor((at + 1) * share) > Math.floor(at * share));
}

/** Digits of a share: more than are shown. */
const DIGITS = 6;

/** JSON that no text in it can end or comment out. */
function inScript(data: unknown): string {
  const short = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value)
      ? Number(value.toPrecision(DIGITS))
      : value;
  return JSON.stringify(data, short).replace(
    /[<>\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
