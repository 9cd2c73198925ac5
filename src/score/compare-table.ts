import { countText, inMarkdown, toCsvTable, toMarkdownTable, type TextTable } from '../text.js';
import type { ModelComparison } from './compare-models.js';
import { GAP_METRICS, type GapMetric, type SetComparison } from './compare-sets.js';
import { COMPARED_METRICS, type ComparedWith, type LeftOut } from './compare-statistics.js';
import { differenceText, intervalText, labelOf, type NamedOf, valueText } from './metric-text.js';
import { type ResultsForm, writeResults } from './results-folder.js';
import { modelsTable, rangeText, scorecardNotes, scorecardsCsvTable } from './scorecard-table.js';
import type { NewScorecard } from './scorecard.js';

/**
 * Models against baselines: one row per pair, differences in points with their intervals, below the
 * number of images in each metric.
 */
export function pairsTable(comparison: ModelComparison): TextTable {
  const { pairs } = comparison;
  const named = namesIn(comparison, [comparison.set]);
  const columns = COMPARED_METRICS.filter((name) =>
    pairs.some(({ differences }) => (differences[name]?.n ?? 0) > 0),
  );
  const tested = pairs[0]?.mcnemar.metric ?? 'top1';
  return {
    head: [
      ...['model', ...columns.map((name) => labelOf(name, named))],
      `McNemar, ${labelOf(tested, named)}`,
    ],
    rows: [
      [
        'images',
        ...columns.map((name) => rangeText(pairs.map(({ differences }) => differences[name]?.n))),
        rangeText(pairs.map(({ mcnemar }) => mcnemar.images)),
      ],
      ...pairs.map(({ model, baseline, differences, mcnemar }) => [
        `${model}\n- ${baseline}`,
        ...columns.map((name) => withInterval(name, differences[name])),
        `${mcnemar.onlyModel} : ${mcnemar.onlyBaseline}\np ${pValueText(mcnemar.pValue)}`,
      ]),
    ],
  };
}

/** How alike metrics order the models. */
export function correlationsTable(comparison: ModelComparison): TextTable {
  const { correlations, set } = comparison;
  const named = namesIn(comparison, [set]);
  return {
    head: ['metrics', 'Spearman', 'Kendall'],
    rows: correlations.map(({ first, second, spearman, kendall }) => [
      `${labelOf(first, named)}, ${labelOf(second, named)}`,
      ...[spearman, kendall].map((value) => value?.toFixed(3) ?? '-'),
    ]),
  };
}

/** What the metrics of a comparison are called. */
function namesIn(
  { options: { subgroups } }: { options: ComparedWith },
  sets: readonly NewScorecard['set'][],
): NamedOf {
  const inThem = new Set(subgroups.flatMap((name) => positionsOf(name)));
  const isAll = sets.every(({ labelCounts }) =>
    labelCounts.every((images, k) => k === 0 || images === 0 || inThem.has(k)),
  );
  return { rules: sets.map(({ rule }) => rule), subgroups: isAll ? undefined : subgroups };

  /** The numbers of labels of a subgroup's images. */
  function positionsOf(name: string): number[] {
    const k = Number(/\d+/.exec(name)![0]);
    if (!name.startsWith('A_>')) return [k];
    const most = Math.max(...sets.map(({ labelCounts }) => labelCounts.length));
    return Array.from({ length: most }, (_, at) => at).filter((at) => at > k);
  }
}

/** The metrics of a gap that have a column: variable top-k once, of all images or of ASMA's. */
function gapColumns({ models, options }: SetComparison): GapMetric[] {
  const names = GAP_METRICS.flatMap((name): GapMetric[] =>
    name === 'asma' ? [...(options.subgroups as GapMetric[]), name] : [name],
  );
  const has = (name: GapMetric): boolean => models.some(({ gaps }) => gaps[name]);
  return names.filter((name) => has(name) && !(name.startsWith('image') && has('variableTopK')));
}

/**
 * Gaps between two sets, one row per model, and their mean, below the number of images of both sets in
 * each metric.
 *
 * @param isShort whether there are the gaps alone, without the two numbers and the interval
 */
export function gapsTable(comparison: SetComparison, isShort = false): TextTable {
  const { models, mean, first, second } = comparison;
  const columns = gapColumns(comparison);
  const named = namesIn(comparison, [first, second]);
  const rows = models.map(({ model, gaps }) => [
    model,
    ...columns.map((name) => {
      const gap = gaps[name];
      if (!gap) return '-';
      if (isShort) return differenceText(name, gap.value);
      const sides = `${valueText(name, gap.first)} - ${valueText(name, gap.second)}`;
      return `${sides}\n${withInterval(name, gap)}`;
    }),
  ]);
  const images = [0, 1].map((side) =>
    columns.map((name) => rangeText(models.map(({ gaps }) => gaps[name]?.n[side]))),
  );
  const means = columns.map((name) =>
    isShort ? differenceText(name, mean[name]?.value ?? null) : withInterval(name, mean[name]),
  );
  return {
    head: ['model', ...columns.map((name) => labelOf(name, named))],
    rows: [
      ['images', ...columns.map((_, at) => `${images[0]![at]!}\n${images[1]![at]!}`)],
      ...rows,
      ...(models.length < 2 ? [] : [[`mean of ${models.length} models`, ...means]]),
    ],
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
export function comparisonNotes(comparison: ModelComparison): string[] {
  const { set, options, pairs } = comparison;
  return [
    `Differences in points on ${set.name} (${countText(set.images)} images, labels: ${set.rule}); ` +
      `paired bootstrap, ${optionsText(options)}. ` +
      'McNemar: images only the model : only the baseline gets right, exact two-sided p.',
    ...leftOutNotes(
      pairs.map(({ leftOut }) => leftOut),
      namesIn(comparison, [set]),
      set.kind === 'patchml' ? ['top1', 'top5'] : [],
    ),
  ];
}

/** A number about labels depends on what counts as one. */
function rulesWarning({ first, second }: SetComparison): string[] {
  if (first.rule === second.rule) return [];
  return [
    `Warning: the labels follow two rules, ${first.rule} (${first.name}) and ${second.rule} ` +
      `(${second.name}); gaps in metrics of labels are also gaps between the rules.`,
  ];
}

/** What a gap is of. */
export function gapNotes(comparison: SetComparison): string[] {
  const { first, second, options, models, unmatched } = comparison;
  const named = namesIn(comparison, [first, second]);
  const only = [
    [first.name, unmatched.first],
    [second.name, unmatched.second],
  ] as const;
  return [
    `Gaps in points, ${first.name} (labels: ${first.rule}) minus ${second.name} ` +
      `(labels: ${second.rule}); both resampled, ${optionsText(options)}.`,
    ...rulesWarning(comparison),
    ...leftOutNotes(
      models.map(({ leftOut }) => leftOut),
      named,
    ),
    ...only.flatMap(([name, names]) =>
      names.length === 0 ? [] : [`Only on ${name}: ${names.join(', ')}.`],
    ),
  ];
}

/** Pairs as numbers: one row per pair and metric. */
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

/** Gaps as numbers: one row per model and metric. */
function gapsCsvTable({ first, second, models }: SetComparison): TextTable {
  return {
    head: [
      ...['model', 'metric', 'first_set', 'second_set', 'first', 'second'],
      ...['gap', 'low', 'high', 'first_n', 'second_n'],
    ],
    rows: models.flatMap(({ model, gaps }) =>
      Object.entries(gaps).flatMap(([name, gap]) => {
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
  const isFew = measured.value !== null && measured.low === null;
  const interval = isFew ? '*' : intervalText(name, measured);
  const between = isFew ? ' ' : '\n';
  return `${differenceText(name, measured.value)}${between}${interval}`.trimEnd();
}

function pValueText(value: number): string {
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

function optionsText({ level, resamples, seed, maxGroup, minImages }: ComparedWith): string {
  const share = Number((100 * level).toFixed(2));
  return `${share}% intervals, ${countText(resamples)} resamples, seed ${seed}, none (*) for fewer than ${minImages} images; subgroups up to ${maxGroup} labels`;
}

/**
 * What is left out and why, once for all models of one reason.
 *
 * @param unsaid metrics that the set can have none of
 */
function leftOutNotes(
  all: readonly LeftOut[],
  named: NamedOf,
  unsaid: readonly string[] = [],
): string[] {
  const found = new Map<string, { first: string; names: Set<string>; models: Set<LeftOut> }>();
  for (const leftOut of all) {
    for (const [name, reason] of Object.entries(leftOut)) {
      if (unsaid.includes(name)) continue;
      const ofAnyModel = reason.slice(reason.indexOf(' on '));
      const note = found.get(ofAnyModel) ?? { first: reason, names: new Set(), models: new Set() };
      found.set(ofAnyModel, note);
      note.names.add(labelOf(name, named));
      note.models.add(leftOut);
    }
  }
  return [...found.values()].map(({ first, names, models: { size } }) => {
    const others = size === 1 ? '' : `; same for ${size - 1} other${size === 2 ? '' : 's'}`;
    return `${[...names].join(', ')} left out: ${first}${others}.`;
  });
}

function cell(value: string | number | null): string {
  return String(value ?? '');
}

const COMPARISON_FORM: ResultsForm = {
  what: 'a comparison of models',
  main: 'comparison.json',
  format: 'patchml-comparison',
  others: ['comparison.md', 'comparison.csv', 'models.csv'],
  code: 'output-not-comparison',
};

const GAP_FORM: ResultsForm = {
  what: 'a comparison of sets',
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
 * Writes `comparison.json`, `comparison.md`, `comparison.csv` (one row per pair and metric) and
 * `models.csv` (one row per model), all or nothing, in place of an earlier comparison.
 *
 * @throws OutputError where the folder cannot be written, or holds other files
 */
export async function writeModelComparison({
  out,
  comparison,
  scorecards,
}: WriteModelComparisonInput): Promise<void> {
  const { correlations, set } = comparison;
  await writeResults(out, COMPARISON_FORM, {
    main: comparison,
    texts: {
      'comparison.md': markdown(
        `Models on ${set.name}`,
        modelsTable(scorecards),
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
 * Writes `gap.json`, `gap.md` and `gap.csv` (one row per model and metric), all or nothing, in place of
 * an earlier gap.
 *
 * @throws OutputError where the folder cannot be written, or holds other files
 */
export async function writeSetComparison({
  out,
  comparison: gap,
}: WriteSetComparisonInput): Promise<void> {
  await writeResults(out, GAP_FORM, {
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
