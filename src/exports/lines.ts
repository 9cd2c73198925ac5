import { join } from 'node:path';
import type { Dataset } from '../dataset/dataset.js';
import type { Finding } from '../dataset/verify.js';
import { writeLines } from '../files/output-file.js';
import { readTextLines } from '../files/read-file.js';
import { countOf } from '../text.js';
import { differenceOf, type ExportFormat, type ExportOptions, shown } from './format.js';

/** The lines of a text file of an export, without their ends. */
export type LinesOf = (dataset: Dataset, options: ExportOptions) => AsyncIterable<string>;

/** The format of an export that is text files, by their names; the check compares line by line. */
export function linesFormat(texts: Readonly<Record<string, LinesOf>>): ExportFormat {
  return {
    async write(dataset, folder, options) {
      for (const [file, lines] of Object.entries(texts)) {
        await writeLines(join(folder, file), lines(dataset, options));
      }
    },
    async *verify(dataset, files, options) {
      for (const [file, lines] of Object.entries(texts)) {
        const expected = lines(dataset, { ...options, stage: 'verify' });
        if (files.take(file) === undefined) yield { problem: 'missing', file };
        else yield* verifyLines(files.path(file), file, expected);
      }
    },
  };
}

/**
 * Compares a text file with the lines that it must have. A line that is missing, or is one too
 * many, is distinguished from a changed one by the line behind it; a file that ends too early is one finding.
 */
async function* verifyLines(
  path: string,
  file: string,
  expected: AsyncIterable<string>,
): AsyncGenerator<Finding> {
  const wanted = await lookAhead(expected);
  const found = await lookAhead(linesIn(path));
  for (;;) {
    const { now: want, then: wantNext } = wanted;
    const { now: got, then: gotNext, line } = found;
    if (want === undefined && got === undefined) return;
    const place = `line ${line}`;
    if (want === got) {
      await wanted.step();
      await found.step();
    } else if (got === undefined) {
      const after = await wanted.rest();
      const detail = `${place}: expected ${shown(want ?? '')}${after > 0 ? ` and ${countOf(after, 'line')} after it` : ''}`;
      yield { problem: 'missing', file, detail };
      return;
    } else if (want !== undefined && got === wantNext) {
      yield { problem: 'missing', file, detail: `${place}: expected ${shown(want)}` };
      await wanted.step();
    } else if (want === undefined || want === gotNext) {
      yield { problem: 'extra', file, detail: `${place}: ${shown(got)}` };
      await found.step();
    } else if (gotNext === undefined && wantNext !== undefined) {
      const difference = differenceOf(want, got);
      const detail = `it ends at ${place}, ${countOf(await wanted.rest(), 'line')} too early: ${difference}`;
      yield { problem: 'changed', file, detail };
      return;
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
  /** Goes to the end. @returns how many lines came after this one */
  rest: () => Promise<number>;
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
    async rest() {
      let lines = 0;
      for (; state.then !== undefined; lines += 1) await state.step();
      return lines;
    },
  };
  return state;
}

/** The lines of a text file, without their ends; the last may be cut, or lack its end. */
async function* linesIn(path: string): AsyncGenerator<string> {
  for await (const line of readTextLines(path)) {
    yield line.endsWith('\n') ? line.slice(0, -1) : `${line} (no newline at the end)`;
  }
}
