import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { openPredictions } from '../../src/predictions/open.js';
import {
  fileWith,
  FIXED_IDS,
  FIXED_RANKS,
  FIXED_SCORES,
  fixture,
  readPredictions,
} from '../support/unit-predictions.js';

function csv(...lines: string[]): string {
  return fileWith('a.csv', lines.map((line) => `${line}\n`).join(''));
}

/** The synsets in class order. */
const wnids = readFileSync('src/imagenet/synset-table.ts', 'utf8').match(/n\d{8}/g)!;

describe('a .csv of scores', () => {
  it('is read as pandas wrote it, with ids', async () => {
    const source = await readPredictions(fixture('scores.csv'));
    expect(source).toMatchObject({ kind: 'scores', images: 5, width: 7, ids: FIXED_IDS });
    expect(source.rows).toEqual(FIXED_SCORES);
  });

  it("does not take pandas' row numbers for ids or scores", async () => {
    const source = await readPredictions(fixture('with-index.csv'));
    expect(source).toMatchObject({ ids: undefined, width: 7, rows: FIXED_SCORES });
  });

  it("takes pandas' index for ids where it holds them", async () => {
    const source = await readPredictions(fixture('index-ids.csv'));
    expect(source).toMatchObject({ ids: FIXED_IDS, rows: FIXED_SCORES });
  });

  it('is ordered by class, whatever the order of its columns', async () => {
    const path = csv('class_2,image_id,class_0,class_1', '2.5,a.png,0.5,1e-3', '-2,b.webp,0,1');
    expect(await readPredictions(path)).toMatchObject({
      ids: ['a', 'b'],
      rows: [
        [0.5, 0.001, 2.5],
        [0, 1, -2],
      ],
    });
  });

  it('is ordered by class where columns are named by synsets', async () => {
    const reversed = [...wnids].reverse();
    const path = csv(['id', ...reversed].join(','), ['a', ...reversed.keys()].join(','));
    const { rows } = await readPredictions(path);
    expect(rows).toEqual([Array.from({ length: 1000 }, (_, index) => 999 - index)]);
  });

  it('may have any column of ids', async () => {
    const path = csv('0,1,picture', '1,2,"a, b"');
    expect(await readPredictions(path, { idColumn: 'picture' })).toMatchObject({ ids: ['a, b'] });
  });

  it('may have CRLF, a byte order mark, and no newline at its end', async () => {
    const path = fileWith('a.csv', '\ufeffid,0,1\r\nx,1,2\r\ny,3,4');
    expect(await readPredictions(path)).toMatchObject({
      ids: ['x', 'y'],
      rows: [
        [1, 2],
        [3, 4],
      ],
    });
  });

  it.each([
    ['newlines', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('is read the same where quotes begin late, with %s', async (_, end) => {
    const lines = ['id,0', 'a,1', '', 'b,2', '"c, ""d""",3', ''];
    expect(await readPredictions(fileWith('a.csv', lines.join(end)))).toMatchObject({
      ids: ['a', 'b', 'c, "d"'],
      rows: [[1], [2], [3]],
    });
  });

  it('comes in batches of about 2 MB', async () => {
    const line = Array.from({ length: 1000 }, (_, at) => at).join(',');
    const path = csv(line, ...Array.from({ length: 2500 }, () => line));
    const source = await openPredictions(path);
    const sizes: number[] = [];
    for await (const batch of source.batches()) sizes.push(batch.length / 1000);
    expect(sizes).toEqual([...Array<number>(9).fill(262), 142]); // 2^18 doubles / 1,000 classes
  });

  it.each([
    ['NaN', 'nan'],
    ['infinity', '-inf'],
    ['a number too large', '1e999'],
    ['nothing', ''],
    ['blanks', '  '],
    ['a word', 'cat'],
  ])('is refused with the row and class of %s', async (_, text) => {
    const path = csv('id,0,1', 'a,1,2', `b,1,${text}`);
    await expect(readPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'predictions-not-finite',
      path,
      place: 'row 1, class 1 (from 0)',
    });
  });
});

describe('a .csv of ranked classes', () => {
  it('is read as pandas wrote it', async () => {
    const source = await readPredictions(fixture('ranked.csv'));
    expect(source).toMatchObject({ kind: 'ranked', ids: FIXED_IDS, rows: FIXED_RANKS });
  });

  it('is ordered by rank, and its ranks may count from 0', async () => {
    expect((await readPredictions(csv('rank_2,rank_1', '7,5'))).rows).toEqual([[5, 7]]);
    expect((await readPredictions(csv('rank_0,rank_1', '7,5'))).rows).toEqual([[7, 5]]);
  });

  it('may have columns of any names where it is said to be ranked', async () => {
    const source = await readPredictions(csv('best,next', '7,5'), { kind: 'ranked' });
    expect(source).toMatchObject({ kind: 'ranked', rows: [[7, 5]] });
  });

  it.each(['1.5', '-1', '65536', '4294967297', 'n01440764'])('is refused with %s', async (text) => {
    await expect(readPredictions(csv('top1,top2', `1,${text}`))).rejects.toMatchObject({
      code: 'predictions-not-a-class',
      place: 'row 0, rank 1 (from 0)',
    });
  });
});

describe('a .csv that holds no predictions', () => {
  it.each([
    ['a class missing', ['id,0,2', 'a,1,2'], 'predictions-bad-columns'],
    ['a class twice', ['id,0,0', 'a,1,2'], 'predictions-bad-columns'],
    ['another column', ['id,0,1,label', 'a,1,2,3'], 'predictions-bad-columns'],
    ['a few synsets', ['id,n01440764,n01443537', 'a,1,2'], 'predictions-bad-columns'],
    ['a rank missing', ['top1,top3', '1,2'], 'predictions-bad-columns'],
    ['only ids', ['id', 'a'], 'predictions-empty'],
    ['no rows', ['id,0,1'], 'predictions-empty'],
    ['a field too few', ['id,0,1', 'a,1,2', 'b,1'], 'predictions-ragged'],
    ['a field too many', ['id,0,1', 'a,1,2,3'], 'predictions-ragged'],
    ['an open quote', ['id,0,1', 'a,"1,2'], 'predictions-unreadable'],
    ['a line without end', [`id,${'0'.repeat(3_000_000)}`], 'predictions-unreadable'],
  ])('is refused: %s', async (_, lines, code) => {
    const path = csv(...lines);
    await expect(openPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path,
    });
  });

  it('is refused where there is no such column of ids', async () => {
    await expect(openPredictions(csv('id,0', 'a,1'), { idColumn: 'name' })).rejects.toMatchObject({
      code: 'predictions-bad-columns',
      message: expect.stringContaining('"name"') as unknown,
    });
  });

  it('is refused where ranks are said to be scores', async () => {
    await expect(openPredictions(csv('top1', '1'), { kind: 'scores' })).rejects.toMatchObject({
      code: 'predictions-bad-columns',
    });
  });
});
