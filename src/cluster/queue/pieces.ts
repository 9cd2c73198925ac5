import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOf } from '../../files/digest.js';
import { toJson } from '../../files/json.js';
import { writeWhole } from '../../files/output-file.js';
import { codecVersions } from '../../image/codecs.js';
import { recipeSchema } from '../../recipe/schema.js';
import { PATCHML_VERSION } from '../../version.js';
import { MAX_PARTS } from '../parts.js';
import { isRemote, openStorage, type Storage, type StorageOptions } from '../storage.js';

/** Whose pieces a worker does: those of its own code, in its own storage. */
const versionsSchema = z.strictObject({
  patchml: z.string().max(100),
  /** A digest of all that turns files into pixels and back. */
  codecs: z.string().max(100),
  /** Which storage it is, however each machine names it. */
  storage: z.string().max(300),
});

export type Versions = z.output<typeof versionsSchema>;

/** A path from the storage's root; the storage itself refuses one that leads out of it. */
const path = z.string().min(1).max(1000);

/** What is asked of a queue, but for whose it is. */
const jobSchema = z.strictObject({
  command: z.literal('generate'),
  recipe: recipeSchema,
  annotations: path,
  images: path,
  out: path,
  work: path,
  strict: z.boolean(),
  overwrite: z.boolean(),
  /** Images of a piece, at most. */
  piece: z.int().min(1),
});

export type QueuedJob = z.output<typeof jobSchema>;

const runSchema = z.strictObject({ id: z.uuid(), versions: versionsSchema, job: jobSchema });

/** One command that a queue's workers do together. */
export type Run = z.output<typeof runSchema>;

/** In the order of the flow. */
export const STAGES = ['index', 'extract', 'plan', 'compose'] as const;

/** What the stages leave to the next: paths from the storage's root. */
const foundSchema = z.strictObject({
  index: path,
  pool: path.optional(),
  plan: path.optional(),
});

export type Found = z.output<typeof foundSchema>;

/** @returns undefined where this is not what a stage leaves */
export function parseFound(value: unknown): Found | undefined {
  return foundSchema.safeParse(value).data;
}

const pieceSchema = z.strictObject({
  run: runSchema,
  stage: z.enum(STAGES),
  /** A part of the stage; without one, what comes before its parts and what joins them. */
  shard: z.strictObject({ part: z.int().min(1), of: z.int().min(1).max(MAX_PARTS) }).optional(),
  /** What a part of a stage begins with. */
  found: foundSchema.optional(),
});

/** A piece of work, as it is written to Redis, where anybody who has its password may write. */
export type Piece = z.output<typeof pieceSchema>;

/** @returns undefined where this is no piece */
export function parsePiece(data: unknown): Piece | undefined {
  return pieceSchema.safeParse(data).data;
}

/** `extract 3/8`, `plan`. */
export function nameOf({ stage, shard }: Pick<Piece, 'stage' | 'shard'>): string {
  return shard === undefined ? stage : `${stage} ${shard.part}/${shard.of}`;
}

/** The id of a piece's job. That of the last stage, which ends the run, is the same for any run to one output. */
export function jobIdOf({ run, stage, shard }: Piece): string {
  if (stage === STAGES.at(-1) && shard === undefined) return outputIdOf(run.job.out);
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

/** A storage and the versions of those who work in it. */
export interface Place {
  storage: Storage;
  versions: Versions;
}

/** Opens the storage at a root, for this machine's code. */
export async function openPlace(root: string, options: StorageOptions = {}): Promise<Place> {
  const storage = await openStorage(root, options);
  const versions = {
    patchml: PATCHML_VERSION,
    codecs: digestOf(await codecVersions()).slice(0, 16),
    storage: await identify(storage),
  };
  return { storage, versions };
}

/** Pieces of other versions, or of another storage, wait in other queues. */
export function queueNameOf(versions: Versions): string {
  return `pieces-${digestOf(versions).slice(0, 16)}`;
}

/** Where the id of a storage that is a folder lies: machines may have it at different paths. */
const ID_FOLDER = '.patchml-storage';
const ID_FILE = 'storage.json';

const idSchema = z.strictObject({ format: z.literal('patchml-storage'), id: z.uuid() });

/** The id of a storage: the same on every machine that has it. */
async function identify(storage: Storage): Promise<string> {
  if (isRemote(storage)) return storage.root;
  if (!(await storage.exists(ID_FOLDER))) {
    const draft = await mkdtemp(join(tmpdir(), 'patchml-'));
    try {
      const own: z.output<typeof idSchema> = { format: 'patchml-storage', id: randomUUID() };
      await writeWhole(join(draft, ID_FILE), toJson(own));
      await storage.publish(draft, ID_FOLDER); // of several at once, the first
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return readId(storage);
}

/** @throws TransferError, OutputError where the storage is not there, as where it is no longer mounted */
export async function readId(storage: Storage): Promise<string> {
  if (isRemote(storage)) return storage.root;
  const text = await readFile(join(await storage.fetch(ID_FOLDER), ID_FILE), 'utf8');
  return idSchema.parse(JSON.parse(text)).id;
}
