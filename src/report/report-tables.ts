import { countText } from '../text.js';
import { intervalText, labelOf, namedOf, valueText } from '../score/metric-text.js';
import { isListed, scorecardNotes } from '../score/scorecard-table.js';
import { listMetrics, metricOf, type Scorecard } from '../score/scorecard.js';
import type { ReportSet } from './report-sets.js';

/** A metric in the table of a set. */
interface TableColumn {
  name: string;
  label: string;
  /** Whether it is shown before all metrics are asked for. */
  isListed: boolean;
}

/** A metric of a model. */
interface TableCell {
  value: number | null;
  text: string;
  /** `[69.0, 73.5]`; empty where there is none. */
  interval: string;
  /** Images in it, as text. */
  n: string;
  /** Whether these are too few for an interval. */
  isFew: boolean;
}

/** The scorecards of a set, a row each. */
export interface ScoreTable {
  set: string;
  columns: TableColumn[];
  /** A cell for each column; null where the model lacks the metric. */
  rows: { model: string; cells: (TableCell | null)[] }[];
  /** What a random ranking reaches in each column; empty where it is not known. */
  chance: string[];
  /** The lines below the table. */
  notes: string[];
}

/** The table of a set's scorecards, with every metric that one of them has. */
export function makeScoreTable({ name, runs }: ReportSet): ScoreTable {
  const scorecards = runs.map(({ scorecard }) => scorecard);
  const named = namedOf(scorecards);
  const present = new Set(
    scorecards.flatMap((scorecard) =>
      listMetrics(scorecard)
        .filter(([, { n }]) => n > 0)
        .map(([metric]) => metric),
    ),
  );
  const columns = [
    ...new Set(scorecards.flatMap((each) => listMetrics(each).map(([metric]) => metric))),
  ]
    .filter((metric) => present.has(metric))
    .map((metric) => ({
      name: metric,
      label: labelOf(metric, named),
      isListed: isListed(metric),
    }));
  const levels = scorecards.find(({ chance }) => chance)?.chance?.all.metrics;
  return {
    set: name,
    columns,
    rows: scorecards.map((scorecard) => ({
      model: scorecard.model.name,
      cells: columns.map(({ name: metric }) => cellOf(scorecard, metric)),
    })),
    chance: columns.map(({ name: metric }) => {
      const level = levels?.[metric];
      return level === undefined ? '' : valueText(metric, level);
    }),
    notes: scorecardNotes(scorecards),
  };
}

function cellOf({ metrics, options }: Scorecard, name: string): TableCell | null {
  const metric = metricOf(metrics, name);
  if (!metric || metric.n === 0) return null;
  return {
    value: metric.value,
    text: valueText(name, metric.value),
    interval: intervalText(name, metric),
    n: countText(metric.n),
    isFew: metric.value !== null && metric.n < options.minImages,
  };
}

/** Where scores come from: names and what they are, a block for each model on each set. */
export interface Provenance {
  model: string;
  set: string;
  facts: { name: string; value: string }[];
}

/** What determines the scores of a set; no path of the machine, and no time. */
export function provenanceOf({ name, runs }: ReportSet): Provenance[] {
  return runs.map(({ scorecard }) => {
    const { model, set, predictions, preprocessing, scores, options, patchml } = scorecard;
    const facts: [string, string | undefined][] = [
      ['model, SHA-256', model.digest],
      ['run by', model.provider],
      ['predictions, SHA-256', predictions.sha256],
      ['preprocessing', preprocessing && JSON.stringify(preprocessing)],
      ['scores', scores],
      ['set, digest', set.digest],
      ['labels', set.rule],
      ['images', countText(set.images)],
      ['images with labels', countText(set.labelled)],
      ['left out', JSON.stringify(set.leftOut)],
      ['hit rule', options.variableTopKRule],
      [
        'intervals',
        `${100 * options.level}% ${options.interval}, ${countText(options.resamples)} resamples, seed ${options.seed}; none below ${options.minImages} images`,
      ],
      ['images.csv, SHA-256', scorecard.imagesSha256],
      ['scored by patchml', patchml],
    ];
    return {
      model: model.name,
      set: name,
      facts: facts.flatMap(([fact, value]) => (value === undefined ? [] : [{ name: fact, value }])),
    };
  });
}
