/** Row-major scores or ranks of some images. */
export type PredictionRows = Float32Array | Float64Array | Int32Array;

/** Predictions, read in batches of rows in the file's own order; they can be read several times. */
export interface PredictionSource {
  /** `scores`: logits or probabilities; `ranked`: class indices, best first. */
  kind: 'scores' | 'ranked';
  images: number;
  /** Values a row: the number of classes, or of ranks. */
  width: number;
  /** One id a row, in the file's order; undefined where the file has none. */
  ids: readonly string[] | undefined;
  /** The file, as errors name it. */
  path: string;
  /** Whether scores are known to be finite: those of `openPredictions`, which looks at each. */
  isChecked?: boolean | undefined;
  /** `Int32Array`s where ranked, else float; each a whole number of rows, [rows x width]. */
  batches: () => AsyncIterable<PredictionRows>;
}
