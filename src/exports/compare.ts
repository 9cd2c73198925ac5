import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding } from '../dataset/verify.js';
import { listFiles } from '../files/listing.js';
import type { StageOptions } from '../progress.js';
import { exportRows, fileNameOf } from './rows.js';

/** What an export holds of an image, by the stem of its file name. */
export interface Held {
  stem: string;
}

/** A row with what is held of it; a row of which nothing is; or something that belongs to no row. */
export type Aligned<Item extends Held> =
  { row: MetadataRow; item: Item } | { row: MetadataRow } | { item: Item };

/**
 * Goes through the rows of a dataset and what an export holds, both in the dataset's order. What
 * is held twice or out of order belongs to no row. Only the ids are kept, and only where the
 * export is not as it should be.
 */
export async function* alignRows<Item extends Held>(
  dataset: Dataset,
  items: AsyncIterable<Item>,
  options: StageOptions,
): AsyncGenerator<Aligned<Item>> {
  const rows = exportRows(dataset, { ...options, stage: 'verify' });
  let places: Map<string, number> | undefined;
  let place = 0;
  let next = await rows.next();
  for await (const item of items) {
    const isNext = next.done !== true && fileNameOf(next.value).stem === item.stem;
    if (!isNext) places ??= await placesOf(dataset);
    const wanted = isNext ? place : (places?.get(item.stem) ?? -1);
    for (; place < wanted && next.done !== true; place += 1) {
      yield { row: next.value };
      next = await rows.next();
    }
    if (place !== wanted || next.done === true) {
      yield { item };
      continue;
    }
    yield { row: next.value, item };
    next = await rows.next();
    place += 1;
  }
  for (; next.done !== true; next = await rows.next()) yield { row: next.value };
}

async function placesOf(dataset: Dataset): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for await (const row of dataset.rows()) places.set(fileNameOf(row).stem, places.size);
  return places;
}

/** No line that patchml writes is longer. */
const MAX_LENGTH = 2 ** 20;

/**
 * The lines of a text file, without their ends; what stands behind the last end is a line too,
 * unless it is nothing. A line of more than a million characters is cut, and is the last.
 */
async function* boundedLines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MAX_LENGTH) break;
  }
  if (rest !== '') yield `${rest} (without an end of line)`;
}

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

/**
 * Takes the numbered files of an export, in their order.
 * @param pattern of their names; its first group is the number, from 0
 * @param nameOf the name for a number
 * @param count how many there must be, where that is known
 * @returns those that are there, and a finding for each gap between them
 */
export function takeShards(
  files: ExportFiles,
  pattern: RegExp,
  nameOf: (shard: number) => string,
  count?: number,
): { shards: string[]; gaps: Finding[] } {
  const shards: string[] = [];
  const gaps: Finding[] = [];
  let next = 0;
  const expectNext = (number: number): void => {
    const more = number - next - 1;
    if (more < 0) return;
    const detail = more > 0 ? `and ${more} behind it` : undefined;
    gaps.push({ problem: 'missing', file: nameOf(next), ...(detail && { detail }) });
  };
  for (const file of files.names()) {
    const number = Number(pattern.exec(file)?.[1] ?? NaN);
    if (!(number >= next) || number >= (count ?? Infinity)) continue;
    if (files.take(file) === undefined) continue;
    expectNext(number);
    next = number + 1;
    shards.push(file);
  }
  if (count !== undefined) expectNext(count);
  return { shards, gaps };
}

const SHOWN = 60;
/** Of what two texts share before they part. */
const SHARED = 20;

/** A text that may hold anything, as it can stand in a report. */
export function shown(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return `"${short.replaceAll(/\p{C}/gu, ' ')}"`; // no place for a terminal's commands
}

/** Where two texts part, and what each says there. */
export function differenceOf(want: string, got: string): string {
  let same = 0;
  while (same < want.length && want[same] === got[same]) same += 1;
  const from = Math.max(0, same - SHARED);
  return `expected ${shown(want.slice(from))}, got ${shown(got.slice(from))}`;
}

/**
 * Compares a text file with the lines that it must have. A line that is missing, or is one too
 * many, is told from a changed one by the line behind it.
 */
export async function* verifyLines(
  path: string,
  file: string,
  expected: AsyncIterable<string>,
): AsyncGenerator<Finding> {
  const wanted = await lookAhead(expected);
  const found = await lookAhead(boundedLines(path));
  for (;;) {
    const { now: want, then: wantNext } = wanted;
    const { now: got, then: gotNext, line } = found;
    if (want === undefined && got === undefined) return;
    const place = `line ${line}`;
    if (want === got) {
      await wanted.step();
      await found.step();
    } else if (got === undefined || (want !== undefined && got === wantNext)) {
      yield { problem: 'missing', file, detail: `${place}: expected ${shown(want ?? '')}` };
      await wanted.step();
    } else if (want === undefined || want === gotNext) {
      yield { problem: 'extra', file, detail: `${place}: ${shown(got)}` };
      await found.step();
    } else {
      yield { problem: 'changed', file, detail: `${place}: ${differenceOf(want, got)}` };
      await wanted.step();
      await found.step();
    }
  }
}

interface LookAhead {
  now: string | undefined;
  then: string | undefined;
  /** Counted from 1. */
  line: number;
  step: () => Promise<void>;
}

async function lookAhead(lines: AsyncIterable<string>): Promise<LookAhead> {
  const iterator = lines[Symbol.asyncIterator]();
  const pull = async (): Promise<string | undefined> => {
    const next = await iterator.next();
    return next.done === true ? undefined : next.value;
  };
  const now = await pull();
  const state: LookAhead = {
    now,
    then: await pull(),
    line: 1,
    async step() {
      state.now = state.then;
      state.line += 1;
      state.then = await pull();
    },
  };
  return state;
}
