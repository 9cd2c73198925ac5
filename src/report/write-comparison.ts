import type { GapComparison } from '../score/compare-gap.js';
import type { Comparison } from '../score/compare-scores.js';
import type { NewScorecard } from '../score/scorecard.js';
import {
  comparisonNotes,
  correlationsTable,
  gapNotes,
  gapsCsvTable,
  gapsTable,
  labelCountsTable,
  pairsCsvTable,
  pairsTable,
} from './compare-table.js';
import { inMarkdown, toCsvTable, toMarkdownTable, type TextTable } from './render-table.js';
import { type ReportForm, writeReport } from './report-folder.js';
import { modelsTable, scorecardNotes, scorecardsCsvTable } from './scorecard-table.js';

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

/**
 * Writes `comparison.json`, `comparison.md`, `comparison.csv` (a row a pair and a metric) and
 * `models.csv` (a row a model), all or nothing, in place of an earlier comparison.
 *
 * @param scorecards of the models compared
 * @throws OutputError where the folder cannot be written, or holds other files
 */
export async function writeComparison(
  folder: string,
  comparison: Comparison,
  scorecards: readonly NewScorecard[],
): Promise<void> {
  const { correlations, set } = comparison;
  await writeReport(folder, COMPARISON_FORM, {
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

/**
 * Writes `gap.json`, `gap.md` and `gap.csv` (a row a model and a metric), all or nothing, in place of
 * an earlier gap.
 *
 * @throws OutputError where the folder cannot be written, or holds other files
 */
export async function writeGap(folder: string, gap: GapComparison): Promise<void> {
  await writeReport(folder, GAP_FORM, {
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
