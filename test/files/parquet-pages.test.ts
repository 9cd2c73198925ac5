import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EvaluationError, PatchmlError } from '../../src/errors.js';
import { openParquetOutput, type RefuseParquet, withParquet } from '../../src/files/parquet.js';
import { temporaryFolder } from '../support/unit-folder.js';

const ROWS = 40;

/** A table of a text, few whole numbers (a dictionary with runs) and many floats, 40 rows. */
async function writeTable(): Promise<string> {
  const path = join(temporaryFolder(), 'table.parquet');
  const output = await openParquetOutput(path, [
    { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    { name: 'class', type: 'INT32', repetition_type: 'OPTIONAL' },
    { name: 'score', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ]);
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  await output.writeGroup([
    { name: 'id', data: rows.map((row) => `image-${row % 9}`) },
    { name: 'class', data: rows.map((row) => (row % 7 === 0 ? null : 100 + (row % 3))) },
    { name: 'score', data: rows.map((row) => row / 7) },
  ]);
  await output.close();
  return path;
}

const refuse: RefuseParquet = (_kind, problem, { cause }) =>
  new EvaluationError(problem, { code: 'predictions-unreadable', cause });

/** How many values are read of each column. */
function readTable(path: string): Promise<number[]> {
  return withParquet(
    path,
    async ({ groups, readColumn }) => {
      const read = ['id', 'class', 'score'].map((name) => readColumn(name, groups[0]!));
      return (await Promise.all(read)).map(({ length }) => length);
    },
    { refuse },
  );
}

describe('the pages of a Parquet file', () => {
  it('are read where they hold what they say', async () => {
    expect(await readTable(await writeTable())).toEqual([ROWS, ROWS, ROWS]);
  });

  it('make no room for more than the column has, whichever byte is damaged', async () => {
    const path = await writeTable();
    const whole = readFileSync(path);
    const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
    const before = process.memoryUsage().rss;
    let refused = 0;
    for (let at = 4; at < footer; at += 1) {
      for (const value of [0xff, 0x7f]) {
        const damaged = Buffer.from(whole);
        damaged[at] = value;
        writeFileSync(path, damaged);
        await readTable(path).then(
          (counts) => {
            expect(counts).toEqual([ROWS, ROWS, ROWS]);
          },
          (error: unknown) => {
            expect(error).toBeInstanceOf(PatchmlError);
            refused += 1;
          },
        );
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6); // a run of 2^27 values alone: 1 GB
  });
});
