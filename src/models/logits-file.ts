import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { forgetProgress, noteProgress, type Resumable, takeUpProgress } from '../files/resume.js';
import { NPY_HEADER_BYTES, npyHeader } from '../predictions/npy-format.js';
import { CLASS_COUNT } from './classes.js';

export const LOGITS_FILE = 'logits.npy';
/** Images between two notes of how far it is: what a killed run has to do again. */
const NOTE_EVERY = 512;
const ROW_BYTES = 4 * CLASS_COUNT;
const ROWS_AT_ONCE = 1024;

/** An image that could not be decoded. */
export interface BadImage {
  id: string;
  problem: string;
}

/** How far a run is: images done, in the set's order, and those of them that have no row. */
const progressSchema = z.object({
  done: z.int().min(0),
  bad: z.array(z.object({ id: z.string(), problem: z.string() })),
});
type LogitsProgress = z.output<typeof progressSchema>;

const RESUMABLE: Resumable<LogitsProgress> = {
  schema: progressSchema,
  lengths: (progress) => ({ [LOGITS_FILE]: endOf(progress) }),
};

/** `logits.npy`, [images x 1,000] float32, being written. */
export interface LogitsFile {
  /** What an earlier run that was stopped has done already. */
  progress: LogitsProgress;
  /** The rows that it holds already, some at a time. */
  rows: () => AsyncGenerator<Float32Array>;
  /** Adds the rows of the next images, and names those that have none. */
  add: (scores: Float32Array, bad: readonly BadImage[]) => Promise<void>;
  /** Ends the file: it is a NumPy array from now on. */
  finish: () => Promise<void>;
  /** Notes how far it is, for a later run to resume from. */
  stop: () => Promise<void>;
}

/** Opens the file of a folder, behind the rows that an earlier run noted. */
export async function openLogitsFile(folder: string): Promise<LogitsFile> {
  const path = join(folder, LOGITS_FILE);
  const progress = (await takeUpProgress(folder, RESUMABLE)) ?? { done: 0, bad: [] };
  const file = await open(path, progress.done > 0 ? 'r+' : 'w');
  let end = endOf(progress);
  let noted = progress.done;
  await file.truncate(end);
  const note = async (): Promise<void> => {
    noted = progress.done;
    await noteProgress(folder, progress, [LOGITS_FILE]);
  };
  return {
    progress,
    async *rows() {
      const last = end;
      for (let at = NPY_HEADER_BYTES; at < last; at += ROWS_AT_ONCE * ROW_BYTES) {
        yield await readRows(file, at, Math.min(ROWS_AT_ONCE * ROW_BYTES, last - at));
      }
    },
    async add(scores, bad) {
      await writeAll(file, scores, end);
      end += scores.byteLength;
      progress.bad.push(...bad);
      progress.done += scores.length / CLASS_COUNT + bad.length;
      if (progress.done - noted >= NOTE_EVERY) await note();
    },
    async finish() {
      const rows = progress.done - progress.bad.length;
      await file.write(npyHeader([rows, CLASS_COUNT]), 0, NPY_HEADER_BYTES, 0);
      await file.close();
      await forgetProgress(folder);
    },
    async stop() {
      await file.close();
      await note();
    },
  };
}

/** The rows of a file that is complete. */
export interface LogitsRows {
  /** Reads rows. @param first from 0 */
  read: (first: number, rows: number) => Promise<Float32Array>;
  close: () => Promise<void>;
}

/** Opens the complete file of a folder. */
export async function openLogitsRows(folder: string): Promise<LogitsRows> {
  const file = await open(join(folder, LOGITS_FILE), 'r');
  return {
    read: (first, rows) => readRows(file, NPY_HEADER_BYTES + first * ROW_BYTES, rows * ROW_BYTES),
    close: () => file.close(),
  };
}

function endOf({ done, bad }: LogitsProgress): number {
  return NPY_HEADER_BYTES + ROW_BYTES * (done - bad.length);
}

async function readRows(file: FileHandle, start: number, length: number): Promise<Float32Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, start + at);
    if (bytesRead === 0) throw new Error(`${LOGITS_FILE} has become shorter`);
    at += bytesRead;
  }
  return new Float32Array(bytes.buffer);
}

async function writeAll(file: FileHandle, scores: Float32Array, start: number): Promise<void> {
  const bytes = new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, start + at);
    at += bytesWritten;
  }
}
