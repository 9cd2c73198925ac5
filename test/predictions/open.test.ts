import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { alignPredictions, openPredictions } from '../../src/predictions/open.js';
import { thrownBy } from '../support/unit-errors.js';
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

const set = { name: 'set', ids: ['a/1', 'a/2', 'b/3'] };

function source(ids: string[] | undefined, images = ids?.length ?? 0) {
  return { ids, images, path: 'p.npy' };
}

describe('alignPredictions', () => {
  it("takes rows without ids to be in the set's order", () => {
    expect(alignPredictions(source(undefined, 3), set)).toEqual(Uint32Array.of(0, 1, 2));
  });

  it('finds each row by its id', () => {
    expect(alignPredictions(source(['b/3', 'a/1', 'a/2']), set)).toEqual(Uint32Array.of(2, 0, 1));
  });

  it.each([
    ['the file has folders', ['x/y/3', 'x\\1', '2'], ['1', '2', '3']],
    ['the set has folders', ['3', '1', '2'], ['a/1', 'a/2', 'b/3']],
    ['both have others', ['q/3', 'q/1', 'q/2'], ['a/1', 'a/2', 'b/3']],
  ])('finds each row by its base name where %s', (_, ids, of) => {
    const positions = alignPredictions(source(ids), { name: 'set', ids: of });
    expect(positions).toEqual(Uint32Array.of(2, 0, 1));
  });

  it('goes by whole ids where base names are ambiguous', () => {
    const of = { name: 'set', ids: ['a/1', 'b/1'] };
    expect(alignPredictions(source(['b/1', 'a/1']), of)).toEqual(Uint32Array.of(1, 0));
    expect(thrownBy(() => alignPredictions(source(['b/1', '1']), of))).toMatchObject({
      code: 'predictions-unknown-ids',
    });
  });

  it.each([
    [
      'too few rows without ids',
      source(undefined, 2),
      'predictions-count-mismatch',
      '3 images of set, got 2 rows',
    ],
    ['too many rows without ids', source(undefined, 4), 'predictions-count-mismatch', 'got 4 rows'],
    [
      'ids of no image',
      source(['a/1', 'a/2', 'x', 'y', 'z', 'w']),
      'predictions-unknown-ids',
      '4 of its 6 ids are not in set: x, y, z, ...',
    ],
    [
      'images without a row',
      source(['a/2']),
      'predictions-missing-ids',
      '2 of the 3 images of set have no predictions: a/1, b/3',
    ],
    [
      'an image twice',
      source(['a/1', 'a/2', 'b/3', 'a/1']),
      'predictions-duplicate-id',
      'duplicate id "a/1"',
    ],
  ])('refuses %s', (_, given, code, says) => {
    expect(thrownBy(() => alignPredictions(given, set))).toMatchObject({
      name: 'EvaluationError',
      code,
      path: 'p.npy',
      message: expect.stringContaining(says) as unknown,
    });
  });
});
