import type { PredictionSource } from '../prediction-source.js';

/** What cannot be told, or is not to be told, from a file of predictions. */
export interface PredictionOptions {
  /** Told from the file where not given: floats are scores, whole numbers are ranked classes. */
  kind?: PredictionSource['kind'] | undefined;
  /** The column of ids in a .csv or .parquet; default: one named as ids are. */
  idColumn?: string | undefined;
  /** A file of ids, one a row: a line each, or a .json array. It goes before ids in the file. */
  ids?: string | undefined;
  /** The array in an .npz; default: the only one, or the one named as predictions are. */
  key?: string | undefined;
}
