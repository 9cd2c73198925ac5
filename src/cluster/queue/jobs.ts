import { z } from 'zod';
import { ERROR_CODES } from '../../errors.js';
import { modelCardSchema, PREPROCESSING_CHOICES } from '../../models/card.js';
import { PROVIDERS } from '../../models/provider.js';
import type { Stage } from '../../progress.js';
import { recipeSchema } from '../../recipe/schema.js';
import { studySchema } from '../../study/schema.js';
import { isPlainPath, NOT_PLAIN } from '../storage-path.js';

/** A path from the storage's root; the storage itself refuses one that leads out of it by a link. */
const path = z.string().refine(isPlainPath, NOT_PLAIN);

/** Images of a piece, at most. */
const piece = z.int().min(1);

const generateJob = z.strictObject({
  command: z.literal('generate'),
  recipe: recipeSchema,
  annotations: path,
  images: path,
  out: path,
  work: path,
  strict: z.boolean(),
  overwrite: z.boolean(),
  piece,
});

/** What the stages of `generate` leave to the next: paths from the storage's root. */
const generateFound = z.strictObject({
  index: path,
  pool: path.optional(),
  plan: path.optional(),
});

const evaluateJob = z.strictObject({
  command: z.literal('evaluate'),
  models: z
    .array(
      z.strictObject({
        /** How the user names its card. */
        given: z.string().min(1),
        card: modelCardSchema.extend({ name: z.string().min(1).max(300), model: path }),
      }),
    )
    .min(1),
  set: z.strictObject({
    dataset: path.optional(),
    images: path.optional(),
    labels: path.optional(),
    originals: path.optional(),
    multiLabelRule: z.enum(['authors', 'tfds']).optional(),
    limit: z.int().min(1).optional(),
  }),
  preprocess: z.enum(PREPROCESSING_CHOICES).optional(),
  provider: z.enum(PROVIDERS),
  batch: z.int().min(1).optional(),
  seed: z.string(),
  resamples: z.int().min(1).max(100_000),
  maxGroup: z.int().min(1).max(1000),
  out: path,
  work: path,
  overwrite: z.boolean(),
  piece,
});

/** What the stages of `evaluate` leave: models that are scored, and those that failed. */
const evaluateFound = z.strictObject({
  evaluated: z.array(
    z.strictObject({ given: z.string(), scores: path, predictions: path, reused: z.boolean() }),
  ),
  failures: z.array(
    z.strictObject({ given: z.string(), code: z.enum(ERROR_CODES), message: z.string() }),
  ),
});

const studyJob = z.strictObject({
  command: z.literal('study'),
  /** Its inputs are paths from the storage's root. */
  study: studySchema,
  /** Its file, from the storage's root. */
  file: path,
  /** Of the sets that have one, with the fields that the study lays over it. */
  recipes: z.record(z.string(), recipeSchema),
  provider: z.enum(PROVIDERS),
  out: path,
  work: path,
  overwrite: z.boolean(),
  piece,
});

const studyFailure = z.strictObject({
  set: z.string().optional(),
  model: z.string().optional(),
  code: z.enum(ERROR_CODES),
  message: z.string(),
});

/** What the stages of `study` leave. */
const studyFound = z.strictObject({
  /** Datasets that were generated, by the name of the set. */
  datasets: z.record(z.string(), path),
  /** Models on sets, by their place in the study, that could not be run. */
  failed: z.array(z.int().min(0)),
  failures: z.array(studyFailure),
  scored: z.int().min(0),
  reused: z.int().min(0),
  isUnchanged: z.boolean(),
});

/** What is asked of a queue, but for whose it is. */
export const jobSchema = z.discriminatedUnion('command', [generateJob, evaluateJob, studyJob]);

export type QueuedJob = z.output<typeof jobSchema>;

/** A command that a queue's workers do. */
export type Command = QueuedJob['command'];

/** What is asked for by one command. */
export type JobOf<C extends Command> = Extract<QueuedJob, { command: C }>;

/** Of each command its stages, in the order of the flow, and what one leaves to the next. */
const COMMANDS = {
  generate: { stages: ['index', 'extract', 'plan', 'compose'], found: generateFound },
  evaluate: { stages: ['predict', 'score'], found: evaluateFound },
  study: { stages: ['compose', 'predict', 'score', 'study'], found: studyFound },
} as const satisfies Record<Command, { stages: readonly Stage[]; found: z.ZodType }>;

/** What a stage leaves to the next, and the last one to the coordinator. */
export type FoundOf<C extends Command> = z.output<(typeof COMMANDS)[C]['found']>;

/** The stages of a job, in the order of the flow. */
export function stagesOf({ command }: Pick<QueuedJob, 'command'>): readonly Stage[] {
  return COMMANDS[command].stages;
}

/** @returns undefined where this is not what a stage of the command leaves */
export function parseFound<C extends Command>(command: C, value: unknown): FoundOf<C> | undefined {
  return COMMANDS[command].found.safeParse(value).data as FoundOf<C> | undefined;
}
