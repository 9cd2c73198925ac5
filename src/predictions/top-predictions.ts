import {
  type ParquetFile,
  type RefuseParquet,
  valuesInGroup,
  withParquet,
} from '../files/parquet.js';
import { problemIn } from './source.js';

/** What a model ranks highest in each image, as `predictions.parquet` has it. */
export interface TopPredictions {
  ids: string[];
  /** Classes of each image. */
  n: number;
  /** Best first, [images x n]. */
  classes: Uint16Array;
  /** Of the classes, in their order, [images x n]. */
  probabilities: Float32Array;
}

/** Of a row group so many values are read at once. */
const MAX_GROUP_VALUES = 2 ** 24;

/**
 * Reads the classes and probabilities of a `predictions.parquet` that patchml wrote.
 * @throws EvaluationError `predictions-...` where it is another file, or damaged; OutputError
 */
export async function readTopPredictions(path: string): Promise<TopPredictions> {
  const refuse: RefuseParquet = (kind, problem, details) =>
    problemIn(path, `predictions-${kind}`, problem, { ...details, fix: FIX });
  const read = async (file: ParquetFile): Promise<TopPredictions> => {
    const images = Number(file.metadata.num_rows);
    const n = widthOf(file, path);
    const ids: string[] = [];
    const classes = new Uint16Array(images * n);
    const probabilities = new Float32Array(images * n);
    for (const group of file.groups) {
      const names = await file.readColumn('id', group);
      ids.push(...Array.from(names, String));
      const lists = [
        [await file.readColumn('top_classes', group), classes],
        [await file.readColumn('top_probs', group), probabilities],
      ] as const;
      for (const [rows, values] of lists) {
        for (let row = 0; row < rows.length; row += 1) {
          values.set(requireList(rows[row], n, path, group.start + row), (group.start + row) * n);
        }
      }
    }
    return { ids, n, classes, probabilities };
  };
  return withParquet(path, read, { refuse });
}

const FIX = 'evaluate the model again';

/** Read from the footer, before any list is. */
function widthOf({ metadata, groups }: ParquetFile, path: string): number {
  const widths = groups.map(({ start, end }, group) => {
    const values = ['top_classes', 'top_probs'].map((name) => valuesInGroup(metadata, name, group));
    return values.every((count) => count <= MAX_GROUP_VALUES && count === values[0])
      ? values[0]! / (end - start)
      : NaN;
  });
  const width = widths[0] ?? 0;
  if (Number.isInteger(width) && widths.every((other) => other === width)) return width;
  throw problemIn(path, 'predictions-ragged', 'its columns are not lists of one length', {
    fix: FIX,
  });
}

function requireList(list: unknown, n: number, path: string, row: number): number[] {
  const values = (list ?? []) as ArrayLike<unknown>;
  if (values.length === n) return Array.from(values, Number);
  throw problemIn(path, 'predictions-ragged', `expected ${n} values, got ${values.length}`, {
    place: `row ${row} (from 0)`,
    fix: FIX,
  });
}
