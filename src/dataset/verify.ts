import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DatasetError, PatchmlError } from '../errors.js';
import { explainError, explaining } from '../files/file-errors.js';
import { byteOrder, listFiles } from '../files/listing.js';
import { classNameOf } from '../imagenet/synsets.js';
import { hashFiles } from '../parallel/hash-files.js';
import { reportEvery, type StageOptions, throwIfAborted } from '../progress.js';
import { recipeDigest } from '../recipe/load.js';
import {
  datasetDigest,
  type DatasetFolder,
  type DatasetLock,
  fieldsOf,
  isImageFile,
  LOCK_FILE,
  lockDigest,
  METADATA_FILE,
  readDatasetSummary,
  readLock,
  readMetadata,
  SUMMARY_FILE,
} from './dataset.js';

/** One thing that is not as the lock says. */
export interface Finding {
  problem: 'missing' | 'changed' | 'extra' | 'invalid';
  /** A file of the dataset; for a row of the metadata, its image's. */
  file: string;
  detail?: string | undefined;
}

/** A damaged list of millions of files is not to be reported line by line. */
const MAX_FINDINGS = 10_000;

/** Findings up to 10,000; that there are more is one. */
export class FindingList {
  readonly found: Finding[] = [];

  /** Whether there is no need to look for more. */
  get isFull(): boolean {
    return this.found.length > MAX_FINDINGS;
  }

  add(...findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (this.isFull) return;
      const detail = `more than ${MAX_FINDINGS} problems; the rest are not listed`;
      const isLast = this.found.length === MAX_FINDINGS;
      this.found.push(isLast ? { problem: 'invalid', file: '.', detail } : finding);
    }
  }
}

export interface Verification {
  /** The digest that the lock gives the dataset. */
  dataset: string;
  /** Files whose digest was checked. */
  files: number;
  images: number;
  /**
   * Whether the lock's own digest was checked; false for a lock of patchml 0.1, which has none: its
   * recipe, pool, plan and versions are then as it says, unchecked.
   */
  lockChecked: boolean;
  /** What is wrong, in byte order of the files; empty when the dataset is as it was made. */
  findings: Finding[];
}

export interface VerifyDatasetInput {
  /** The dataset folder. */
  dataset: DatasetFolder;
}

export interface VerifyOptions extends StageOptions {
  /** The digest of a file, by its path in the dataset, where it is known. Default: it is read. */
  digestOf?: ((file: string) => string | undefined) | undefined;
}

/**
 * Checks a dataset folder against its lock: every file's digest, every row of the metadata against
 * the files, the summary and the lock itself. Nothing is written.
 * @throws DatasetError where the folder is not a dataset; OutputError where a file cannot be read
 * @throws AbortedError
 */
export function verifyDataset(
  { dataset }: VerifyDatasetInput,
  options: VerifyOptions = {},
): Promise<Verification> {
  return explaining(() => check(dataset, options), dataset);
}

async function check(folder: DatasetFolder, options: VerifyOptions): Promise<Verification> {
  const lock = await readLock(folder);
  const findings = [...(await checkFiles(folder, lock, options)), ...checkLock(lock)];
  const images = Object.keys(lock.files).filter(isImageFile);
  if (!findings.some(({ file }) => file === METADATA_FILE)) {
    findings.push(...(await checkMetadata(folder, lock, images)));
  }
  if (!findings.some(({ file }) => file === SUMMARY_FILE)) {
    findings.push(...(await checkSummary(folder, lock, images.length)));
  }
  return {
    dataset: lock.dataset,
    files: Object.keys(lock.files).length,
    images: images.length,
    lockChecked: lock.lock !== undefined,
    findings: findings.sort((a, b) => byteOrder(a.file, b.file)),
  };
}

/**
 * Checks a dataset before something is made of it.
 * @throws DatasetError `dataset-damaged` where anything is wrong with it
 */
export async function requireComplete(
  folder: DatasetFolder,
  options: StageOptions = {},
): Promise<void> {
  const { findings } = await verifyDataset({ dataset: folder }, options);
  const [first] = findings;
  if (!first) return;
  const count = findings.length === 1 ? '1 problem' : `${findings.length} problems, the first`;
  const detail = first.detail === undefined ? '' : ` (${first.detail})`;
  throw new DatasetError(
    `this dataset is incomplete or damaged; ${count}: ${first.problem} ${first.file}${detail}`,
    { code: 'dataset-damaged', path: folder, fix: 'generate the dataset again' },
  );
}

async function checkFiles(
  folder: string,
  lock: DatasetLock,
  { digestOf, ...options }: VerifyOptions,
): Promise<Finding[]> {
  const findings = new FindingList();
  const present = new Map((await listFiles(folder, () => true)).map((file) => [file.path, file]));
  present.delete(LOCK_FILE);
  const expected = Object.entries(lock.files).map(([file, digest]) => {
    const { size = -1, link } = present.get(file) ?? {};
    return { file, path: join(folder, file), size, link, digest, known: digestOf?.(file) };
  });
  const unknown = expected.filter(({ size, known }) => size >= 0 && known === undefined);
  const digests = hashFiles(unknown, { ...options, stage: 'verify' });
  let done = 0;
  try {
    for (const { file, size, link, digest, known } of expected) {
      throwIfAborted(options.signal, 'verify');
      present.delete(file);
      if (findings.isFull) return findings.found;
      if (size < 0) findings.add({ problem: 'missing', file, detail: link });
      else if ((known ?? (await digests.next()).value) !== digest) {
        findings.add({ problem: 'changed', file });
      }
      done += 1;
      const progress = { done, total: expected.length, unit: 'files' };
      await reportEvery(50, { stage: 'verify', ...progress }, options);
    }
  } finally {
    await digests.return(undefined);
  }
  for (const file of present.keys()) findings.add({ problem: 'extra', file });
  return findings.found;
}

/** One finding for one edit: a lock that was changed says so of itself. */
function checkLock(lock: DatasetLock): Finding[] {
  const invalid = (detail: string): Finding[] => [{ problem: 'invalid', file: LOCK_FILE, detail }];
  if (lock.lock !== undefined && lockDigest(lock) !== lock.lock) {
    return invalid('its own digest does not match its fields: one of them was changed');
  }
  const files = Object.entries(lock.files).sort(([a], [b]) => byteOrder(a, b));
  if (datasetDigest(files) !== lock.dataset) {
    return invalid('its dataset digest does not match its files');
  }
  return [];
}

async function checkMetadata(
  folder: string,
  lock: DatasetLock,
  images: readonly string[],
): Promise<Finding[]> {
  const findings = new FindingList();
  const unseen = new Set(images);
  try {
    const rows = readMetadata(folder, fieldsOf(lock));
    for await (const { file_name: file, sha256, k, objects, labels, label_names } of rows) {
      if (findings.isFull) return findings.found;
      const invalid = (detail: string): void => {
        findings.add({ problem: 'invalid', file, detail });
      };
      if (!unseen.delete(file)) invalid('its row is duplicated, or the lock does not list it');
      if (lock.files[file] !== sha256) invalid('its row has a different digest in the lock');
      if (Object.values(objects).some((list) => list.length !== k))
        invalid(`expected ${k} objects`);
      if (!isLabelSetOf(labels, objects.category)) invalid('its labels do not match its objects');
      else if (label_names && !isDeepStrictEqual(label_names, labels.map(classNameOf))) {
        invalid('its label_names do not match its labels');
      }
    }
  } catch (error) {
    const problem = explainError(error);
    if (!(problem instanceof PatchmlError)) throw error;
    return [{ problem: 'invalid', file: METADATA_FILE, detail: problem.message }];
  }
  for (const file of unseen) findings.add({ problem: 'invalid', file, detail: 'it has no row' });
  return findings.found;
}

function isLabelSetOf(labels: readonly number[], categories: readonly number[]): boolean {
  const expected = [...new Set(categories)].sort((a, b) => a - b);
  return labels.length === expected.length && labels.every((label, i) => label === expected[i]);
}

async function checkSummary(folder: string, lock: DatasetLock, images: number): Promise<Finding[]> {
  const invalid = (detail: string): Finding => ({
    problem: 'invalid',
    file: SUMMARY_FILE,
    detail,
  });
  const summary = await readDatasetSummary(folder).catch((error: unknown) => {
    if (error instanceof DatasetError) return error;
    throw error;
  });
  if (summary instanceof DatasetError) return [invalid(summary.message)];
  const findings: Finding[] = [];
  if (recipeDigest(summary.recipe) !== lock.recipe) {
    findings.push(invalid("its recipe differs from the lock's"));
  }
  if (summary.images !== images) {
    findings.push(invalid(`it says ${summary.images} images, the lock says ${images}`));
  }
  return findings;
}
