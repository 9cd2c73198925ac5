import { z } from 'zod';
import { printable } from '../../errors.js';
import { digestOf } from '../../files/digest.js';
import type { Stage } from '../../progress.js';
import { MAX_PARTS, type Shard } from '../parts.js';
import { type Command, type FoundOf, type JobOf, jobSchema, parseFound, stagesOf } from './jobs.js';
import { type Versions, versionsSchema } from './place.js';

const runSchema = z.strictObject({ id: z.uuid(), versions: versionsSchema, job: jobSchema });

/** One command that a queue's workers do together. */
export interface Run<C extends Command = Command> {
  id: string;
  versions: Versions;
  job: JobOf<C>;
}

/** A piece of work, as it is written to Redis, where anybody who has its password may write. */
export interface Piece<C extends Command = Command> {
  run: Run<C>;
  /** One of the command's stages. */
  stage: Stage;
  /** A part of the stage; without one, what comes before its parts and what joins them. */
  shard?: Shard | undefined;
  /** What a part of a stage begins with. */
  found?: FoundOf<C> | undefined;
}

const pieceSchema = z.strictObject({
  run: runSchema,
  stage: z.string(),
  shard: z.strictObject({ part: z.int().min(1), of: z.int().min(1).max(MAX_PARTS) }).optional(),
  found: z.unknown().optional(),
});

/** @returns undefined where this is no piece */
export function parsePiece(data: unknown): Piece | undefined {
  const piece = pieceSchema.safeParse(data).data;
  if (piece === undefined) return undefined;
  const { run, stage, shard } = piece;
  const found = parseFound(run.job.command, piece.found);
  const known = stagesOf(run.job).find((one) => one === stage);
  const isPiece =
    (shard === undefined || shard.part <= shard.of) &&
    (piece.found === undefined || found !== undefined);
  return known && isPiece ? { run, stage: known, shard, found } : undefined;
}

/** How the reason begins why a worker did not do a piece that is none, or not one for it. */
export const REFUSED = 'refused: ';

/** Why something is no piece. */
export function problemOf(data: unknown): string {
  const [issue] = pieceSchema.safeParse(data).error?.issues ?? [];
  if (issue === undefined) return 'it has another stage, part or beginning than a piece can have';
  return printable([issue.path.join('.'), issue.message].filter((text) => text !== '').join(': '));
}

/** `extract 3/8`, `plan`. */
export function nameOf({ stage, shard }: Pick<Piece, 'stage' | 'shard'>): string {
  return shard === undefined ? stage : `${stage} ${shard.part}/${shard.of}`;
}

/** The id of a piece's job. That of the last stage, which ends the run, is the same for any run to one output. */
export function jobIdOf({ run, stage, shard }: Piece): string {
  if (stage === stagesOf(run.job).at(-1) && shard === undefined) return outputIdOf(run.job.out);
  return [run.id, stage, ...(shard ? [shard.part, shard.of] : [])].join('-');
}

/** What two runs that write to one place have in common. */
export function outputIdOf(out: string): string {
  return `output-${digestOf(out).slice(0, 24)}`;
}

/** The id of the job that says that a run was cancelled. */
export function cancelIdOf({ id }: Run): string {
  return `${id}-cancelled`;
}
