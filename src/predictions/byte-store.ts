import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { problemIn, unreadable } from './source.js';

/** Bytes of a known number that can be read many times. */
export interface ByteStore {
  size: number;
  /** Only forwards: a stream. */
  sequential: boolean;
  open: () => Promise<ByteReader>;
}

export interface ByteReader {
  /** Fills the target. @throws EvaluationError `predictions-truncated` */
  read(target: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** A stretch of a file. */
export function fileBytes(path: string, start: number, size: number): ByteStore {
  return {
    size,
    sequential: false,
    async open() {
      const file = await open(path);
      return {
        read: (target, position) => readFully(file, target, start + position, path),
        close: () => file.close(),
      };
    },
  };
}

/** What a stream gives; positions must not go back. */
export function streamBytes(start: () => Readable, size: number, path: string): ByteStore {
  return {
    size,
    sequential: true,
    open() {
      const stream = start();
      return Promise.resolve({
        read: takeFrom(stream, path),
        close() {
          stream.destroy();
          return Promise.resolve();
        },
      });
    },
  };
}

/** All of a store's bytes, held. */
export async function holdBytes(store: ByteStore): Promise<ByteStore> {
  const bytes = new Uint8Array(store.size);
  const reader = await store.open();
  try {
    await reader.read(bytes, 0);
  } finally {
    await reader.close();
  }
  return {
    size: store.size,
    sequential: false,
    open: () =>
      Promise.resolve({
        read(target, position) {
          target.set(bytes.subarray(position, position + target.length));
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      }),
  };
}

async function readFully(
  file: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let filled = 0;
  while (filled < target.length) {
    const rest = target.length - filled;
    const { bytesRead } = await file.read(target, filled, rest, position + filled);
    if (bytesRead === 0) throw truncated(path);
    filled += bytesRead;
  }
}

function takeFrom(stream: Readable, path: string): ByteReader['read'] {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let chunk: Uint8Array = new Uint8Array(0);
  let at = 0; // where the chunk starts
  return async (target, position) => {
    let filled = 0;
    while (filled < target.length) {
      const from = position + filled - at;
      if (from < 0) throw new RangeError('a stream cannot be read backwards');
      if (from >= chunk.length) {
        at += chunk.length;
        const next = await chunks.next().catch((error: unknown) => {
          throw unreadable(error, path, 'its compressed data cannot be read');
        });
        if (next.done === true) throw truncated(path);
        chunk = next.value;
        continue;
      }
      const part = chunk.subarray(from, from + target.length - filled);
      target.set(part, filled);
      filled += part.length;
    }
  };
}

function truncated(path: string): Error {
  return problemIn(path, 'predictions-truncated', 'the file is truncated', {
    fix: 'write or copy it again',
  });
}
