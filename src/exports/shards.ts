import type { Dataset } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { messageOf } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { type ExportFiles, exportRows, fileNameOf } from './format.js';

/** What a shard holds of an image, by the stem of its file name. */
export interface Held {
  stem: string;
}

/** How the shards of a format are read, and compared with the rows of the dataset. */
export interface ShardReader<Item extends Held> {
  /** What a shard holds, in its order. @throws where it cannot be read to its end */
  read: (file: string) => AsyncIterable<Item>;
  /** What is wrong with what is held of a row. */
  compare: (row: MetadataRow, item: Item, file: string) => Iterable<Finding>;
  /** What to report for something that belongs to no row. */
  foreign: (item: Item, file: string) => Iterable<Finding>;
  /** What a shard has for each image, as findings name it: `row of`. */
  noun: string;
}

/** A shard that an export has, or must have. */
export interface Shard {
  file: string;
  /** What to report where it, and maybe others after it, are missing. */
  missing?: Finding;
}

/**
 * Compares the shards of an export with the rows of its dataset, both in the dataset's order. What
 * is held twice or out of order belongs to no row. A shard that is missing, or that cannot be read,
 * is one finding, and so is a run of rows that a shard lacks. Only the ids are kept, and only where
 * the export is not as it should be.
 */
export async function* verifyShards<Item extends Held>(
  dataset: Dataset,
  shards: readonly Shard[],
  reader: ShardReader<Item>,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  const rows = await followRows(dataset, options);
  let places: Map<string, number> | undefined;
  let isExplained = false; // by a shard before, which nobody can read: the rows that are lacking
  let before: string | undefined; // the shard that rows lack in, which come before the next item
  for await (const { file, item, finding } of itemsOf(shards, reader)) {
    if (finding) {
      yield finding;
      isExplained = true;
    }
    if (!item) {
      before = file;
      continue;
    }
    if (rows.now === undefined || fileNameOf(rows.now).stem !== item.stem) {
      places ??= await placesOf(dataset);
    }
    const place = places ? (places.get(item.stem) ?? -1) : rows.place;
    if (place > rows.place) {
      const lacking = await rows.skipTo(place, reader.noun);
      if (!isExplained) yield { problem: 'missing', file: before ?? file, detail: lacking };
    }
    if (place !== rows.place || rows.now === undefined) {
      yield* reader.foreign(item, file);
      continue;
    }
    yield* reader.compare(rows.now, item, file);
    await rows.step();
    isExplained = false;
    before = file;
  }
  if (rows.now === undefined) return;
  const lacking = await rows.skipTo(Infinity, reader.noun);
  if (!isExplained) {
    yield { problem: 'missing', file: before!, detail: lacking };
  }
}

interface FollowedRows {
  now: MetadataRow | undefined;
  /** Its place, from 0. */
  place: number;
  step: () => Promise<void>;
  /** Goes on to a place, or to the end. @returns which rows that leaves out, in words */
  skipTo: (place: number, noun: string) => Promise<string>;
}

async function followRows(dataset: Dataset, options: VerifyOptions): Promise<FollowedRows> {
  const rows = exportRows(dataset, { ...options, stage: 'verify' });
  const pull = async (): Promise<MetadataRow | undefined> => {
    const next = await rows.next();
    return next.done === true ? undefined : next.value;
  };
  const followed: FollowedRows = {
    now: await pull(),
    place: 0,
    async step() {
      followed.now = await pull();
      followed.place += 1;
    },
    async skipTo(place, noun) {
      const [first, start] = [followed.now?.id, followed.place];
      while (followed.place < place && followed.now !== undefined) await followed.step();
      const after = followed.place - start - 1;
      return `${noun} ${first}${after > 0 ? ` and the ${after} after it` : ''}`;
    },
  };
  return followed;
}

async function placesOf(dataset: Dataset): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for await (const row of dataset.rows()) places.set(fileNameOf(row).stem, places.size);
  return places;
}

/** What the shards hold; at the end of each, or where it is missing, there is no item. */
async function* itemsOf<Item extends Held>(
  shards: readonly Shard[],
  { read }: ShardReader<Item>,
): AsyncGenerator<{ file: string; item?: Item; finding?: Finding }> {
  for (const { file, missing } of shards) {
    if (missing) {
      yield { file, finding: missing };
      continue;
    }
    let problem: unknown;
    try {
      for await (const item of read(file)) yield { file, item };
    } catch (error) {
      problem = explainError(error);
    }
    if (problem === undefined) yield { file };
    else yield { file, finding: { problem: 'invalid', file, detail: messageOf(problem) } };
  }
}

/**
 * Takes the numbered files of a folder of an export, in their order.
 * @param folder where they are, '' for the export itself
 * @param pattern of their names; its first group is the number, from 0
 * @param nameOf the name for a number
 * @param count how many there must be, where that is known; at least 1
 * @returns those that are there, and the gaps between them
 */
export function takeShards(
  files: ExportFiles,
  folder: string,
  pattern: RegExp,
  nameOf: (shard: number) => string,
  count?: number,
): Shard[] {
  const shards: Shard[] = [];
  let next = 0;
  const expectNext = (number: number): void => {
    const more = number - next - 1;
    if (more < 0) return;
    const file = nameOf(next);
    const detail = more > 0 ? `and the ${more} after it` : undefined;
    shards.push({ file, missing: { problem: 'missing', file, ...(detail && { detail }) } });
  };
  for (const file of files.names(folder)) {
    const number = Number(pattern.exec(file)?.[1] ?? NaN);
    if (!(number >= next) || number >= (count ?? Infinity)) continue;
    if (files.take(file) === undefined) continue;
    expectNext(number);
    next = number + 1;
    shards.push({ file });
  }
  expectNext(count ?? Math.max(next, 1));
  return shards;
}
