import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetSummary } from '../dataset/dataset-files.js';
import { diffToMarkdown } from './diff-text.js';
import type { DatasetDiff } from './diff-datasets.js';
import type { ReleaseSummary } from './release-files.js';

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
  const text = await readFile(join(folder, CHANGELOG_FILE), 'utf8');
  const first = text.search(/^## /m);
  return first < 0 ? '' : text.slice(first);
}
