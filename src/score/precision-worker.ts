import { workerData } from 'node:worker_threads';
import { serve } from '../parallel/serve.js';
import { openPrecision, type PrecisionInput, type ScoresPart } from './class-precision.js';

const count = openPrecision(workerData as PrecisionInput);

/** Counts all parts of the scores, which come in order. */
export default serve(
  (part: ScoresPart) => Promise.resolve(count(part)),
  ({ rows }) => [rows.buffer],
);
