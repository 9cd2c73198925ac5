import { z } from 'zod';
import { EvaluationError } from '../errors.js';
import { readSummary } from '../files/json.js';
import { SCORE_SCALES } from '../predictions/source.js';
import type { StageOptions } from '../progress.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { ModelCard, Preprocessing } from './card.js';
import type { Provider } from './provider.js';

export interface PredictInput {
  card: ModelCard;
  set: EvaluationSet;
  preprocessing: Preprocessing;
  /** Where predictions are kept, for this and later runs. */
  work: string;
}

export interface PredictOptions extends StageOptions {
  provider?: Provider | undefined;
  /** Images of one run of the model. Default: 16; 1 for a model whose results depend on the batch. */
  batch?: number | undefined;
}

/** A model's predictions for a set, as they are kept. */
export interface Predictions {
  folder: string;
  summary: PredictionSummary;
  /** Whether an earlier run made them. */
  reused: boolean;
}

const summarySchema = z.object({
  format: z.literal('patchml-predictions'),
  model: z.object({ name: z.string(), sha256: z.string() }),
  set: z.object({ name: z.string(), images: z.int() }),
  provider: z.string(),
  /** Operators that the provider left to the processor, with how many nodes of the graph they are. */
  onCpu: z.record(z.string(), z.int()).optional(),
  batch: z.int(),
  /** What the scores are. */
  scores: z.enum(SCORE_SCALES),
  versions: z.object({ patchml: z.string(), onnxruntime: z.string() }),
  /** Images that have predictions. */
  predicted: z.int(),
  /** Images that could not be decoded. */
  bad: z.array(z.object({ id: z.string(), problem: z.string() })),
});

/** What `predictions.json` says. */
export type PredictionSummary = z.output<typeof summarySchema>;

export const SUMMARY_FILE = 'predictions.json';

export function readPredictionSummary(folder: string): Promise<PredictionSummary> {
  return readSummary(folder, SUMMARY_FILE, summarySchema, 'patchml evaluate', EvaluationError);
}
