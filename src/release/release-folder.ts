import { join } from 'node:path';
import semver from 'semver';
import { z } from 'zod';
import { type Dataset, type DatasetFolder, readDataset } from '../dataset/dataset.js';
import { TransferError } from '../errors.js';
import { EXPORT_NAMES } from '../exports/exports.js';
import { sha256Schema } from '../files/sha256-schema.js';
import { exists, type FolderOf } from '../files/folders.js';
import { parseJson, readSummary } from '../files/json.js';

/** The path of a release's folder. */
export type ReleaseFolder = FolderOf<'release'>;

/** What a release is. */
export const RELEASE_FILE = 'release.json';
/** The recipe of its dataset, with comments. */
export const RECIPE_FILE = 'recipe.yaml';
/** The dataset card. */
export const CARD_FILE = 'README.md';
/** How to cite it, in the Citation File Format. */
export const CITATION_FILE = 'CITATION.cff';
/** What a full release says of itself to loaders of Croissant. */
export const CROISSANT_FILE = 'croissant.json';
/** Where a full release has its dataset. */
export const DATASET_FOLDER = 'dataset';
/** Where a recipe release has its plan, as a plan folder. */
export const PLAN_FOLDER = 'plan';
/** Where a release has its exports, each in a folder of its name. */
export const EXPORTS_FOLDER = 'exports';

const version = z
  .string()
  .refine(isVersion, { error: 'expected a semantic version such as 1.0.0' });

/** What of `release.json` names the release; both are safe as parts of a path. */
export const identitySchema = z.object({
  format: z.literal('patchml-release'),
  /** The dataset's, and its recipe's. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'expected the name of a dataset'),
  version,
});

const releaseSchema = identitySchema.extend({
  /** With the pixels, or only with what regenerates them from one's own copy of ImageNet. */
  kind: z.enum(['full', 'recipe']),
  /** The digests of the dataset, and of what it was made from. */
  dataset: sha256Schema,
  recipe: sha256Schema,
  pool: sha256Schema,
  plan: sha256Schema,
  /** Exports that are in it, in the order of `EXPORT_NAMES`. */
  exports: z.array(z.enum(EXPORT_NAMES)),
  /** Images per shard, where it was given. */
  shardSize: z.int().positive().nullable(),
  repository: z.string().nullable(),
  authors: z.array(z.string()),
  /** Date of the release, where it was given: `2026-01-31`. */
  date: z.string().nullable(),
  /** DOI, where it was given: `10.5281/zenodo.1234567`. */
  doi: z.string().optional(),
  /** The previous release; `checksums` is the digest of its `SHA256SUMS`. */
  previous: z.object({ version, dataset: sha256Schema, checksums: sha256Schema }).nullable(),
  /** The version of patchml that made it. */
  patchml: z.string(),
});

/** What `release.json` says. With the dataset it determines every byte of the release. */
export type ReleaseSummary = z.output<typeof releaseSchema>;

/** Reads what `release.json` says. @throws DatasetError where the folder is not a release */
export function readReleaseSummary(folder: ReleaseFolder): Promise<ReleaseSummary> {
  return readSummary(folder, RELEASE_FILE, releaseSchema, 'patchml release');
}

/** Whether a folder says that it is a release. */
export function isRelease(folder: string): Promise<boolean> {
  return exists(join(folder, RELEASE_FILE));
}

/** Where a release has its metadata, summary and lock, and where full its images. */
export function datasetFolderOf(
  folder: ReleaseFolder,
  { kind }: Pick<ReleaseSummary, 'kind'>,
): DatasetFolder {
  return kind === 'full' ? join(folder, DATASET_FOLDER) : (folder as string);
}

/** What the paths of the dataset's files begin with in a release. */
export function datasetPrefixOf({ kind }: Pick<ReleaseSummary, 'kind'>): string {
  return kind === 'full' ? `${DATASET_FOLDER}/` : '';
}

/**
 * Whether a text is a semantic version in its plain form, without `v` and without build metadata:
 * two versions that differ only in that have no order.
 */
export function isVersion(text: string): boolean {
  return semver.valid(text) === text;
}

/** What Ultralytics leaves in a YOLO export when it trains on it: no part of the release. */
export function isTrainingCache(file: string): boolean {
  return /^exports\/yolo\/labels\/[^/]+(\/k\d+\/\d+)?\.cache$/.test(file);
}

/** A dataset in a folder of its own, or in a release. */
export interface Published {
  /** The folder as it was named. */
  path: string;
  dataset: Dataset;
  /** What it is published as; absent for a dataset that is not. */
  release?: ReleaseSummary | undefined;
  /** Whether the images are there. */
  hasPixels: boolean;
}

/** Opens a dataset folder or a release. @throws DatasetError where it is neither */
export async function openPublished(path: string): Promise<Published> {
  if (!(await isRelease(path))) {
    return { path, dataset: await readDataset(path), hasPixels: true };
  }
  const release = await readReleaseSummary(path);
  const dataset = await readDataset(datasetFolderOf(path, release));
  return { path, dataset, release, hasPixels: release.kind === 'full' };
}

/** The name of the folder of a release. */
export function releaseFolderName({ name, version }: { name: string; version: string }): string {
  return `${name}-${version}`;
}

/** What of `release.json` a transfer asks for: the rest may be of a later patchml. */
export type ReleaseInfo = z.output<typeof identitySchema>;

/**
 * Reads `release.json` as a store gave it.
 * @throws TransferError `no-release`
 */
export function parseReleaseInfo(text: string, place: string): ReleaseInfo {
  const info = identitySchema.safeParse(parseJson(text));
  if (info.success) return info.data;
  throw new TransferError(`this is not a patchml release: its ${RELEASE_FILE} cannot be used`, {
    code: 'no-release',
    path: place,
    fix: 'pass the address that "patchml push" printed',
  });
}
