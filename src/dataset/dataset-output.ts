import { mkdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../files/digest.js';
import { writeJsonLines } from '../files/json-lines.js';
import { toJson, writeWhole } from '../files/stage-folder.js';
import { type MetadataRow, readMetadata } from './metadata.js';
import { PROGRESS_FILE } from './output-folder.js';

/** How far a dataset is; written after each batch, so that a killed run goes on from there. */
interface DatasetProgress {
  /** Images done, in the plan's order. */
  images: number;
  /** Length of `metadata.jsonl`. */
  rowBytes: number;
}

/** The images and rows of a dataset being written, with what its summary needs. */
export interface DatasetOutput {
  /** Images done, in the plan's order. */
  readonly images: number;
  /** SHA-256 of every image file so far, by path. */
  readonly files: Record<string, string>;
  readonly counts: Record<string, number>;
  readonly classes: Map<string, number>;
  append(rows: readonly MetadataRow[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the output of a partial dataset. Of an interrupted run the images that were noted are
 * taken over once the digest of each has been checked; a damaged one starts from nothing.
 */
export async function openDatasetOutput(partial: string): Promise<DatasetOutput> {
  await mkdir(join(partial, 'images'), { recursive: true });
  const progress = await recoverProgress(partial);
  const files: Record<string, string> = {};
  const counts: Record<string, number> = {};
  const classes = new Map<string, number>();
  const note = (row: MetadataRow): void => {
    files[row.file_name] = row.sha256;
    counts[row.k] = (counts[row.k] ?? 0) + 1;
    for (const wnid of row.wnids) classes.set(wnid, (classes.get(wnid) ?? 0) + 1);
  };
  if (progress.images > 0) for await (const row of readMetadata(partial)) note(row);

  const metadata = await writeJsonLines(join(partial, 'metadata.jsonl'), 'a');
  return {
    get images() {
      return progress.images;
    },
    files,
    counts,
    classes,
    async append(rows) {
      for (const row of rows) {
        progress.rowBytes += await metadata.write(row);
        note(row);
      }
      progress.images += rows.length;
      await metadata.flush();
      await writeWhole(progressFile(partial), toJson(progress));
    },
    close: () => metadata.close(),
  };
}

function progressFile(partial: string): string {
  return join(partial, PROGRESS_FILE);
}

async function recoverProgress(partial: string): Promise<DatasetProgress> {
  const metadata = join(partial, 'metadata.jsonl');
  try {
    const progress = JSON.parse(await readFile(progressFile(partial), 'utf8')) as DatasetProgress;
    if ((await stat(metadata)).size >= progress.rowBytes) {
      await truncate(metadata, progress.rowBytes);
      if (await isIntact(partial)) return progress;
    }
  } catch {
    // nothing noted, or not readable: start from nothing
  }
  await rm(metadata, { force: true });
  return { images: 0, rowBytes: 0 };
}

async function isIntact(partial: string): Promise<boolean> {
  for await (const { file_name, sha256 } of readMetadata(partial)) {
    const found = tryDigest(join(partial, file_name));
    if (found !== sha256) return false;
  }
  return true;
}

function tryDigest(path: string): string | undefined {
  try {
    return sha256File(path);
  } catch {
    return undefined; // missing or unreadable: the image is composed again
  }
}
