import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type ErrorCode, QueueError } from '../../errors.js';
import type { Stage } from '../../progress.js';
import type { Storage } from '../storage.js';
import type { QueuedJob } from './jobs.js';
import { nameOf } from './pieces.js';
import type { Shelf } from './shelf.js';

/** Where a piece is done. */
export interface Bench {
  storage: Storage;
  /**
   * A folder of this attempt alone, laid out as the storage: what is read from there is linked, and
   * what is made is published from here. So two workers that do the same piece, as where one was
   * taken for dead, never write to one place, and no lock of a machine that died is in the way.
   */
  scratch: string;
  /** What the pieces before this one left open for it. */
  shelf: Shelf;
  /** Threads for what is not cut into parts. */
  jobs: number;
  signal: AbortSignal;
  /** Has parts of this stage done by others, and waits; it returns once all have ended. */
  parts: (parts: StageParts) => Promise<PartsDone>;
}

/** The parts that a stage is cut into. */
export interface StageParts {
  /** In all parts together. */
  images: number;
  of: number;
  /** What a part is told of the job. Default: all of it. @param part from 1 */
  jobOf?: ((part: number) => QueuedJob) | undefined;
}

/** What became of the parts of a stage. */
export interface PartsDone {
  failures: FailedPart[];
  /** What the others left, by their number. */
  found: () => Promise<Map<number, unknown>>;
}

export interface FailedPart {
  part: number;
  code: ErrorCode;
  message: string;
}

/** Has the images of a stage done in pieces. @throws QueueError where one failed, which names it */
export async function doInPieces(
  stage: Stage,
  images: number,
  { piece }: QueuedJob,
  { parts }: Bench,
): Promise<void> {
  const of = Math.max(1, Math.ceil(images / piece));
  const { failures } = await parts({ images, of });
  if (failures.length === 0) return;
  const named = failures
    .slice(0, 5)
    .map(({ part, message }) => `${nameOf({ stage, shard: { part, of } })}: ${message}`);
  const more = failures.length > 5 ? [`and ${failures.length - 5} more`] : [];
  throw new QueueError(
    `${failures.length} of ${of} parts of ${stage} failed, the others are done: ${[...named, ...more].join('; ')}`,
    { code: 'queue-piece-failed' },
  );
}

/** The path from the root of what lies, or would lie, in the scratch folder. */
export function pathOf(folder: string, { scratch }: Bench): string {
  return relative(scratch, folder);
}

/** Links what is in the storage into the scratch folder. @returns whether it is there */
export async function take(place: string, { storage, scratch, signal }: Bench): Promise<boolean> {
  if (!(await storage.exists(place))) return false;
  await linkTo(place, scratch, storage, signal);
  return true;
}

/** Links what is in the storage at its path below another folder. */
export async function linkTo(
  place: string,
  folder: string,
  storage: Storage,
  signal?: AbortSignal,
): Promise<void> {
  const local = await storage.fetch(place, signal);
  const link = join(folder, place);
  await mkdir(dirname(link), { recursive: true });
  await symlink(local, link);
}

/** Publishes what was made in the scratch folder, unless it is there. */
export async function give(place: string, { storage, scratch, signal }: Bench): Promise<void> {
  await storage.publish(join(scratch, place), place, signal);
}
