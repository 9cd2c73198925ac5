import { join } from 'node:path';
import type { Finding } from '../dataset/verify-dataset.js';
import { sha256File } from '../files/digest.js';
import { listFiles } from '../files/list-files.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { type Checksums, readChecksums } from './checksums.js';
import { CHANGELOG_FILE } from './changelog.js';
import { RELEASE_FILE, type ReleaseSummary, SUMS_FILE } from './release-files.js';

const REPORT_EVERY = 50;
/** What every release has, beside its dataset and exports; Croissant describes pixels. */
const REQUIRED = {
  recipe: [RELEASE_FILE, 'recipe.yaml', 'README.md', 'CITATION.cff', CHANGELOG_FILE],
  full: [
    RELEASE_FILE,
    'recipe.yaml',
    'README.md',
    'CITATION.cff',
    CHANGELOG_FILE,
    'croissant.json',
  ],
};

/** What the files of a release are, each read once. */
export interface CheckedFiles {
  /** Lines of `SHA256SUMS`. */
  listed: number;
  /** The digests that the listed files have, by path. */
  found: Map<string, string>;
  /** How they differ from `SHA256SUMS`. */
  findings: Finding[];
}

/** Checks every file of a release against `SHA256SUMS`. */
export async function checkFiles(
  folder: string,
  { kind }: ReleaseSummary,
  { signal, onProgress }: StageOptions,
): Promise<CheckedFiles> {
  const { digests, findings } = await readSums(folder);
  const found = new Map<string, string>();
  const present = new Map((await listFiles(folder, () => true)).map((file) => [file.path, file]));
  present.delete(SUMS_FILE);
  let done = 0;
  for (const [file, digest] of digests) {
    throwIfAborted(signal, 'verify');
    const isThere = (present.get(file)?.size ?? -1) >= 0;
    present.delete(file);
    if (!isThere) findings.push({ problem: 'missing', file });
    else {
      const actual = sha256File(join(folder, file));
      found.set(file, actual);
      if (actual !== digest) findings.push({ problem: 'changed', file });
    }
    done += 1;
    if (done % REPORT_EVERY === 0 || done === digests.size) {
      onProgress?.({ stage: 'verify', done, total: digests.size, unit: 'files' });
      await new Promise(setImmediate); // lets a signal in
    }
  }
  for (const file of present.keys()) findings.push({ problem: 'extra', file });
  for (const file of REQUIRED[kind])
    if (!digests.has(file)) findings.push({ problem: 'missing', file });
  return { listed: digests.size, found, findings };
}

async function readSums(folder: string): Promise<Checksums> {
  try {
    return await readChecksums(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { digests: new Map(), findings: [{ problem: 'missing', file: SUMS_FILE }] };
  }
}
