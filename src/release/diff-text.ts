import { join } from 'node:path';
import type { DatasetSummary } from '../dataset/dataset.js';
import { byteOrder } from '../files/listing.js';
import { readRegularText } from '../files/read-file.js';
import {
  countText,
  inMarkdown,
  toMarkdownTable,
  toTerminalTable,
  type TextTable,
  countOf,
  jsonText,
} from '../text.js';
import type { DatasetDiff, DiffSide, ImageChanges } from './diff.js';
import type { ReleaseSummary } from './release-folder.js';

/** Ids shown of each kind of change; the rest is counted. */
const SHOWN = 5;

/** A diff for the terminal. */
export function diffToText(diff: DatasetDiff): string {
  return [
    toTerminalTable(statisticsTable(diff)),
    ...recipeLines(diff, ({ field, before, after }) => `${field}: ${before} -> ${after}`),
    ...imageLines(diff.images),
  ].join('\n');
}

/** A diff as Markdown, without a heading: a part of a changelog. */
export function diffToMarkdown(diff: DatasetDiff): string {
  const inCode = (text: string): string => `\`${text.replaceAll('`', "'")}\``;
  const changes = [
    ...recipeLines(
      diff,
      ({ field, before, after }) => `${inCode(field)}: ${inCode(before)} to ${inCode(after)}`,
    ),
    ...imageLines(diff.images).map(inMarkdown),
  ];
  const list = changes.map((line) => `- ${line}\n`).join('');
  return `${list}\n${toMarkdownTable(statisticsTable(diff))}`;
}

/** Statistics side by side. */
function statisticsTable({ before, after }: DatasetDiff): TextTable {
  return {
    head: ['', ...[before, after].map(({ name, version }) => `${name} ${version}`)],
    rows: [
      ['images', ...both(before, after, ({ images }) => images)],
      ...rowsOf(
        before,
        after,
        'counts',
        (k) => `images of ${k} ${k === '1' ? 'patch' : 'patches'}`,
      ),
      ['classes', ...both(before, after, ({ classes }) => classes)],
      ['objects', ...both(before, after, ({ objects }) => objects)],
      ['patches drawn from', ...both(before, after, ({ patches }) => patches)],
      ...rowsOf(before, after, 'drops', (reason) => `objects dropped: ${reason}`),
      ['digest', ...[before, after].map(({ digest }) => digest.slice(0, 16))],
    ],
  };
}

function both(before: DiffSide, after: DiffSide, of: (side: DiffSide) => number): string[] {
  return [before, after].map((side) => countText(of(side)));
}

/** A row for each count that either side has. */
function rowsOf(
  before: DiffSide,
  after: DiffSide,
  field: 'counts' | 'drops',
  nameOf: (key: string) => string,
): string[][] {
  const countsOf = (side: DiffSide): Record<string, number | undefined> => side[field];
  const keys = new Set([...Object.keys(countsOf(before)), ...Object.keys(countsOf(after))]);
  const inOrder = [...keys].sort((a, b) => Number(a) - Number(b) || byteOrder(a, b));
  return inOrder.map((key) => [
    nameOf(key),
    ...both(before, after, (side) => countsOf(side)[key] ?? 0),
  ]);
}

interface FieldText {
  field: string;
  before: string;
  after: string;
}

function recipeLines({ recipe }: DatasetDiff, write: (change: FieldText) => string): string[] {
  return recipe.map(({ field, before, after }) =>
    write({ field, before: jsonText(before), after: jsonText(after) }),
  );
}

function imageLines(images: ImageChanges): string[] {
  const { added, removed, changedPixels, changedLabels, unchanged, encodedAnew } = images;
  const lines = [
    listed('added', added),
    listed('removed', removed),
    listed('changed in pixels', changedPixels),
    listed('changed in labels', changedLabels),
    unchanged > 0 ? `${countOf(unchanged, 'image')} unchanged` : undefined,
    encodedAnew > 0
      ? `${countOf(encodedAnew, 'image')} encoded again, with the same pixels`
      : undefined,
  ];
  return lines.filter((line) => line !== undefined);
}

function listed(what: string, ids: readonly string[]): string | undefined {
  if (ids.length === 0) return undefined;
  const rest = ids.length > SHOWN ? ` and ${countText(ids.length - SHOWN)} more` : '';
  return `${countOf(ids.length, 'image')} ${what}: ${ids.slice(0, SHOWN).join(', ')}${rest}`;
}

export const CHANGELOG_FILE = 'CHANGELOG.md';

/**
 * The changelog of a release: what changed since the one before, on top of that one's changelog.
 * @param previous folder of the release before, and the diff from it
 */
export async function changelogOf(
  { name, version, date }: ReleaseSummary,
  { images }: DatasetSummary,
  previous: { folder: string; diff: DatasetDiff } | undefined,
): Promise<string> {
  const heading = `# Changelog of ${name}\n\n## ${version}${date === null ? '' : ` (${date})`}\n\n`;
  if (!previous) return `${heading}First release: ${images} images.\n`;
  const { diff, folder } = previous;
  const since = `Since ${diff.before.version}:\n\n`;
  return `${heading}${since}${diffToMarkdown(diff)}\n${await entriesOf(folder)}`;
}

/** The entries of a changelog, without its heading. */
async function entriesOf(folder: string): Promise<string> {
  const text = await readRegularText(join(folder, CHANGELOG_FILE));
  const first = text.search(/^## /m);
  return first < 0 ? '' : text.slice(first);
}
