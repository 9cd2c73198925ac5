import { describe, expect, it } from '@jest/globals';
import { alignPredictions } from '../../src/predictions/open.js';
import { thrownBy } from '../support/unit-errors.js';

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
      '4 of its 6 ids are no images of set: x, y, z, ...',
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
      '"a/1" is there twice',
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
