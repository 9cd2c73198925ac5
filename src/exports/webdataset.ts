import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import * as tar from 'tar-stream';
import type { Dataset } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { messageOf } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { openOutput } from '../files/output-file.js';
import { writeBehind } from '../parallel/ordered.js';
import {
  type ExportFiles,
  type ExportFormat,
  type ExportOptions,
  exportRows,
  fileNameOf,
  readImage,
  shown,
  unreadable,
} from './format.js';
import { type Held, takeShards, verifyShards } from './shards.js';

const TAR_IMAGES = 1000;
const WRITE_BYTES = 2 ** 20;

/** One member of a shard. */
interface TarPart {
  name: string;
  body: Uint8Array;
}

/**
 * WebDataset shards, `patchml-000000.tar` and so on: for each image `<id>.png` and after it
 * `<id>.json`, its row of the metadata. Members do not say when and by whom they were made.
 */
export const webdataset: ExportFormat = { write: writeWebDataset, verify: verifyWebDataset };

async function writeWebDataset(
  dataset: Dataset,
  folder: string,
  { shardSize = TAR_IMAGES, ...options }: ExportOptions,
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
function shardName(shard: number): string {
  return `patchml-${String(shard).padStart(6, '0')}.tar`;
}

/** What the JSON member of an image says. */
function jsonOf(row: MetadataRow): string {
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
  const output = await openOutput(path, { sync: false }); // the folder is, with all in it
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
  const filling = packParts(pack, parts).catch((error: unknown) => {
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

async function packParts(pack: tar.Pack, parts: AsyncIterable<TarPart>): Promise<void> {
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

/** A member of a shard, as it was read. */
interface TarMemberRead {
  name: string;
  sha256: string;
  /** Whether its header says what patchml's do: a file, of nobody, at no time. */
  plain: boolean;
}

/** Members beside each other that share a stem, up to the first dot as WebDataset groups them. */
interface TarSample extends Held {
  members: TarMemberRead[];
}

const BLOCK = 512;
const MAX_MEMBERS = 8;

/**
 * Reads a shard sample by sample; of its bytes only digests are kept.
 * @throws ReleaseError `export-unreadable` where it is truncated or not a tar archive
 */
async function* readTarSamples(path: string): AsyncGenerator<TarSample> {
  let sample: TarSample | undefined;
  let length = 2 * BLOCK; // the end
  try {
    for await (const { header, member } of readMembers(path)) {
      length += BLOCK + BLOCK * Math.ceil(header.size / BLOCK);
      const stem = member.name.split('.', 1)[0]!;
      if (sample?.stem === stem && sample.members.length < MAX_MEMBERS) {
        sample.members.push(member);
        continue;
      }
      if (sample) yield sample;
      sample = { stem, members: [member] };
    }
  } catch (cause) {
    throw unreadable(`this is not a complete tar archive: ${shown(messageOf(cause))}`, cause);
  }
  const { size } = statSync(path);
  if (sample && size >= length) yield sample; // else its end may be missing
  if (size !== length) {
    throw unreadable(`expected ${length} bytes for its members, got ${size}`);
  }
}

async function* readMembers(
  path: string,
): AsyncGenerator<{ header: tar.Header; member: TarMemberRead }> {
  const archive = createReadStream(path, { highWaterMark: 2 ** 20 });
  const extract = tar.extract();
  archive.on('error', (error) => {
    extract.destroy(error);
  });
  archive.pipe(extract);
  try {
    for await (const entry of extract) {
      const { header } = entry;
      const hash = createHash('sha256');
      for await (const chunk of entry as unknown as Readable) hash.update(chunk as Buffer);
      const member = { name: header.name, sha256: hash.digest('hex'), plain: isPlain(header) };
      yield { header, member };
    }
  } finally {
    archive.destroy();
  }
}

function isPlain({ type, mode, uid, gid, mtime, uname, gname }: tar.Header): boolean {
  const about = [type, mode, uid, gid, mtime.getTime(), uname, gname];
  return about.join() === ['file', 0o644, 0, 0, 0, '', ''].join();
}

/** Checks every member of every image, and that there are no others. */
function verifyWebDataset(
  dataset: Dataset,
  files: ExportFiles,
  options: VerifyOptions,
): AsyncIterable<Finding> {
  const shards = takeShards(files, '', /^patchml-(\d{6})\.tar$/, shardName);
  const read = (file: string): AsyncIterable<TarSample> => readTarSamples(files.path(file));
  return verifyShards(dataset, shards, { read, compare, foreign, noun: 'image' }, options);
}

function* foreign({ members }: TarSample, file: string): Generator<Finding> {
  for (const { name } of members) {
    yield { problem: 'extra', file, detail: `member ${shown(name)}` };
  }
}

function* compare(row: MetadataRow, { members }: TarSample, file: string): Generator<Finding> {
  const { name: image, stem } = fileNameOf(row);
  const expected = new Map([
    [image, row.sha256],
    [`${stem}.json`, sha256(jsonOf(row))],
  ]);
  for (const { name, sha256: digest, plain } of members) {
    const want = expected.get(name);
    const detail = `member ${shown(name)}`;
    expected.delete(name);
    if (want === undefined) yield { problem: 'extra', file, detail };
    else if (digest !== want) yield { problem: 'changed', file, detail };
    else if (!plain) yield { problem: 'changed', file, detail: `${detail}: its header` };
  }
  for (const name of expected.keys()) {
    yield { problem: 'missing', file, detail: `member "${name}"` };
  }
}
