import { classNameOf } from '../imagenet/synsets.js';
import { countText, type TextTable } from '../text.js';
import type { ClassMetric, ObjectMetric, ObjectScores, RecallGivenAlone } from './details.js';
import { MARK } from './scorecard-table.js';
import { intervalText, valueText } from './metric-text.js';
import type { NewScorecard } from './scorecard.js';

/** A table with its heading. */
export interface TitledTable {
  title: string;
  table: TextTable;
}

/** What a scorecard says beside its metrics, for people; tables that would be empty are left out. */
export function detailsTables({
  objects,
  classes,
  pairs,
  confusions,
}: Pick<NewScorecard, 'objects' | 'classes' | 'pairs' | 'confusions'>): TitledTable[] {
  const tables = [
    ...(objects ? objectTables(objects) : []),
    {
      title: 'Classes of the highest recall',
      table: classTable(classes?.best ?? []),
    },
    {
      title: 'Classes of the lowest recall',
      table: classTable(classes?.worst ?? []),
    },
    {
      title: 'Pairs of classes in two images or more of two labels',
      table: {
        head: ['classes', 'recall', 'images', 'of the first', 'of the second'],
        rows: (pairs?.commonest ?? [])
          .filter(({ n }) => n > 1)
          .map(({ classes: [a, b], each, ...pair }) => [
            `${className(a)}, ${className(b)}`,
            recallText(pair),
            countText(pair.n),
            ...each.map((share) => valueText('', share)),
          ]),
      },
    },
    {
      title: 'Commonest confusions',
      table: {
        head: ['missed', 'predicted instead', 'images', 'of'],
        rows: (confusions?.commonest ?? [])
          .slice(0, 20)
          .map(({ label, predicted, n, of }) => [
            className(label),
            className(predicted),
            countText(n),
            countText(of),
          ]),
      },
    },
  ];
  return tables.filter(({ table }) => table.rows.length > 0);
}

function objectTables(objects: ObjectScores): TitledTable[] {
  const isScatter = objects.layout === 'scatter';
  return [
    {
      title: 'Recall of objects by the number of labels',
      table: recallTable('k', objects.byCount, ({ group }) => group),
    },
    {
      title: 'Recall of objects given whether their patch is recognised alone',
      table: givenAloneTable(objects.givenAlone?.byCount ?? []),
    },
    {
      title: `Recall of objects by ${isScatter ? 'third of the safe area' : 'cell'}`,
      table: recallTable(
        'position',
        objects.byPosition,
        ({ columns, rows, column, row }) =>
          `row ${row + 1}, column ${column + 1} of ${columns} x ${rows}`,
      ),
    },
    {
      title: 'Recall of objects by the side they are painted in',
      table: recallTable('side', objects.bySide, sideText),
    },
    {
      title: 'Recall of objects by the number of labels and the side they are painted in',
      table: recallTable(
        'k, side',
        objects.byCountAndSide,
        (each) => `k = ${each.group}, ${sideText(each)}`,
      ),
    },
  ];
}

function recallTable<Of extends ObjectMetric>(
  name: string,
  recalls: readonly Of[],
  nameOf: (of: Of) => string,
): TextTable {
  return {
    head: [name, 'recall', 'objects', 'images', 'chance'],
    rows: recalls.map((each) => [
      nameOf(each),
      recallText(each),
      countText(each.n),
      countText(each.images),
      valueText('', each.chance),
    ]),
  };
}

function givenAloneTable(groups: readonly RecallGivenAlone[]): TextTable {
  return {
    head: [
      ...['k', 'recall', 'recognised alone', 'recall of these', 'recall of the others'],
      ...['objects', 'recognised', 'without'],
    ],
    rows: groups.map(({ group, recall, alone, givenAlone, givenNotAlone, without }) => [
      group,
      ...[recall, alone, givenAlone, givenNotAlone].map(recallText),
      ...[recall.n, givenAlone.n, without.n].map(countText),
    ]),
  };
}

function classTable(classes: readonly ClassMetric[]): TextTable {
  return {
    head: ['class', 'recall', 'images', 'chance'],
    rows: classes.map((each) => [
      className(each.class),
      recallText(each),
      countText(each.n),
      valueText('', each.chance),
    ]),
  };
}

/** A class by its name and its index. */
function className(index: number): string {
  return `${classNameOf(index)} [${index}]`;
}

/** `48 to 64 px`; the last bin has no end. */
function sideText({ from, to }: { from: number; to: number | null }): string {
  return to === null ? `${from} px and more` : `${from} to ${to} px`;
}

/** With its interval, or marked where it is of too few images for one. */
function recallText(recall: Pick<ObjectMetric, 'value' | 'low' | 'high'>): string {
  const { value } = recall;
  if (value === null) return '-';
  return `${valueText('', value)} ${intervalText('', recall) || MARK}`;
}
