import { type ParquetFile, withParquet } from '../../src/files/parquet.js';

/** Reads a Parquet file that a test knows to be complete. */
export function readParquet<T>(
  path: string,
  use: (file: ParquetFile) => T | Promise<T>,
): Promise<T> {
  const refuse = (_kind: string, problem: string): never => {
    throw new Error(problem);
  };
  return withParquet(path, use, { refuse });
}
