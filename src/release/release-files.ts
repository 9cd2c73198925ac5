import { join } from 'node:path';
import semver from 'semver';
import { z } from 'zod';
import { readSummary } from '../files/read-summary.js';
import { exists } from '../files/stage-folder.js';
import { EXPORT_NAMES } from './exports/write-export.js';

/** What a release is. */
export const RELEASE_FILE = 'release.json';
/** The digests of every other file of a release, as `sha256sum -c` reads them. */
export const SUMS_FILE = 'SHA256SUMS';
/** Where a full release has its dataset. */
export const DATASET_FOLDER = 'dataset';
/** Where a recipe release has its plan. */
export const PLAN_FOLDER = 'plan';
/** Where a release has its exports, each in a folder of its name. */
export const EXPORTS_FOLDER = 'exports';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256');
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
  /** With the pixels, or with what makes them from one's own copy of ImageNet. */
  kind: z.enum(['full', 'recipe']),
  /** The dataset's digest; those of what it was made of. */
  dataset: digest,
  recipe: digest,
  pool: digest,
  plan: digest,
  /** Exports that are in it, in the order of `EXPORT_NAMES`. */
  exports: z.array(z.enum(EXPORT_NAMES)),
  /** Images a shard, where it was given. */
  shardSize: z.int().positive().nullable(),
  repository: z.string().nullable(),
  authors: z.array(z.string()),
  /** Day of the release, where it was given: `2026-01-31`. */
  date: z.string().nullable(),
  /** The release before it; `checksums` is the digest of its `SHA256SUMS`. */
  previous: z.object({ version, dataset: digest, checksums: digest }).nullable(),
  /** The version of patchml that made it. */
  patchml: z.string(),
});

/** What `release.json` says. With the dataset it determines every byte of the release. */
export type ReleaseSummary = z.output<typeof releaseSchema>;

/** Reads what `release.json` says. @throws DatasetError when the folder is no release */
export function readReleaseSummary(folder: string): Promise<ReleaseSummary> {
  return readSummary(folder, RELEASE_FILE, releaseSchema, 'patchml release');
}

/** Whether a folder says that it is a release. */
export function isRelease(folder: string): Promise<boolean> {
  return exists(join(folder, RELEASE_FILE));
}

/** Where a release has its metadata, summary and lock, and where full its images. */
export function datasetFolderOf(folder: string, { kind }: Pick<ReleaseSummary, 'kind'>): string {
  return kind === 'full' ? join(folder, DATASET_FOLDER) : folder;
}

/** What the paths of the dataset's files begin with in a release. */
export function datasetPrefixOf({ kind }: Pick<ReleaseSummary, 'kind'>): string {
  return kind === 'full' ? `${DATASET_FOLDER}/` : '';
}

/**
 * Whether a text is a semantic version in its plain form, without `v` and without build metadata:
 * two versions that differ in that alone have no order.
 */
export function isVersion(text: string): boolean {
  return semver.valid(text) === text;
}
