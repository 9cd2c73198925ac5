import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AbortedError, DatasetError, PatchmlError } from '../errors.js';
import { explainError, explaining } from '../files/file-errors.js';
import {
  byteOrder,
  type ListedFile,
  listInOrder,
  openListing,
  pairInOrder,
} from '../files/listing.js';
import { classNameOf } from '../imagenet/synsets.js';
import { hashFiles, type SizedFile } from '../parallel/hash-files.js';
import { reportEvery, type StageOptions, throwIfAborted } from '../progress.js';
import { recipeDigest } from '../recipe/load.js';
import {
  type DatasetFolder,
  type DatasetLock,
  fieldsOf,
  LOCK_FILE,
  lockDigest,
  METADATA_FILE,
  readDatasetSummary,
  readLock,
  readMetadata,
  SUMMARY_FILE,
} from './dataset.js';
import { isImageFile } from './image-files.js';
import {
  type FileDigest,
  filesInOrder,
  type ImageOrder,
  openDatasetDigest,
  openImageOrder,
} from './image-order.js';

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
  /** Whether the images are there; where not, they are not looked for. Default: true */
  hasImages?: boolean | undefined;
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
  const metadata = await digestOfMetadata(folder, options);
  const isIntact = metadata !== undefined && metadata === lock.files[METADATA_FILE];
  const rows = isIntact ? await checkRows(folder, lock, options) : undefined;
  const images = imagesOf(folder, lock, rows);
  const files = await checkFiles(folder, lock, images, { ...options, metadata });
  const findings = [
    ...files.findings,
    ...checkLock(lock, files.dataset),
    ...(rows?.findings ?? []),
  ];
  if (!findings.some(({ file }) => file === SUMMARY_FILE)) {
    findings.push(...(await checkSummary(folder, lock, images?.count)));
  }
  return {
    dataset: lock.dataset,
    files: files.checked,
    images: images?.count ?? 0,
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

async function digestOfMetadata(
  folder: string,
  { digestOf, ...options }: VerifyOptions,
): Promise<string | undefined> {
  const { size = -1 } = (await openListing(folder)).file(METADATA_FILE) ?? {};
  const file = { path: join(folder, METADATA_FILE), size, known: digestOf?.(METADATA_FILE) };
  for await (const [, digest] of hashFiles([file], { ...options, stage: 'verify' })) return digest;
  return undefined;
}

/** The images that a dataset has. */
interface Images {
  count: number;
  /** In byte order; undefined where the lock lists them. */
  inOrder?: () => AsyncGenerator<FileDigest>;
}

/** @returns undefined where they are not known: the metadata is damaged, and the lock lists none */
function imagesOf(
  folder: string,
  lock: DatasetLock,
  rows: CheckedRows | undefined,
): Images | undefined {
  const listed = listedImages(lock);
  if (listed.length > 0) return { count: listed.length };
  const { order } = rows ?? {};
  return order && { count: rows!.count, inOrder: () => order.read(folder) };
}

/** The images that a lock of patchml 0.1 lists. */
function listedImages({ files }: DatasetLock): string[] {
  return Object.keys(files).filter(isImageFile);
}

interface CheckedRows {
  count: number;
  /** Undefined where a row is none. */
  order: ImageOrder | undefined;
  findings: Finding[];
}

/** Checks every row by itself, and where the lock lists images, against the lock. */
async function checkRows(
  folder: string,
  lock: DatasetLock,
  { signal }: VerifyOptions,
): Promise<CheckedRows> {
  const findings = new FindingList();
  const order = openImageOrder();
  const listed = listedImages(lock);
  const unseen = new Set(listed);
  let count = 0;
  try {
    for await (const row of readMetadata(folder, fieldsOf(lock), order)) {
      throwIfAborted(signal, 'verify');
      count += 1;
      const { file_name: file, sha256, k, objects, labels, label_names } = row;
      const invalid = (detail: string): void => {
        findings.add({ problem: 'invalid', file, detail });
      };
      if (listed.length > 0) {
        if (!unseen.delete(file)) invalid('its row is duplicated, or the lock does not list it');
        if (lock.files[file] !== sha256) invalid('its row has a different digest in the lock');
      }
      if (Object.values(objects).some((list) => list.length !== k))
        invalid(`expected ${k} objects`);
      if (!isLabelSetOf(labels, objects.category)) invalid('its labels do not match its objects');
      else if (label_names && !isDeepStrictEqual(label_names, labels.map(classNameOf))) {
        invalid('its label_names do not match its labels');
      }
    }
  } catch (error) {
    const problem = explainError(error);
    if (!(problem instanceof PatchmlError) || problem instanceof AbortedError) throw error;
    const finding = { problem: 'invalid', file: METADATA_FILE, detail: problem.message } as const;
    return { count: 0, order: undefined, findings: [finding] };
  }
  for (const file of unseen) findings.add({ problem: 'invalid', file, detail: 'it has no row' });
  return { count, order, findings: findings.found };
}

/** A file that there should be, or is. */
interface ComparedFile extends SizedFile {
  file: string;
  link: ListedFile['link'];
  /** Its digest as the dataset says; undefined for a file that does not belong to it. */
  expected: string | undefined;
}

interface CheckedFiles {
  /** Files whose digest was checked. */
  checked: number;
  /** The digest of the dataset with the files that it says it has; undefined where not all are known. */
  dataset: string | undefined;
  findings: Finding[];
}

/** Checks the files that there should be, and that there are no others. */
async function checkFiles(
  folder: string,
  lock: DatasetLock,
  images: Images | undefined,
  {
    metadata,
    digestOf,
    hasImages = true,
    ...options
  }: VerifyOptions & { metadata: string | undefined },
): Promise<CheckedFiles> {
  const findings = new FindingList();
  const dataset = openDatasetDigest();
  const wantedFiles = async function* (): AsyncGenerator<FileDigest> {
    let last = '';
    for await (const file of filesInOrder(lock, images?.inOrder?.())) {
      dataset.add(file);
      if (file.path !== last) yield file;
      else findings.add({ problem: 'invalid', file: last, detail: 'its row is duplicated' });
      last = file.path;
    }
  };
  const compared = async function* (): AsyncGenerator<ComparedFile> {
    for await (const [wanted, found] of pairInOrder(wantedFiles(), listInOrder(folder))) {
      const { path: file } = wanted ?? found;
      if (file === LOCK_FILE) continue;
      if (isImageFile(file) && (wanted ? !hasImages : !images)) continue;
      const { size = -1, link } = found ?? {};
      const known = file === METADATA_FILE ? metadata : digestOf?.(file);
      const expected = wanted?.sha256;
      yield { file, path: join(folder, file), size: expected ? size : -1, link, known, expected };
    }
  };
  const texts = Object.keys(lock.files).filter((file) => !isImageFile(file)).length;
  const total = texts + (hasImages && images ? images.count : 0);
  let done = 0;
  const hashed = hashFiles(compared(), { ...options, stage: 'verify' });
  for await (const [{ file, size, link, expected }, digest] of hashed) {
    throwIfAborted(options.signal, 'verify');
    if (findings.isFull) break;
    if (expected === undefined) {
      findings.add({ problem: 'extra', file });
      continue;
    }
    if (size < 0) findings.add({ problem: 'missing', file, detail: link });
    else if (digest !== expected) findings.add({ problem: 'changed', file });
    done += 1;
    await reportEvery(50, { stage: 'verify', done, total, unit: 'files' }, options);
  }
  return {
    checked: total,
    dataset: images && !findings.isFull ? dataset.digest() : undefined,
    findings: findings.found,
  };
}

/**
 * One finding for one edit: a lock that was changed says so of itself.
 * @param dataset the digest of the dataset by its files; undefined where they are not known
 */
function checkLock(lock: DatasetLock, dataset: string | undefined): Finding[] {
  const invalid = (detail: string): Finding[] => [{ problem: 'invalid', file: LOCK_FILE, detail }];
  if (lock.lock !== undefined && lockDigest(lock) !== lock.lock) {
    return invalid('its own digest does not match its fields: one of them was changed');
  }
  if (dataset !== undefined && dataset !== lock.dataset) {
    return invalid('its dataset digest does not match its files');
  }
  return [];
}

function isLabelSetOf(labels: readonly number[], categories: readonly number[]): boolean {
  const expected = [...new Set(categories)].sort((a, b) => a - b);
  return labels.length === expected.length && labels.every((label, i) => label === expected[i]);
}

/** @param images in the dataset, where that is known */
async function checkSummary(
  folder: string,
  lock: DatasetLock,
  images: number | undefined,
): Promise<Finding[]> {
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
  if (images !== undefined && summary.images !== images) {
    findings.push(invalid(`it says ${summary.images} images, but there are ${images}`));
  }
  return findings;
}
