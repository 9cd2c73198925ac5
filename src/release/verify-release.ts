import { join, posix } from 'node:path';
import { LOCK_FILE, readDataset, SUMMARY_FILE } from '../dataset/dataset.js';
import { isImageFile } from '../dataset/image-files.js';
import { filesInOrder } from '../dataset/image-order.js';
import {
  type Finding,
  FindingList,
  type Verification,
  verifyDataset,
  type VerifyOptions,
} from '../dataset/verify.js';
import { OutputError, PatchmlError, ReleaseError } from '../errors.js';
import { verifyExport } from '../exports/exports.js';
import { explainError, explaining } from '../files/file-errors.js';
import { byteOrder, listInOrder, pairInOrder } from '../files/listing.js';
import { PLAN_ROWS_FILE } from '../generate/make-plan.js';
import { hashFiles } from '../parallel/hash-files.js';
import { reportEvery, type StageOptions, throwIfAborted } from '../progress.js';
import { loadRecipe, recipeDigest } from '../recipe/load.js';
import { CHANGELOG_FILE } from './diff-text.js';
import {
  CARD_FILE,
  CITATION_FILE,
  CROISSANT_FILE,
  datasetFolderOf,
  datasetPrefixOf,
  EXPORTS_FOLDER,
  isTrainingCache,
  PLAN_FOLDER,
  readReleaseSummary,
  RECIPE_FILE,
  RELEASE_FILE,
  type ReleaseFolder,
  type ReleaseSummary,
} from './release-folder.js';
import { type Checksums, openChecksums, SUMS_FILE } from './checksums.js';

export interface VerifyReleaseInput {
  /** The release folder. */
  release: ReleaseFolder;
}

/** What a release is, and what is wrong with it. */
export interface ReleaseVerification extends Verification {
  release: ReleaseSummary;
  /** Files that do not belong to it and do no harm: the label caches that Ultralytics leaves. */
  tolerated: string[];
}

/**
 * Checks a release: every file against `SHA256SUMS`, the dataset against its lock, the lock, recipe
 * and plan against `release.json`, and every export against the dataset. It only reads, and
 * no path of `SHA256SUMS` leads out of the folder.
 * @throws DatasetError where the folder is not a release; OutputError where a file cannot be read
 * @throws AbortedError
 */
export function verifyRelease(
  { release }: VerifyReleaseInput,
  options: StageOptions = {},
): Promise<ReleaseVerification> {
  return explaining(() => check(release, options), release);
}

async function check(folder: ReleaseFolder, options: StageOptions): Promise<ReleaseVerification> {
  const release = await readReleaseSummary(folder);
  const files = await checkFiles(folder, release, options);
  const inside = datasetPrefixOf(release);
  const digestOf = (file: string): string | undefined => files.digestOf(`${inside}${file}`);
  const dataset = await attempt(LOCK_FILE, () =>
    checkDataset(folder, release, { signal: options.signal, digestOf }),
  );
  const rest = [
    ...dataset.map((finding) => within(inside, finding)),
    ...(await checkOrigin(folder, release, files)),
    ...(dataset.length > 0 ? [] : await checkExports(folder, release, files, options)),
  ];
  const all = withCauses(files.findings, rest);
  const isTolerated = ({ problem, file }: Finding): boolean =>
    problem === 'extra' && isTrainingCache(file);
  const findings = all.filter((finding) => !isTolerated(finding));
  return {
    release,
    dataset: release.dataset,
    files: files.listed,
    images: files.images,
    lockChecked: true, // SHA256SUMS vouches for the lock, as for every file
    findings: findings.sort((a, b) => byteOrder(a.file, b.file)),
    tolerated: [...new Set(all.filter(isTolerated).map(({ file }) => file))].sort(byteOrder),
  };
}

/**
 * The dataset by its own rules; where the release is recipe-only, without the images, and with the
 * release's card in place of the dataset's.
 */
async function checkDataset(
  folder: string,
  release: ReleaseSummary,
  options: VerifyOptions,
): Promise<Finding[]> {
  const dataset = datasetFolderOf(folder, release);
  const isFull = release.kind === 'full';
  const { findings } = await verifyDataset({ dataset }, { ...options, hasImages: isFull });
  if (isFull) return findings;
  return findings.filter(({ problem, file }) => problem !== 'extra' && file !== CARD_FILE);
}

async function checkExports(
  folder: string,
  release: ReleaseSummary,
  { digestOf: digestIn }: CheckedFiles,
  options: StageOptions,
): Promise<Finding[]> {
  const dataset = await readDataset(datasetFolderOf(folder, release));
  const findings: Finding[] = [];
  for (const name of release.exports) {
    throwIfAborted(options.signal, 'verify');
    const path = `${EXPORTS_FOLDER}/${name}`;
    const wrong = await attempt('.', async () => {
      const all: Finding[] = [];
      const digestOf = (file: string): string | undefined => digestIn(`${path}/${file}`);
      const known = { ...options, digestOf };
      for await (const finding of verifyExport(name, dataset, join(folder, path), known)) {
        all.push(finding);
      }
      return all;
    });
    findings.push(...wrong.map((finding) => within(path, finding)));
  }
  return findings;
}

function within(folder: string, finding: Finding): Finding {
  return { ...finding, file: finding.file === '.' ? folder : posix.join(folder, finding.file) };
}

/**
 * The findings of `SHA256SUMS`, each with what a closer look says about the same file, and all other
 * findings of the closer look.
 */
function withCauses(findings: readonly Finding[], closer: readonly Finding[]): Finding[] {
  const known = findings.map((finding) => ({ ...finding }));
  const others = closer.filter(({ problem, file, detail }) => {
    const same = known.find(
      (finding) => finding.file === file && (finding.problem === problem || problem === 'invalid'),
    );
    if (same) same.detail ??= detail;
    return !same;
  });
  return [...known, ...others];
}

/**
 * The findings of a check; one that cannot be made is a finding itself.
 * @param file what the finding is then of
 */
async function attempt(file: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    const problem = explainError(error);
    if (!(problem instanceof PatchmlError) || problem.code === 'aborted') throw error;
    return [{ problem: 'invalid', file, detail: problem.message }];
  }
}

/** The files of every release, besides its dataset and exports; Croissant describes pixels. */
const REQUIRED = {
  recipe: [RELEASE_FILE, RECIPE_FILE, CARD_FILE, CITATION_FILE, CHANGELOG_FILE],
  full: [RELEASE_FILE, RECIPE_FILE, CARD_FILE, CITATION_FILE, CHANGELOG_FILE, CROISSANT_FILE],
};

/** What the files of a release are, each read once. */
interface CheckedFiles {
  /** Lines of `SHA256SUMS`. */
  listed: number;
  /** Of the files that are there, the dataset's images. */
  images: number;
  /** The digest that a file has, by its path; undefined where that is not known. */
  digestOf: (file: string) => string | undefined;
  /** Files that are in no export that `release.json` names. */
  unnamed: Finding[];
  /** How the files differ from `SHA256SUMS`. */
  findings: Finding[];
}

/** Checks every file of a release against `SHA256SUMS`. Memory does not grow with their number. */
async function checkFiles(
  folder: string,
  release: ReleaseSummary,
  options: StageOptions,
): Promise<CheckedFiles> {
  const { files: total, findings: known, read, digestOf } = await readSums(folder);
  const [findings, unnamed] = [new FindingList(), new FindingList()];
  findings.add(...known);
  const changed = new Map<string, string | undefined>(); // or missing
  const required = new Set(REQUIRED[release.kind]);
  const compared = async function* () {
    for await (const [listed, found] of pairInOrder(read(), listInOrder(folder))) {
      const { path: file } = listed ?? found;
      const { size = -1, link } = found ?? {};
      const [path, expected] = [join(folder, file), listed?.sha256];
      if (file !== SUMS_FILE) yield { file, path, size: listed ? size : -1, link, expected };
    }
  };
  let [done, images] = [0, 0];
  const hashed = hashFiles(compared(), { ...options, stage: 'verify' });
  for await (const [{ file, link, expected }, actual] of hashed) {
    throwIfAborted(options.signal, 'verify');
    if (findings.isFull) break;
    if (expected === undefined) {
      findings.add({ problem: 'extra', file });
      continue;
    }
    required.delete(file);
    if (actual !== expected) changed.set(file, actual);
    if (actual === undefined) findings.add({ problem: 'missing', file, detail: link });
    else {
      if (isImageFile(file.slice(datasetPrefixOf(release).length))) images += 1;
      unnamed.add(...checkExportName(release, file));
      if (actual !== expected) findings.add({ problem: 'changed', file });
    }
    done += 1;
    await reportEvery(50, { stage: 'verify', done, total, unit: 'files' }, options);
  }
  for (const file of required) findings.add({ problem: 'missing', file });
  return {
    listed: total,
    images,
    digestOf: (file) => (changed.has(file) ? changed.get(file) : digestOf(file)),
    unnamed: unnamed.found,
    findings: findings.found,
  };
}

async function readSums(folder: string): Promise<Checksums> {
  try {
    return await openChecksums(folder);
  } catch (error) {
    if (!(error instanceof OutputError) || error.code !== 'enoent') throw error;
    return {
      files: 0,
      findings: [{ problem: 'missing', file: SUMS_FILE }],
      read: () => filesInOrder({ files: {} }),
      digestOf: () => undefined,
    };
  }
}

function checkExportName({ exports }: ReleaseSummary, file: string): Finding[] {
  const [top, name] = file.split('/', 2);
  if (top !== EXPORTS_FOLDER || exports.some((known) => known === name)) return [];
  return [{ problem: 'invalid', file, detail: 'release.json does not list this export' }];
}

/**
 * Checks that what `release.json` says of the dataset, the recipe, the plan and the exports is so.
 * Files that are known to be wrong are not looked into.
 */
async function checkOrigin(
  folder: string,
  release: ReleaseSummary,
  { digestOf, unnamed, findings: known }: CheckedFiles,
): Promise<Finding[]> {
  const isRight = (file: string): boolean => !known.some((finding) => finding.file === file);
  const findings = [...unnamed];
  if (isRight(RECIPE_FILE)) {
    findings.push(...(await attempt(RECIPE_FILE, () => checkRecipe(folder, release))));
  }
  const inside = datasetPrefixOf(release);
  if ([LOCK_FILE, SUMMARY_FILE].every((file) => isRight(`${inside}${file}`))) {
    findings.push(...(await attempt(RELEASE_FILE, () => checkDigests(folder, release))));
  }
  const plan = `${PLAN_FOLDER}/${PLAN_ROWS_FILE}`;
  if (release.kind === 'recipe' && isRight(plan) && digestOf(plan) !== release.plan) {
    findings.push({ problem: 'invalid', file: plan, detail: 'this is a different plan' });
  }
  return findings;
}

async function checkRecipe(folder: string, { recipe }: ReleaseSummary): Promise<Finding[]> {
  const file = RECIPE_FILE;
  if (recipeDigest(await loadRecipe(join(folder, file))) === recipe) return [];
  return [{ problem: 'invalid', file, detail: 'this is a different recipe' }];
}

async function checkDigests(folder: string, release: ReleaseSummary): Promise<Finding[]> {
  const { lock, summary } = await readDataset(datasetFolderOf(folder, release));
  const others = (['dataset', 'recipe', 'pool', 'plan'] as const)
    .filter((part) => lock[part] !== release[part])
    .map((part) => `its ${part} digest differs from the lock's`);
  if (summary.name !== release.name) others.push("its name differs from the dataset's");
  return others.map((detail) => ({ problem: 'invalid', file: RELEASE_FILE, detail }));
}

/**
 * Checks a release before anything is made from it.
 * @throws ReleaseError `release-incomplete`; DatasetError where the folder is not a release
 */
export async function requireVerifiedRelease(
  release: ReleaseFolder,
  options: StageOptions,
): Promise<void> {
  const { findings } = await verifyRelease({ release }, options);
  const [first] = findings;
  if (!first) return;
  throw new ReleaseError(
    `this release is incomplete or was changed: ${first.problem} ${first.file}`,
    {
      code: 'release-incomplete',
      path: release,
      fix: `"patchml verify ${release}" lists the problems; make or pull the release again`,
    },
  );
}
