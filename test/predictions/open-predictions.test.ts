import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openPredictions } from '../../src/predictions/open.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { fileWith, fixture, readPredictions } from '../support/unit-predictions.js';

const npy = fixture('scores-le-f4-C.npy');

describe('openPredictions', () => {
  it.each([
    ['predictions.pkl', 'predictions-unknown-format'],
    ['predictions', 'predictions-unknown-format'],
  ])('refuses %s and says which formats there are', async (name, code) => {
    await expect(openPredictions(fileWith(name, 'x'))).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      message: expect.stringContaining('.npy, .npz, .csv, .parquet') as unknown,
    });
  });

  it('says so where there is no such file', async () => {
    const path = join(temporaryFolder(), 'gone.npy');
    await expect(openPredictions(path)).rejects.toMatchObject({ code: 'enoent', path });
  });

  it.each(['npy', 'npz', 'csv', 'parquet'])('refuses an empty .%s and a folder', async (name) => {
    const empty = fileWith(`a.${name}`, '');
    await expect(openPredictions(empty)).rejects.toMatchObject({ code: 'predictions-empty' });
    const folder = join(writeTree({ [`b.${name}/x`]: '' }), `b.${name}`);
    await expect(openPredictions(folder)).rejects.toMatchObject({ code: 'predictions-empty' });
  });

  it.each([
    ['key', { key: 'logits' }],
    ['idColumn', { idColumn: 'id' }],
  ])('refuses an option that the format has not: %s', async (_, options) => {
    await expect(openPredictions(npy, options)).rejects.toMatchObject({
      code: 'predictions-option',
    });
  });

  it.each([
    ['a line each', 'ids.txt', 'x/1.JPEG\r\n2.jpg\n 3.png\n4.webp\n5.jpeg\n'],
    ['a .json array', 'ids.json', '["x/1.JPEG", "2.jpg", "3.png", "4.webp", "5.jpeg"]'],
  ])('takes ids from a list of %s, and cuts their extensions off', async (_, name, text) => {
    const source = await readPredictions(npy, { ids: fileWith(name, text) });
    expect(source.ids).toEqual(['x/1', '2', '3', '4', '5']);
  });

  it('keeps what only looks like an extension', async () => {
    const ids = fileWith('ids.txt', 'a.b\nc.tiff\nd.jpegx\ne\nf.JPEG.png\n');
    expect((await openPredictions(npy, { ids })).ids).toEqual([
      'a.b',
      'c.tiff',
      'd.jpegx',
      'e',
      'f.JPEG',
    ]);
  });

  it('takes the list that was given before ids in the file', async () => {
    const ids = fileWith('ids.txt', '1\n2\n3\n4\n5\n');
    for (const name of ['scores.csv', 'with-ids.npz', 'wide.parquet']) {
      expect((await openPredictions(fixture(name), { ids })).ids).toEqual([
        '1',
        '2',
        '3',
        '4',
        '5',
      ]);
    }
  });

  it.each([
    ['too few', 'ids.txt', '1\n2\n', 'predictions-id-count'],
    ['too many', 'ids.txt', '1\n2\n3\n4\n5\n6\n', 'predictions-id-count'],
    ['an empty one', 'ids.txt', '1\n\n3\n4\n5\n', 'predictions-no-id'],
    ['no array', 'ids.json', '{"a": 1}', 'predictions-bad-id-list'],
    ['numbers', 'ids.json', '[1, 2, 3, 4, 5]', 'predictions-bad-id-list'],
    ['no JSON', 'ids.json', '1\n2\n3\n4\n5\n', 'predictions-bad-id-list'],
  ])('refuses a list of ids: %s', async (_, name, text, code) => {
    const ids = fileWith(name, text);
    await expect(openPredictions(npy, { ids })).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path: ids,
    });
  });

  it('names an id that is there twice, and its rows', async () => {
    const path = fileWith('a.csv', 'id,0,1\na.png,1,2\nb,1,2\na.jpg,1,2\nb,1,2\n');
    await expect(openPredictions(path)).rejects.toMatchObject({
      code: 'predictions-duplicate-id',
      path,
      place: 'rows 0 and 2 (from 0)',
      message: expect.stringContaining('"a"') as unknown,
    });
  });
});
