import { type ReportForm, writeReport } from '../files/owned-folder.js';
import { countText, inMarkdown, toCsvTable, toMarkdownTable, type TextTable } from '../text.js';
import type { ModelComparison } from './compare-models.js';
import { GAP_METRICS, type SetComparison } from './compare-sets.js';
import { COMPARED_METRICS, type ComparedWith, type LeftOut } from './compared.js';
import { differenceText, intervalText, labelOf, valueText } from './metric-text.js';
import { modelsTable, scorecardNotes, scorecardsCsvTable } from './scorecard-table.js';
import type { NewScorecard } from './scorecard.js';

/** Models against baselines: a pair a row, differences in points with their intervals. */
export function pairsTable({ pairs }: ModelComparison): TextTable {
  const columns = COMPARED_METRICS.filter((name) =>
    pairs.some(({ differences }) => (differences[name]?.n ?? 0) > 0),
  );
  const tested = pairs[0]?.mcnemar.metric ?? 'top1';
  return {
    head: ['model', 'minus', ...columns.map(labelOf), `McNemar, ${labelOf(tested)}`],
    rows: pairs.map(({ model, baseline, differences, mcnemar }) => [
      model,
      baseline,
      ...columns.map((name) => withInterval(name, differences[name])),
      `${mcnemar.onlyModel} : ${mcnemar.onlyBaseline}\np ${pValueText(mcnemar.pValue)}`,
    ]),
  };
}

/** How alike metrics order the models. */
export function correlationsTable({ correlations }: ModelComparison): TextTable {
  return {
    head: ['metrics', 'Spearman', 'Kendall'],
    rows: correlations.map(({ first, second, spearman, kendall }) => [
      `${labelOf(first)}, ${labelOf(second)}`,
      ...[spearman, kendall].map((value) => value?.toFixed(3) ?? '-'),
    ]),
  };
}

/** Gaps between two sets: a model a row. */
export function gapsTable({ models }: SetComparison): TextTable {
  const columns = GAP_METRICS.filter((name) => models.some(({ gaps }) => gaps[name]));
  return {
    head: ['model', ...columns.map(labelOf)],
    rows: models.map(({ model, gaps }) => [
      model,
      ...columns.map((name) => {
        const gap = gaps[name];
        if (!gap) return '-';
        const sides = `${valueText(name, gap.first)} - ${valueText(name, gap.second)}`;
        return `${sides}\n${withInterval(name, gap)}`;
      }),
    ]),
  };
}

/** How many images of two sets have how many labels. */
export function labelCountsTable({ first, second }: SetComparison): TextTable {
  const most = Math.max(first.labelCounts.length, second.labelCounts.length);
  const rows = Array.from({ length: most }, (_, k) => [
    String(k),
    ...[first, second].map(({ labelCounts, images }) => {
      const count = labelCounts[k] ?? 0;
      return `${countText(count)} (${valueText('', images === 0 ? null : count / images)})`;
    }),
  ]);
  return { head: ['labels', first.name, second.name], rows };
}

/** What a comparison is of. */
export function comparisonNotes({ set, options, pairs }: ModelComparison): string[] {
  return [
    `Differences in points on ${set.name} (${countText(set.images)} images, labels: ${set.rule}); ` +
      `paired bootstrap, ${optionsText(options)}. ` +
      'McNemar: images only the model : only the baseline gets right, exact two-sided p.',
    ...leftOutNotes(pairs.map(({ leftOut }) => leftOut)),
  ];
}

const TWO_RULES =
  "Warning: the sets' labels are of two rules; gaps in variable top-k and ASMA are also gaps " +
  'between the rules.';

/** What a gap is of. */
export function gapNotes({ first, second, options, models, unmatched }: SetComparison): string[] {
  const only = [
    [first.name, unmatched.first],
    [second.name, unmatched.second],
  ] as const;
  const areOfTwoRules = first.rule !== second.rule;
  return [
    `Gaps in points, ${first.name} (labels: ${first.rule}) minus ${second.name} ` +
      `(labels: ${second.rule}); both resampled, ${optionsText(options)}.`,
    ...(areOfTwoRules ? [TWO_RULES] : []),
    ...leftOutNotes(models.map(({ leftOut }) => leftOut)),
    ...only.flatMap(([name, names]) =>
      names.length === 0 ? [] : [`Only on ${name}: ${names.join(', ')}.`],
    ),
  ];
}

/** Pairs as numbers: a row a pair and a metric. */
function pairsCsvTable({ set, pairs }: ModelComparison): TextTable {
  return {
    head: [
      ...['set', 'model', 'baseline', 'metric', 'difference', 'low', 'high', 'n'],
      ...['only_model', 'only_baseline', 'p_value'],
    ],
    rows: pairs.flatMap(({ model, baseline, differences, mcnemar }) =>
      COMPARED_METRICS.flatMap((name) => {
        const difference = differences[name];
        if (!difference) return [];
        const { value, low, high, n } = difference;
        const { onlyModel, onlyBaseline, pValue } = mcnemar;
        const test = mcnemar.metric === name ? [onlyModel, onlyBaseline, pValue] : ['', '', ''];
        return [[set.name, model, baseline, name, value, low, high, n, ...test].map(cell)];
      }),
    ),
  };
}

/** Gaps as numbers: a row a model and a metric. */
function gapsCsvTable({ first, second, models }: SetComparison): TextTable {
  return {
    head: [
      ...['model', 'metric', 'first_set', 'second_set', 'first', 'second'],
      ...['gap', 'low', 'high', 'first_n', 'second_n'],
    ],
    rows: models.flatMap(({ model, gaps }) =>
      GAP_METRICS.flatMap((name) => {
        const gap = gaps[name];
        if (!gap) return [];
        const numbers = [gap.first, gap.second, gap.value, gap.low, gap.high, ...gap.n];
        return [[model, name, first.name, second.name, ...numbers].map(cell)];
      }),
    ),
  };
}

type Measured = Record<'value' | 'low' | 'high', number | null>;

function withInterval(name: string, measured: Measured | undefined): string {
  if (!measured) return '-';
  return `${differenceText(name, measured.value)} ${intervalText(name, measured)}`.trimEnd();
}

function pValueText(value: number): string {
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

function optionsText({ level, resamples, seed, maxGroup }: ComparedWith): string {
  const share = Number((100 * level).toFixed(2));
  return `${share}% intervals, ${countText(resamples)} resamples, seed ${seed}; subgroups up to ${maxGroup} labels`;
}

function leftOutNotes(all: readonly LeftOut[]): string[] {
  const notes = all.flatMap((leftOut) =>
    Object.entries(leftOut).map(([name, reason]) => `${labelOf(name)} left out: ${reason}.`),
  );
  return [...new Set(notes)];
}

function cell(value: string | number | null): string {
  return String(value ?? '');
}

const COMPARISON_FORM: ReportForm = {
  main: 'comparison.json',
  format: 'patchml-comparison',
  others: ['comparison.md', 'comparison.csv', 'models.csv'],
  code: 'output-not-comparison',
};

const GAP_FORM: ReportForm = {
  main: 'gap.json',
  format: 'patchml-gap',
  others: ['gap.md', 'gap.csv'],
  code: 'output-not-comparison',
};

/** A comparison of models to write. */
export interface WriteModelComparisonInput {
  /** The folder. */
  out: string;
  comparison: ModelComparison;
  /** Of the models compared. */
  scorecards: readonly NewScorecard[];
}

/**
 * Writes `comparison.json`, `comparison.md`, `comparison.csv` (a row a pair and a metric) and
 * `models.csv` (a row a model), all or nothing, in place of an earlier comparison.
 *
 * @throws OutputError where the folder cannot be written, or holds other files
 */
export async function writeModelComparison({
  out,
  comparison,
  scorecards,
}: WriteModelComparisonInput): Promise<void> {
  const { correlations, set } = comparison;
  await writeReport(out, COMPARISON_FORM, {
    main: comparison,
    texts: {
      'comparison.md': markdown(
        `Models on ${set.name}`,
        modelsTable(scorecards, ' '),
        scorecardNotes(scorecards),
        pairsTable(comparison),
        comparisonNotes(comparison),
        ...(correlations.length > 0 ? [correlationsTable(comparison)] : []),
      ),
      'comparison.csv': toCsvTable(pairsCsvTable(comparison)),
      'models.csv': toCsvTable(scorecardsCsvTable(scorecards)),
    },
  });
}

/** A comparison of sets to write. */
export interface WriteSetComparisonInput {
  /** The folder. */
  out: string;
  comparison: SetComparison;
}

/**
 * Writes `gap.json`, `gap.md` and `gap.csv` (a row a model and a metric), all or nothing, in place of
 * an earlier gap.
 *
 * @throws OutputError where the folder cannot be written, or holds other files
 */
export async function writeSetComparison({
  out,
  comparison: gap,
}: WriteSetComparisonInput): Promise<void> {
  await writeReport(out, GAP_FORM, {
    main: gap,
    texts: {
      'gap.md': markdown(
        `${gap.first.name} and ${gap.second.name}`,
        gapsTable(gap),
        gapNotes(gap),
        labelCountsTable(gap),
      ),
      'gap.csv': toCsvTable(gapsCsvTable(gap)),
    },
  });
}

function markdown(title: string, ...parts: (TextTable | readonly string[])[]): string {
  const blocks = parts.flatMap((part) =>
    'head' in part ? [toMarkdownTable(part).trimEnd()] : part.map(inMarkdown),
  );
  return `${[`# ${inMarkdown(title)}`, ...blocks].join('\n\n')}\n`;
}
