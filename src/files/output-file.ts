import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainError } from './file-errors.js';
import { syncFolder } from './sync.js';

/** A file being written beside its place. */
export interface OutputFile {
  /** Writes pieces in order, each completely. They must not change until it returns. */
  write(...pieces: readonly Uint8Array[]): Promise<void>;
  /** Syncs it and renames it to its place: it is there completely or not at all. */
  close(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

/**
 * Opens a file for writing beside its place.
 * @param options sync: whether it is synced before its rename. Default: true
 * @throws OutputError where it cannot be written
 */
export async function openOutput(
  path: string,
  { sync = true }: { sync?: boolean } = {},
): Promise<OutputFile> {
  const temporary = `${path}.tmp`;
  const explained = async <T>(act: Promise<T>): Promise<T> =>
    act.catch((error: unknown) => {
      throw explainError(error, path);
    });
  await explained(rm(temporary, { force: true })); // not to write where a link of this name leads
  const file = await explained(open(temporary, 'wx'));
  const discard = async (): Promise<void> => {
    await file.close();
    await rm(temporary, { force: true });
  };
  return {
    async write(...pieces) {
      await explained(writeAll(file, pieces));
    },
    async close() {
      try {
        if (sync) await explained(file.sync());
        await explained(rename(temporary, path));
      } catch (error) {
        await discard();
        throw error;
      }
      await file.close();
      if (sync) await explained(syncFolder(dirname(path)));
    },
    discard,
  };
}

/** Writes a file beside its place, then renames it there. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: { sync?: boolean } = {},
): Promise<void> {
  const output = await openOutput(path, options);
  try {
    await output.write(typeof content === 'string' ? Buffer.from(content) : content);
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let left = pieces.filter(({ length }) => length > 0);
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    const next = left.findIndex(({ length }) => (bytesWritten -= length) < 0);
    left = next < 0 ? [] : [left[next]!.subarray(bytesWritten), ...left.slice(next + 1)];
  }
}

const WRITE_LENGTH = 2 ** 16;

/** Writes a text file from its lines, each without its end, as they come. */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const output = await openOutput(path);
  try {
    let pending = '';
    for await (const line of lines) {
      pending += `${line}\n`;
      if (pending.length < WRITE_LENGTH) continue;
      await output.write(Buffer.from(pending));
      pending = '';
    }
    await output.write(Buffer.from(pending));
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}
