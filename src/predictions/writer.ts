import type { SchemaElement } from 'hyparquet';
import { openParquetOutput, type ParquetOutput } from '../files/parquet.js';

/** A prediction set being written. */
export interface PredictionWriter {
  /**
   * Adds images.
   * @param topClasses [images x n] class indices, row major, best first
   * @param topProbs their probabilities
   */
  write(
    ids: readonly string[],
    topClasses: Uint16Array | Int32Array,
    topProbs: Float32Array,
  ): Promise<void>;
  /** Puts the file in its place. */
  close(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** What waits for its row group to be full. */
interface RankedRows {
  ids: string[];
  classes: number[][];
  probs: number[][];
}

const GROUP_ROWS = 10_000;
/** A row group is held while it is encoded. */
const GROUP_VALUES = 2 ** 20;

const SCHEMA: readonly SchemaElement[] = [
  {
    name: 'id',
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'REQUIRED',
  },
  ...listOf('top_classes', 'INT32'),
  ...listOf('top_probs', 'FLOAT'),
];

/**
 * Writes a prediction set: Parquet with the columns `id`, `top_classes` (lists of int32) and
 * `top_probs` (lists of float32), a row group of up to 10,000 images at a time.
 * @param options n: classes per image; metadata: key-value pairs of the file, such as digests
 */
export async function openPredictionWriter(
  path: string,
  { n, metadata }: { n: number; metadata: Readonly<Record<string, string>> },
): Promise<PredictionWriter> {
  const output = await openParquetOutput(path, SCHEMA, { metadata });
  const groupRows = Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_VALUES / n)));
  let pending: RankedRows = { ids: [], classes: [], probs: [] };
  const flush = async (): Promise<void> => {
    const { ids } = pending;
    if (ids.length > 0) await writePending(output, pending);
    pending = { ids: [], classes: [], probs: [] };
  };
  return {
    async write(ids, topClasses, topProbs) {
      const expected = ids.length * n;
      if (topClasses.length !== expected || topProbs.length !== expected) {
        throw new RangeError(
          `expected ${ids.length} x ${n} classes and probabilities, got ${topClasses.length} and ${topProbs.length}`,
        );
      }
      for (const [row, id] of ids.entries()) {
        pending.ids.push(id);
        pending.classes.push(Array.from(topClasses.subarray(row * n, (row + 1) * n)));
        pending.probs.push(Array.from(topProbs.subarray(row * n, (row + 1) * n)));
        if (pending.ids.length >= groupRows) await flush();
      }
    },
    async close() {
      await flush();
      await output.close();
    },
    discard: () => output.discard(),
  };
}

function writePending(output: ParquetOutput, { ids, classes, probs }: RankedRows): Promise<void> {
  return output.writeGroup([
    { name: 'id', data: ids },
    { name: 'top_classes', data: classes },
    { name: 'top_probs', data: probs },
  ]);
}

/** The three levels that Parquet has for a list; neither it nor its values are ever null. */
function listOf(name: string, type: 'INT32' | 'FLOAT'): SchemaElement[] {
  return [
    {
      name,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
      repetition_type: 'REQUIRED',
      num_children: 1,
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type, repetition_type: 'REQUIRED' },
  ];
}
