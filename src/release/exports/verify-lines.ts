import type { Finding } from '../../dataset/verify-dataset.js';
import { boundedLines } from './bounded-lines.js';
import { differenceOf, shown } from './shown-text.js';

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
