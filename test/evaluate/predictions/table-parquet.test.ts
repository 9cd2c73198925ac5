import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  readTableParquet,
  type Table,
  writeTableParquet,
} from '../../../src/evaluate/predictions/table-parquet.js';
import { temporaryFolder } from '../../support/unit-folder.js';
import { fixture } from '../../support/unit-predictions.js';

function tableOf(rows: number): Table {
  return {
    id: Array.from({ length: rows }, (_, row) => `bild_${row}_ä`),
    accuracy: Float64Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? NaN : row / 7)),
    labels: Int32Array.from({ length: rows }, (_, row) => row - 5),
  };
}

describe('writeTableParquet', () => {
  it.each([0, 1, 4, 25_000])('writes %d rows that readTableParquet reads', async (rows) => {
    const path = join(temporaryFolder(), 'a.parquet');
    await writeTableParquet(path, tableOf(rows));
    const table = await readTableParquet(path);
    expect(Object.keys(table)).toEqual(['id', 'accuracy', 'labels']);
    expect(table).toEqual(tableOf(rows));
  });

  it('keeps a column of nothing but NaN, and every other number as it is', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    const table = {
      none: new Float64Array(4).fill(NaN),
      some: Float64Array.of(-0, 5e-324, 1.7976931348623157e308, 0.1),
    };
    await writeTableParquet(path, table);
    expect(await readTableParquet(path)).toEqual(table);
  });

  it('writes the same bytes each time', async () => {
    const folder = temporaryFolder();
    const paths = ['a', 'b'].map((name) => join(folder, name));
    for (const path of paths) await writeTableParquet(path, tableOf(100));
    expect(readFileSync(paths[0]!)).toEqual(readFileSync(paths[1]!));
  });

  it('refuses columns of several lengths, and writes nothing', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    const wrong = writeTableParquet(path, { id: ['a'], labels: new Int32Array(2) });
    await expect(wrong).rejects.toThrow('expected 1 values in "labels", got 2');
    expect(existsSync(path)).toBe(false);
  });
});

describe('readTableParquet', () => {
  it.each([
    ['lists', 'top.parquet', 'predictions-bad-dtype'],
    ['no Parquet', 'scores.csv', 'predictions-unreadable'],
  ])('refuses %s', async (_, name, code) => {
    await expect(readTableParquet(fixture(name))).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
    });
  });
});
