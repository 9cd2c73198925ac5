import { join } from 'node:path';
import { explainError } from '../errors.js';
import { makeFolder, toJson, writeWhole } from '../files/stage-folder.js';
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
import { modelsTable, scorecardNotes, scorecardsCsvTable } from './scorecard-table.js';

/**
 * Writes `comparison.json`, `comparison.md`, `comparison.csv` (a row a pair and a metric) and
 * `models.csv` (a row a model).
 *
 * @param scorecards of the models compared
 */
export async function writeComparison(
  folder: string,
  comparison: Comparison,
  scorecards: readonly NewScorecard[],
): Promise<void> {
  const { correlations, set } = comparison;
  await writeFiles(folder, {
    'comparison.json': toJson(comparison),
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
  });
}

/** Writes `gap.json`, `gap.md` and `gap.csv` (a row a model and a metric). */
export async function writeGap(folder: string, gap: GapComparison): Promise<void> {
  await writeFiles(folder, {
    'gap.json': toJson(gap),
    'gap.md': markdown(
      `${gap.first.name} and ${gap.second.name}`,
      gapsTable(gap),
      gapNotes(gap),
      labelCountsTable(gap),
    ),
    'gap.csv': toCsvTable(gapsCsvTable(gap)),
  });
}

async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  try {
    await makeFolder(folder);
    for (const [name, content] of Object.entries(files))
      await writeWhole(join(folder, name), content);
  } catch (error) {
    throw explainError(error, folder);
  }
}

function markdown(title: string, ...parts: (TextTable | readonly string[])[]): string {
  const blocks = parts.flatMap((part) =>
    'head' in part ? [toMarkdownTable(part).trimEnd()] : part.map(inMarkdown),
  );
  return `${[`# ${inMarkdown(title)}`, ...blocks].join('\n\n')}\n`;
}
