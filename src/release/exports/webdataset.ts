import { join } from 'node:path';
import * as tar from 'tar-stream';
import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import { openOutput } from '../../evaluate/predictions/output-file.js';
import type { ExportOptions } from './export-options.js';
import { exportRows, fileNameOf, readImage } from './export-rows.js';
import { writeBehind } from './write-behind.js';

const TAR_IMAGES = 1000;
const WRITE_BYTES = 2 ** 20;

/** One member of a shard. */
interface TarPart {
  name: string;
  body: Buffer;
}

/**
 * Writes WebDataset shards, `patchml-000000.tar` and so on: for each image `<id>.png` and behind it
 * `<id>.json`, its row of the metadata. Members say nothing of when and by whom they were made.
 * @param options shardSize: images a shard, 1,000 by default
 */
export async function writeWebDataset(
  dataset: Dataset,
  folder: string,
  { shardSize = TAR_IMAGES, ...options }: ExportOptions = {},
): Promise<void> {
  const rows = exportRows(dataset, options);
  let next = await rows.next();
  for (let shard = 0; next.done !== true; shard += 1) {
    await writeTar(join(folder, shardName(shard)), async function* () {
      for (let written = 0; written < shardSize && next.done !== true; written += 1) {
        yield* partsOf(dataset, next.value);
        next = await rows.next();
      }
    });
  }
}

/** The file of a shard, counted from 0. */
export function shardName(shard: number): string {
  return `patchml-${String(shard).padStart(6, '0')}.tar`;
}

/** What the JSON member of an image says. */
export function jsonOf(row: MetadataRow): string {
  return JSON.stringify(row);
}

/** The members of an image, in their order. */
function partsOf(dataset: Dataset, row: MetadataRow): TarPart[] {
  const { name, stem } = fileNameOf(row);
  return [
    { name, body: readImage(dataset, row) },
    { name: `${stem}.json`, body: Buffer.from(jsonOf(row)) },
  ];
}

async function writeTar(path: string, parts: () => AsyncIterable<TarPart>): Promise<void> {
  const output = await openOutput(path);
  const writes = writeBehind((pieces: Uint8Array[]) => output.write(...pieces));
  try {
    for await (const pieces of packed(parts())) await writes.next(pieces);
    await writes.end();
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}

/** An archive's pieces, about a megabyte of them at a time. */
async function* packed(parts: AsyncIterable<TarPart>): AsyncGenerator<Uint8Array[]> {
  const pack = tar.pack();
  const filling = fill(pack, parts).catch((error: unknown) => {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of pack as AsyncIterable<Buffer>) {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes < WRITE_BYTES) continue;
    yield pieces;
    pieces = [];
    bytes = 0;
  }
  yield pieces;
  await filling;
}

async function fill(pack: tar.Pack, parts: AsyncIterable<TarPart>): Promise<void> {
  for await (const { name, body } of parts) {
    const header = { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) };
    await new Promise<void>((resolve, reject) => {
      pack.entry(header, body, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
  pack.finalize();
}
