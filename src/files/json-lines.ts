import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { DatasetError } from '../errors.js';

const FLUSH_AT = 1 << 16;

/**
 * Reads a JSON Lines file a row at a time.
 * @throws DatasetError with the line number when a line is not JSON.
 */
export async function* readJsonLines(path: string): AsyncGenerator {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    yield parseLine(line, path, number);
  }
}

/** A JSON Lines file being written. */
export interface JsonLinesWriter {
  /** Adds a row; it is on its way to the disk after `flush` or `close`. @returns its bytes */
  write(row: unknown): Promise<number>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a JSON Lines file for writing: anew (`w`), or behind what is there (`a`). */
export async function writeJsonLines(
  path: string,
  flags: 'w' | 'a' = 'w',
): Promise<JsonLinesWriter> {
  const file = await open(path, flags);
  let pending = '';
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = '';
    if (text !== '') await file.appendFile(text);
  };
  return {
    async write(row) {
      const line = `${JSON.stringify(row)}\n`;
      pending += line;
      if (pending.length >= FLUSH_AT) await flush();
      return Buffer.byteLength(line);
    },
    flush,
    async close() {
      try {
        await flush();
      } finally {
        await file.close();
      }
    },
  };
}

function parseLine(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new DatasetError('expected one JSON value on this line', {
      code: 'not-json-lines',
      path,
      place: `line ${number}`,
      fix: 'make this folder again',
      cause,
    });
  }
}
