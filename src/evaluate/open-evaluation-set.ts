import type { EvaluationSet } from './evaluation-set.js';

/** What an evaluation set is made of. */
export interface EvaluationSetInput {
  dataset?: string | undefined;
  images?: string | undefined;
  labels?: string | undefined;
  originals?: string | undefined;
  multiLabelRule?: 'authors' | 'tfds' | undefined;
}

/** Not written yet. */
export function openEvaluationSet(input: EvaluationSetInput): Promise<EvaluationSet> {
  throw new Error(`openEvaluationSet is not written yet: ${JSON.stringify(input)}`);
}
