import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { openPredictions } from '../../src/predictions/open.js';
import { collect } from '../support/unit-errors.js';
import {
  fileWith,
  FIXED_IDS,
  FIXED_RANKS,
  FIXED_SCORES,
  fixture,
  readPredictions,
  rowsOf,
} from '../support/unit-predictions.js';

describe('a .parquet of scores', () => {
  it.each([
    ['a column of float32 lists, in row groups of two', 'lists-float32'],
    ['a column of float16 lists', 'lists-float16'],
    ['a column of float64 lists, gzipped', 'lists-f8'],
    ['a column a class', 'wide'],
    ["pandas' index for its ids, zstd", 'wide-index'],
  ])('is read where it has %s', async (_, name) => {
    const source = await readPredictions(fixture(`${name}.parquet`));
    expect(source).toMatchObject({ kind: 'scores', images: 5, width: 7, ids: FIXED_IDS });
    expect(source.rows).toEqual(FIXED_SCORES);
    expect(await rowsOf(source)).toEqual(FIXED_SCORES);
  });

  it.each([
    ['lists-float32', Float32Array],
    ['wide', Float32Array],
    ['lists-f8', Float64Array],
  ])('comes in the precision it needs: %s', async (name, Expected) => {
    const source = await openPredictions(fixture(`${name}.parquet`));
    for (const batch of await collect(source.batches())) expect(batch).toBeInstanceOf(Expected);
  });

  it('is refused where lists are of several lengths', async () => {
    await expect(openPredictions(fixture('bad-ragged.parquet'))).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'predictions-ragged',
      place: 'rows 0 to 1 (from 0)',
    });
  });

  it('is refused with the row and class of a null', async () => {
    await expect(readPredictions(fixture('bad-null.parquet'))).rejects.toMatchObject({
      code: 'predictions-not-finite',
      place: 'row 0, class 1 (from 0)',
    });
  });
});

describe('a .parquet of ranked classes', () => {
  it.each([
    ['lists', 'top'],
    ['a column a rank', 'ranked-wide'],
  ])('is read where it has %s', async (_, name) => {
    const source = await readPredictions(fixture(`${name}.parquet`));
    expect(source).toMatchObject({ kind: 'ranked', width: 3, ids: FIXED_IDS, rows: FIXED_RANKS });
  });

  it('is not made of floats', async () => {
    const path = fixture('lists-f8.parquet');
    await expect(openPredictions(path, { kind: 'ranked' })).rejects.toMatchObject({
      code: 'predictions-bad-dtype',
      place: 'column "logits"',
    });
  });
});

describe('a .parquet that cannot be read', () => {
  const whole = readFileSync(fixture('lists-float32.parquet'));

  it.each([
    ['a few bytes', Buffer.from('PAR1')],
    ['another file', Buffer.from('id,0,1\na,1,2\nb,2,3\n')],
    ['one cut off', whole.subarray(0, whole.length - 100)],
    ['one with bytes behind it', Buffer.concat([whole, Buffer.from('more')])],
    [
      'one whose footer is torn',
      Buffer.concat([whole.subarray(0, -600), Buffer.alloc(592), whole.subarray(-8)]),
    ],
  ])('is refused: %s', async (_, content) => {
    const path = fileWith('a.parquet', content);
    await expect(openPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'predictions-unreadable',
      path,
    });
  });

  it('is refused where its pages are torn', async () => {
    const torn = Buffer.from(whole);
    torn.fill(0xff, 4, 900);
    const path = fileWith('a.parquet', torn);
    await expect(readPredictions(path)).rejects.toMatchObject({ name: 'EvaluationError', path });
  });

  it('is refused where the column of ids is not there', async () => {
    const path = fixture('wide.parquet');
    await expect(openPredictions(path, { idColumn: 'name' })).rejects.toMatchObject({
      code: 'predictions-bad-columns',
    });
  });
});
