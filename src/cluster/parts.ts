import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { exists, plainPlace } from '../files/folders.js';
import { readSummary, toJson } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { buildFolder } from '../files/output-folder.js';
import { forgetProgress } from '../files/resume.js';

/** Which part of a stage's work: the `part`-th of `of`, from 1. */
export interface Shard {
  part: number;
  of: number;
}

/** What a shard made. */
export interface Part {
  /** The folder of the part; of what is complete already, the pool or the dataset itself. */
  folder: string;
  /** Images in it. */
  images: number;
  /** Whether there was nothing to do: the part, or all that it is of, was there. */
  reused: boolean;
}

const PART_FILE = 'part.json';

const partSchema = z.object({
  format: z.literal('patchml-part'),
  part: z.int().min(1),
  of: z.int().min(1),
  /** The first image, from 0, and the one behind the last, in the stage's order. */
  images: z.tuple([z.int().min(0), z.int().min(0)]),
  /** SHA-256 of the files with its rows. */
  files: z.record(z.string(), z.string()),
});

/** What `part.json` says. */
type PartSummary = z.output<typeof partSchema>;

/** A run of images: the first, from 0, and the one behind the last. */
export type ImageRange = PartSummary['images'];

/** Most parts that work is cut into. */
export const MAX_PARTS = 100_000;

/** A part that is to be made. */
export interface PartWork {
  shard: Shard;
  /** The folder that all parts of the work lie in; see {@link partsFolder}. */
  parts: string;
  /** All that the parts are of, where it is there already. */
  complete: Pick<Part, 'folder' | 'images'> | undefined;
  /** The files with its rows, whose digests are noted. */
  files: readonly string[];
}

/**
 * Makes a part of some work, in a folder that is complete or absent, unless it is there. One run at a
 * time makes it; an interrupted one is continued by the next.
 * @param fill fills the part's folder, and may resume from what is in it
 * @throws DatasetError `option-out-of-range`; OutputError `output-in-use` where another run is at this
 * part; what `fill` throws
 */
export async function makePart(
  { shard, parts, complete, files }: PartWork,
  fill: (partial: string) => Promise<ImageRange>,
): Promise<Part> {
  requireShard(shard);
  if (complete) return { ...complete, reused: true };
  const folder = partFolder(parts, shard);
  const reused = await exists(folder);
  if (!reused) {
    await buildFolder(folder, async (partial) => {
      await writePart(partial, shard, await fill(partial), files);
      await forgetProgress(partial);
    });
  }
  const [from, to] = (await readPart(folder)).images;
  return { folder, images: to - from, reused };
}

/** @throws DatasetError `option-out-of-range` */
export function requireShard({ part, of }: Shard): void {
  const isWhole = [part, of].every((value) => Number.isInteger(value) && value >= 1);
  if (isWhole && part <= of && of <= MAX_PARTS) return;
  throw new DatasetError(
    `expected a shard from 1/1 to ${MAX_PARTS}/${MAX_PARTS}, got ${part}/${of}`,
    { code: 'option-out-of-range' },
  );
}

/** The images of a shard. Shards differ by one at most. */
export function rangeOf({ part, of }: Shard, images: number): ImageRange {
  return [Math.floor(((part - 1) * images) / of), Math.floor((part * images) / of)];
}

/** Where the parts of what goes to a place lie, until they are merged. */
export function partsFolder(place: string): string {
  return `${plainPlace(place)}.shards`;
}

export function partFolder(parts: string, { part, of }: Shard): string {
  return join(parts, `${part}-of-${of}`);
}

/** Notes in the folder of a part whose work is done what it is. */
async function writePart(
  folder: string,
  { part, of }: Shard,
  images: ImageRange,
  files: readonly string[],
): Promise<void> {
  const digests = files.map((name) => [name, sha256File(join(folder, name))]);
  const summary: PartSummary = {
    ...{ format: 'patchml-part', part, of, images },
    files: Object.fromEntries(digests) as PartSummary['files'],
  };
  await writeWhole(join(folder, PART_FILE), toJson(summary));
}

function readPart(folder: string): Promise<PartSummary> {
  return readSummary(folder, PART_FILE, partSchema, 'the command with --shard');
}

/** A part that was found. */
export interface FoundPart {
  folder: string;
  range: ImageRange;
}

/**
 * Finds the parts that together are all of the work, and checks that their rows are those that were
 * made.
 * @param images all images of the work
 * @returns the parts, in order: each begins behind the last image of the one before it
 * @throws DatasetError `parts-missing`, which names those that are; `part-damaged`
 */
export async function findParts(parts: string, images: number): Promise<FoundPart[]> {
  const found = new Map<number, Set<number>>();
  for (const name of await readdir(parts).catch(() => [])) {
    const [, part, of] = /^([1-9]\d*)-of-([1-9]\d*)$/.exec(name)?.map(Number) ?? [];
    if (part === undefined || of === undefined || part > of || of > MAX_PARTS) continue;
    found.set(of, (found.get(of) ?? new Set()).add(part));
  }
  const complete = [...found].find(([of, have]) => have.size === of);
  if (!complete) throw areMissing(parts, found);
  const [of] = complete;
  const inOrder: FoundPart[] = [];
  let next = 0;
  for (let part = 1; part <= of; part += 1) {
    const folder = partFolder(parts, { part, of });
    const { files, ...summary } = await readPart(folder);
    const [from, to] = summary.images;
    const isOfThis = summary.part === part && summary.of === of;
    if (!isOfThis || from !== next || to < from || to > images || (part === of && to < images)) {
      throw damagedPart('it holds other images than this part has', folder);
    }
    requireFiles(folder, files);
    inOrder.push({ folder, range: [from, to] });
    next = to;
  }
  return inOrder;
}

function areMissing(path: string, found: ReadonlyMap<number, ReadonlySet<number>>): DatasetError {
  const fix = 'run the command of each with --shard, then merge again';
  const [most] = [...found].sort(([, a], [, b]) => b.size - a.size);
  if (!most) {
    return new DatasetError('there are no parts to merge', { code: 'parts-missing', path, fix });
  }
  const [of, have] = most;
  const missing: string[] = [];
  for (let part = 1; part <= of; part += 1) if (!have.has(part)) missing.push(`${part}/${of}`);
  const shown = missing.slice(0, 10).join(', ');
  const more = missing.length > 10 ? ` and ${missing.length - 10} more` : '';
  return new DatasetError(`parts are missing: ${shown}${more}`, {
    code: 'parts-missing',
    path,
    fix,
  });
}

function requireFiles(folder: string, files: PartSummary['files']): void {
  for (const [name, digest] of Object.entries(files)) {
    const path = join(folder, name);
    if (sha256File(path) !== digest) throw damagedPart('its rows have changed', path);
  }
}

/** The error for a part that is not what was made. */
export function damagedPart(problem: string, path: string): DatasetError {
  return new DatasetError(problem, {
    code: 'part-damaged',
    path,
    fix: 'remove the folder of this part, and run its shard again',
  });
}

/** Removes the parts of work that is done, in whatever number of shards. */
export async function removeParts(parts: string): Promise<void> {
  await rm(parts, { recursive: true, force: true });
  await rmdir(dirname(parts)).catch(() => undefined); // where nothing else is in it
}
