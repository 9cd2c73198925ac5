import { join } from 'node:path';
import type { Finding } from '../../dataset/verify-dataset.js';
import { listFiles } from '../../files/list-files.js';

/** The files of an export that is being checked. */
export interface ExportFiles {
  path: (file: string) => string;
  /** The names of those not yet taken, in byte order. */
  names: () => string[];
  /** A file that the export has: its size, and it is no surprise from here on. */
  take: (file: string) => number | undefined;
  /** What was not taken. */
  surprises: () => Finding[];
}

/** Lists an export's files. Links that lead out of the folder are there, but cannot be taken. */
export async function listExport(folder: string): Promise<ExportFiles> {
  const sizes = new Map(
    (await listFiles(folder, () => true)).map(({ path, size }) => [path, size]),
  );
  return {
    path: (file) => join(folder, file),
    names: () => [...sizes.keys()],
    take(file) {
      const size = sizes.get(file);
      if (size === undefined || size < 0) return undefined;
      sizes.delete(file);
      return size;
    },
    surprises: () => [...sizes.keys()].map((file) => ({ problem: 'extra', file })),
  };
}
