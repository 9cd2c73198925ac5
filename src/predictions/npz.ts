import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { type ByteStore, fileBytes, streamBytes } from './byte-store.js';
import { readNpyTexts } from './npy-format.js';
import { npyPredictions } from './npy.js';
import { type PredictionOptions, type PredictionSource, problemIn, unreadable } from './source.js';

/** What predictions are called, the likeliest first. */
const NAMES = ['logits', 'probs', 'predictions', 'scores', 'arr_0'];

const IDS = 'ids';

/** Opens what numpy.savez or numpy.savez_compressed wrote; an array of texts `ids` is taken as such. */
export async function readNpz(
  path: string,
  { kind, key, ids }: PredictionOptions,
): Promise<PredictionSource> {
  const arrays = await arraysIn(path);
  const name = chooseArray([...arrays.keys()], path, key);
  const source = await npyPredictions(arrays.get(name)!, path, kind, `array "${name}"`);
  const names = arrays.get(IDS);
  if (names === undefined || name === IDS || ids !== undefined) return source;
  return { ...source, ids: await readNpyTexts(names, path, `array "${IDS}"`) };
}

async function arraysIn(path: string): Promise<Map<string, ByteStore>> {
  const arrays = new Map<string, ByteStore>();
  for (const [name, bytes] of await zipMembers(path)) {
    if (name.endsWith('.npy')) arrays.set(name.slice(0, -4), bytes);
  }
  return arrays;
}

function chooseArray(names: string[], path: string, key?: string): string {
  const candidates = names.filter((name) => name !== IDS);
  if (key === undefined && candidates.length === 1) return candidates[0]!;
  const chosen = key ?? NAMES.find((name) => names.includes(name));
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  const listed = names.slice(0, 10).join(', ');
  throw problemIn(
    path,
    'predictions-no-array',
    key === undefined
      ? `it has ${names.length} arrays and it is unclear which one holds the predictions: ${listed}`
      : `it has no array "${key}", only: ${listed}`,
    { fix: 'choose the array with --key' },
  );
}

/** Deflate makes nothing smaller than this part of itself. */
const MAX_RATIO = 1032;

/** yauzl can do this; its types are of an older version. */
type ZipFile = yauzl.ZipFile & {
  readLocalFileHeader(
    entry: yauzl.Entry,
    options: { minimal: true },
    callback: (error: Error | null, header: { fileDataStart: number }) => void,
  ): void;
};

/**
 * Finds the members of a zip archive by their names; none is read before it is asked for.
 * @throws EvaluationError `predictions-unreadable`
 */
async function zipMembers(path: string): Promise<Map<string, ByteStore>> {
  try {
    const zip = await openZip(path);
    try {
      return await listMembers(zip, path);
    } finally {
      zip.close();
    }
  } catch (error) {
    throw unreadable(error, path, 'this is not a complete zip archive');
  }
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error) reject(error);
      else resolve(zip as ZipFile);
    });
  });
}

async function listMembers(zip: ZipFile, path: string): Promise<Map<string, ByteStore>> {
  const members = new Map<string, ByteStore>();
  for (let entry = await nextEntry(zip); entry !== undefined; entry = await nextEntry(zip)) {
    members.set(entry.fileName, memberBytes(entry, await dataStart(zip, entry), path));
  }
  return members;
}

function nextEntry(zip: ZipFile): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    zip.removeAllListeners();
    zip.once('error', reject);
    zip.once('end', resolve);
    zip.once('entry', resolve);
    zip.readEntry();
  });
}

/** Where the bytes of a member start in the archive. */
function dataStart(zip: ZipFile, entry: yauzl.Entry): Promise<number> {
  return new Promise((resolve, reject) => {
    zip.readLocalFileHeader(entry, { minimal: true }, (error, header) => {
      if (error) reject(error);
      else resolve(header.fileDataStart);
    });
  });
}

function memberBytes(entry: yauzl.Entry, start: number, path: string): ByteStore {
  const { compressionMethod, compressedSize, uncompressedSize: size } = entry;
  const fail = (problem: string): Error =>
    problemIn(path, 'predictions-unreadable', problem, {
      place: entry.fileName,
      fix: 'write it with numpy.savez',
    });
  if (entry.isEncrypted()) throw fail('it is encrypted');
  if (compressionMethod === 0) return fileBytes(path, start, size);
  if (compressionMethod !== 8) throw fail('expected a stored or deflated member');
  if (size > MAX_RATIO * compressedSize) {
    throw fail(`${compressedSize} bytes cannot hold the ${size} that it claims`);
  }
  return streamBytes(() => inflate(path, start, compressedSize), size, path);
}

function inflate(path: string, start: number, length: number): Readable {
  const packed = createReadStream(path, { start, end: start + length - 1, highWaterMark: 1 << 18 });
  const inflated = createInflateRaw({ chunkSize: 1 << 18 });
  packed.on('error', (error) => inflated.destroy(error));
  inflated.on('close', () => packed.destroy());
  return packed.pipe(inflated);
}
