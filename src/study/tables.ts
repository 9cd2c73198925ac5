import { differenceText, labelOf, type NamedOf, valueText } from '../score/metric-text.js';
import { rangeText } from '../score/scorecard-table.js';
import {
  countText,
  inMarkdown,
  type TextTable,
  toCsvTable,
  toLatexTable,
  toMarkdownTable,
} from '../text.js';
import type { StudyResults } from './results.js';
import {
  differenceCell,
  intervalNotes,
  leftOutNotes,
  namedIn,
  numberCell,
  type StudyResultsSet,
  valueCell,
} from './table-cells.js';

/** One table of a study, for people and for programs. */
export interface StudyTable {
  /** Its files' name, without extension. */
  name: string;
  caption: string;
  /** With intervals in the cells. */
  text: TextTable;
  /** One number a row. */
  csv: TextTable;
  notes: string[];
}

/** All tables of a study. */
export function studyTables(results: StudyResults): StudyTable[] {
  return [
    ...results.sets.map((set) => scoresTable(results, set)),
    ...results.gaps.map((gap) => gapTable(results, gap)),
    ...meanGapsTable(results),
    ...results.sets.flatMap((set) => differencesTable(results, set)),
    labelCountsTable(results),
    ...subgroupsTable(results),
    ...correlationsTable(results),
  ];
}

/** The files of a table, by name. */
export function tableFiles(table: StudyTable, study: string): Record<string, string> {
  const { name, caption, text, csv, notes } = table;
  const parts = [
    `# ${inMarkdown(caption)}`,
    toMarkdownTable(text).trimEnd(),
    ...notes.map(inMarkdown),
  ];
  const said = [caption, ...notes].join(' ');
  return {
    [`${name}.csv`]: toCsvTable(csv),
    [`${name}.md`]: `${parts.join('\n\n')}\n`,
    [`${name}.tex`]: toLatexTable(text, { caption: said, label: `tab:${study}-${name}` }),
  };
}

function scoresTable(results: StudyResults, set: StudyResultsSet): StudyTable {
  const scores = results.scores.filter((each) => each.set === set.name);
  const columns = results.columns.filter((name) => scores.some(({ metrics }) => metrics[name]));
  const named = namedIn([set]);
  return {
    name: `scores-${set.name}`,
    caption: `Models on ${set.name} (${countText(set.images)} images, labels: ${set.rule}).`,
    text: {
      head: ['model', ...columns.map((name) => labelOf(name, named))],
      rows: [
        [
          'images',
          ...columns.map((name) => rangeText(scores.map(({ metrics }) => metrics[name]?.n))),
        ],
        ...scores.map(({ model, metrics }) => [
          model,
          ...columns.map((name) => valueCell(results, name, metrics[name])),
        ]),
      ],
    },
    csv: {
      head: ['set', 'model', 'metric', 'value', 'low', 'high', 'n'],
      rows: scores.flatMap(({ model, metrics }) =>
        columns.flatMap((name) => {
          const found = metrics[name];
          if (!found) return [];
          const { value, low, high, n } = found;
          return [[set.name, model, name, ...[value, low, high, n].map(numberCell)]];
        }),
      ),
    },
    notes: [...intervalNotes(results), ...leftOutNotes(results, set.name)],
  };
}

function gapTable(results: StudyResults, gap: StudyResults['gaps'][number]): StudyTable {
  const { first, second, models, mean } = gap;
  const columns = results.columns.filter((name) => mean[name] !== undefined);
  const named = namedInGap(results, gap);
  const images = (side: 0 | 1): string[] =>
    columns.map((name) => rangeText(models.map(({ gaps }) => gaps[name]?.n[side])));
  return {
    name: `gaps-${first}-${second}`,
    caption: `Gaps in points: ${first} minus ${second}.`,
    text: {
      head: ['model', ...columns.map((name) => labelOf(name, named))],
      rows: [
        [`images, ${first}`, ...images(0)],
        [`images, ${second}`, ...images(1)],
        ...models.map(({ model, gaps }) => [
          model,
          ...columns.map((name) => differenceCell(results, name, gaps[name])),
        ]),
        ...(models.length < 2
          ? []
          : [
              [
                `mean of ${models.length}`,
                ...columns.map((name) => differenceCell(results, name, mean[name])),
              ],
            ]),
      ],
    },
    csv: {
      head: [
        ...['model', 'metric', 'first_set', 'second_set', 'first', 'second'],
        ...['gap', 'low', 'high', 'first_n', 'second_n'],
      ],
      rows: models.flatMap(({ model, gaps }) =>
        Object.entries(gaps).map(([name, each]) => [
          ...[model, name, first, second],
          ...[each.first, each.second, each.value, each.low, each.high, ...each.n].map(numberCell),
        ]),
      ),
    },
    notes: [
      ...(named.rules[0] === named.rules[1]
        ? []
        : [`The labels follow two rules, ${named.rules.join(' and ')}.`]),
      ...intervalNotes(results),
      ...[first, second].flatMap((set) => leftOutNotes(results, set)),
    ].filter((note, at, all) => all.indexOf(note) === at),
  };
}

/** The mean gap of the models in each metric, of all pairs of sets. */
function meanGapsTable(results: StudyResults): StudyTable[] {
  const gaps = results.gaps.filter(({ models }) => models.length > 1);
  if (gaps.length === 0) return [];
  const rows = gaps.flatMap((gap) => {
    const { first, second, mean } = gap;
    const named = namedInGap(results, gap);
    return results.columns.flatMap((name) => {
      const found = mean[name];
      return found ? [{ first, second, name, label: labelOf(name, named), ...found }] : [];
    });
  });
  return [
    {
      name: 'mean-gaps',
      caption: 'Gaps in points, mean of the models.',
      text: {
        head: ['first', 'second', 'metric', 'models', 'mean gap', 'smallest', 'largest'],
        rows: rows.map(({ first, second, name, label, models, least, most, ...found }) => [
          ...[first, second, label, String(models), differenceCell(results, name, found)],
          ...[least, most].map((gap) => differenceText(name, gap)),
        ]),
      },
      csv: {
        head: [
          ...['first_set', 'second_set', 'metric', 'models'],
          ...['gap', 'low', 'high', 'smallest', 'largest'],
        ],
        rows: rows.map(({ first, second, name, models, value, low, high, least, most }) => [
          ...[first, second, name],
          ...[models, value, low, high, least, most].map(numberCell),
        ]),
      },
      notes: [
        'The interval is of the mean of these models over resampled images; the smallest and the largest gap are those of single models.',
        ...intervalNotes(results),
      ],
    },
  ];
}

/** What metrics of a gap are called. */
function namedInGap({ sets }: StudyResults, gap: StudyResults['gaps'][number]): NamedOf {
  const of = [gap.first, gap.second].map((name) => sets.find((set) => set.name === name)!);
  return { rules: of.map(({ rule }) => rule), subgroups: gap.subgroups };
}

function differencesTable(results: StudyResults, set: StudyResultsSet): StudyTable[] {
  const pairs = results.differences.filter((each) => each.set === set.name);
  const [pair] = pairs;
  if (!pair) return [];
  const { baseline } = pair;
  const columns = Object.keys(pair.differences).filter((name) => pair.differences[name]!.n > 0);
  const named = namedIn([set]);
  return [
    {
      name: `differences-${set.name}`,
      caption: `Differences from ${baseline} on ${set.name}, in points, on the same images.`,
      text: {
        head: ['model', ...columns.map((name) => labelOf(name, named)), 'McNemar p'],
        rows: pairs.map(({ model, differences, mcnemar }) => [
          model,
          ...columns.map((name) => differenceCell(results, name, differences[name])),
          mcnemar.pValue < 0.001 ? '< 0.001' : mcnemar.pValue.toFixed(3),
        ]),
      },
      csv: {
        head: ['set', 'model', 'baseline', 'metric', 'difference', 'low', 'high', 'n', 'p_value'],
        rows: pairs.flatMap(({ model, differences, mcnemar }) =>
          Object.entries(differences).map(([name, { value, low, high, n }]) => [
            ...[set.name, model, baseline, name],
            ...[value, low, high, n].map(numberCell),
            mcnemar.metric === name ? String(mcnemar.pValue) : '',
          ]),
        ),
      },
      notes: [
        ...intervalNotes(results),
        `McNemar: exact, two-sided, ${labelOf(pair.mcnemar.metric, named)}.`,
      ],
    },
  ];
}

function labelCountsTable({ sets }: StudyResults): StudyTable {
  const most = Math.max(...sets.map(({ labelCounts }) => labelCounts.length));
  const numbers = Array.from({ length: most }, (_, k) => k).filter((k) =>
    sets.some(({ labelCounts }) => (labelCounts[k] ?? 0) > 0),
  );
  return {
    name: 'label-counts',
    caption: 'Images by their number of labels.',
    text: {
      head: ['labels', ...sets.map(({ name }) => name)],
      rows: numbers.map((k) => [
        String(k),
        ...sets.map(({ labelCounts, images }) => {
          const count = labelCounts[k] ?? 0;
          return count === 0 ? '0' : `${countText(count)} (${valueText('', count / images)})`;
        }),
      ]),
    },
    csv: {
      head: ['set', 'labels', 'images', 'share'],
      rows: sets.flatMap(({ name, labelCounts, images }) =>
        labelCounts.map((count, k) => [name, k, count, count / images].map(String)),
      ),
    },
    notes: [],
  };
}

/** More models than this are shown by their mean alone. */
const MANY = 12;

/** A_k beside the size that objects are painted in, which may fall with k: of PatchML sets. */
function subgroupsTable(results: StudyResults): StudyTable[] {
  const rows = results.sets.flatMap(({ name: set, meanSide = {}, labelCounts }) => {
    const scores = results.scores.filter((each) => each.set === set);
    return Object.entries(meanSide).flatMap(([k, side]) => {
      const values = scores.map(({ metrics }) => metrics[`A_${k}`]?.value);
      const found = values.filter((value) => typeof value === 'number');
      if (found.length === 0) return [];
      const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
      return [{ set, k, side, images: labelCounts[Number(k)] ?? 0, mean, scores }];
    });
  });
  if (rows.length === 0) return [];
  const models = results.models.map(({ name }) => name);
  const shown = models.length > MANY ? [] : models;
  const isOne = models.length === 1;
  return [
    {
      name: 'subgroups',
      caption: 'A_k by the number of objects k and the side they are painted in (mean, px).',
      text: {
        head: ['set', 'k', 'side', 'images', ...(isOne ? [] : ['mean']), ...shown],
        rows: rows.map(({ set, k, side, images, mean, scores }) => [
          ...[set, k, side.toFixed(1), countText(images)],
          ...(isOne ? [] : [valueText('', mean)]),
          ...shown.map((model) =>
            valueCell(results, '', scores.find((each) => each.model === model)?.metrics[`A_${k}`]),
          ),
        ]),
      },
      csv: {
        head: ['set', 'k', 'side', 'model', 'value', 'low', 'high', 'n'],
        rows: rows.flatMap(({ set, k, side, scores }) =>
          scores.flatMap(({ model, metrics }) => {
            const found = metrics[`A_${k}`];
            if (!found) return [];
            const { value, low, high, n } = found;
            return [[set, k, String(side), model, ...[value, low, high, n].map(numberCell)]];
          }),
        ),
      },
      notes: intervalNotes(results),
    },
  ];
}

function correlationsTable(results: StudyResults): StudyTable[] {
  const { correlations, sets } = results;
  if (correlations.length === 0) return [];
  const label = ({ set, metric }: (typeof correlations)[number]['first']): string => {
    const found = sets.filter(({ name }) => name === set);
    return `${labelOf(metric, namedIn(found))}, ${set}`;
  };
  return [
    {
      name: 'correlations',
      caption: 'Rank correlations: how alike two metrics, or two sets, order the models.',
      text: {
        head: ['first', 'second', 'Spearman', 'Kendall', 'models'],
        rows: correlations.map(({ first, second, spearman, kendall, models }) => [
          ...[label(first), label(second)],
          ...[spearman, kendall].map((value) => value?.toFixed(3) ?? '-'),
          String(models),
        ]),
      },
      csv: {
        head: [
          ...['first_set', 'first_metric', 'second_set', 'second_metric'],
          ...['spearman', 'kendall', 'models'],
        ],
        rows: correlations.map(({ first, second, spearman, kendall, models }) => [
          ...[first.set, first.metric, second.set, second.metric],
          ...[spearman, kendall, models].map(numberCell),
        ]),
      },
      notes: [],
    },
  ];
}
