import { describe, expect, it } from '@jest/globals';
import { npyPredictions } from '../../src/predictions/npy.js';
import { openPredictions } from '../../src/predictions/open.js';
import { collect } from '../support/unit-errors.js';
import {
  fileWith,
  FIXED_RANKS,
  FIXED_SCORES,
  fixture,
  floats,
  npyHeader,
  npyWith,
  readPredictions,
  rowsOf,
} from '../support/unit-predictions.js';

const floatTypes = ['le-f2', 'le-f4', 'le-f8', 'be-f2', 'be-f4', 'be-f8'];

describe('scores in a .npy', () => {
  it.each(floatTypes.flatMap((type) => [`${type}-C`, `${type}-F`]))(
    'are what NumPy saved as %s',
    async (name) => {
      const source = await readPredictions(fixture(`scores-${name}.npy`));
      expect(source).toMatchObject({ kind: 'scores', images: 5, width: 7, ids: undefined });
      expect(source.rows).toEqual(FIXED_SCORES);
    },
  );

  it.each([2, 3])('are read from a file of version %d', async (version) => {
    expect((await readPredictions(fixture(`scores-version-${version}.npy`))).rows).toEqual(
      FIXED_SCORES,
    );
  });

  it.each([
    ['le-f2', Float32Array],
    ['le-f4', Float32Array],
    ['le-f8', Float64Array],
  ])('come in the precision they need: %s', async (type, Expected) => {
    for (const order of ['C', 'F']) {
      const source = await openPredictions(fixture(`scores-${type}-${order}.npy`));
      for (const batch of await collect(source.batches())) expect(batch).toBeInstanceOf(Expected);
    }
  });

  it('keep every half of float16: subnormal, largest, negative zero', async () => {
    const bits = new Uint8Array(Uint16Array.of(0x0001, 0x7bff, 0x8000, 0x3c01).buffer);
    const path = fileWith('a.npy', npyWith(npyHeader('<f2', '(2, 2)'), bits));
    expect((await readPredictions(path)).rows).toEqual([
      [2 ** -24, 65_504],
      [-0, 1 + 2 ** -10],
    ]);
  });

  it('can be read again', async () => {
    const source = await openPredictions(fixture('scores-le-f4-F.npy'));
    expect(await rowsOf(source)).toEqual(await rowsOf(source));
  });

  it.each([false, true])('come in batches of about 2 MB (columns first: %s)', async (fortran) => {
    const [rows, width] = [5000, 1000];
    const values = Float32Array.from({ length: rows * width }, (_, at) =>
      fortran ? (at % rows) * width + Math.floor(at / rows) : at,
    );
    const header = npyHeader('<f4', `(${rows}, ${width})`, fortran);
    const path = fileWith('a.npy', npyWith(header, new Uint8Array(values.buffer)));
    const batches = await collect((await openPredictions(path)).batches());
    expect(batches.length).toBe(fortran ? 1 : 10); // 5,000 x 4,000 bytes = 20 MB
    let next = 0;
    for (const batch of batches) {
      expect(batch.length % width).toBe(0);
      for (const value of batch) if (value !== next++) throw new Error(`${value} at ${next - 1}`);
    }
    expect(next).toBe(rows * width);
  });

  it('may be whole numbers where that is said', async () => {
    const source = await readPredictions(fixture('ranked-be-i8.npy'), { kind: 'scores' });
    expect(source).toMatchObject({ kind: 'scores', rows: FIXED_RANKS });
  });

  it.each([
    ['NaN', NaN],
    ['inf', Infinity],
    ['-inf', -Infinity],
  ])('are refused with the row and the class of a %s', async (_, value) => {
    const path = fileWith('a.npy', npyWith(npyHeader('<f4', '(2, 2)'), floats(0, 1, 2, value)));
    await expect(readPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'predictions-not-finite',
      path,
      place: 'row 1, class 1 (from 0)',
    });
  });
});

describe('ranked classes in a .npy', () => {
  it.each([
    'i1',
    'u1',
    'le-i2',
    'le-u2',
    'le-i4',
    'le-u4',
    'le-i8',
    'le-u8',
    'be-i2',
    'be-i8',
    'le-i8-F',
  ])('are what NumPy saved as %s', async (name) => {
    const source = await readPredictions(fixture(`ranked-${name}.npy`));
    expect(source).toMatchObject({ kind: 'ranked', images: 5, width: 3 });
    expect(source.rows).toEqual(FIXED_RANKS);
  });

  it.each([
    ['a negative one', '<i8', BigInt64Array.of(0n, -1n), -1],
    ['one that is too large', '<i8', BigInt64Array.of(0n, 65_536n), 65_536],
    ['one of more than 32 bits', '<i8', BigInt64Array.of(0n, 2n ** 32n), 2 ** 31 - 1],
    ['one that would become small', '<u8', BigUint64Array.of(0n, 2n ** 64n - 1n), -1],
    ['one that would become negative', '<u4', Uint32Array.of(0, 2 ** 32 - 1), 2 ** 31 - 1],
  ])('are refused with %s', async (_, descr, values, got) => {
    const path = fileWith(
      'a.npy',
      npyWith(npyHeader(descr, '(1, 2)'), new Uint8Array(values.buffer)),
    );
    await expect(readPredictions(path)).rejects.toMatchObject({
      code: 'predictions-not-a-class',
      place: 'row 0, rank 1 (from 0)',
      message: expect.stringContaining(`got ${got}`) as unknown,
    });
  });

  it('are not floats', async () => {
    await expect(
      readPredictions(fixture('scores-le-f4-C.npy'), { kind: 'ranked' }),
    ).rejects.toMatchObject({ code: 'predictions-bad-dtype' });
  });
});

describe('a .npy that holds no predictions', () => {
  it.each([
    ['bad-structured', 'predictions-not-npy', 'structured'],
    ['bad-vector', 'predictions-bad-shape', '(3)'],
    ['bad-cube', 'predictions-bad-shape', '(2, 2, 2)'],
    ['bad-complex', 'predictions-bad-dtype', '<c8'],
    ['bad-object', 'predictions-bad-dtype', '|O'],
    ['bad-bool', 'predictions-bad-dtype', '|b1'],
    ['bad-no-rows', 'predictions-empty', '0 rows of 7'],
  ])('is refused: %s', async (name, code, says) => {
    const path = fixture(`${name}.npy`);
    await expect(openPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path,
      message: expect.stringContaining(says) as unknown,
    });
  });

  const one = floats(1);
  it.each([
    ['nothing', Buffer.alloc(0), 'predictions-empty'],
    ['a few bytes', Buffer.from('\x93NUMPY', 'latin1'), 'predictions-not-npy'],
    ['other bytes', Buffer.from('PK\x03\x04 and what follows'), 'predictions-not-npy'],
    ['version 4', npyWith(npyHeader('<f4', '(1, 1)'), one, 4), 'predictions-not-npy'],
    ['a header cut off', npyWith('x'.repeat(90), one).subarray(0, 50), 'predictions-not-npy'],
    ['a header without end', npyWith('x'.repeat(20_000), one, 2), 'predictions-not-npy'],
    ['no header', npyWith('import os', one), 'predictions-not-npy'],
    ['a value too few', npyWith(npyHeader('<f4', '(1, 2)'), one), 'predictions-truncated'],
    [
      'a byte too many',
      npyWith(npyHeader('<f4', '(1, 1)'), floats(1, 2).subarray(0, 5)),
      'predictions-trailing-bytes',
    ],
    [
      'a million million rows',
      npyWith(npyHeader('<f4', '(1000000000000, 1000)'), one),
      'predictions-truncated',
    ],
    [
      'more rows than numbers',
      npyWith(npyHeader('<f4', '(99999999999999999999, 1)'), one),
      'predictions-not-npy',
    ],
    ['negative rows', npyWith(npyHeader('<f4', '(-1, 1)'), one), 'predictions-not-npy'],
    ['too many classes', npyWith(npyHeader('<f4', '(1, 65537)'), one), 'predictions-too-wide'],
    ['no classes', npyWith(npyHeader('<f4', '(1, 0)'), one), 'predictions-empty'],
  ])('is refused: %s', async (_, content, code) => {
    const path = fileWith('a.npy', content);
    await expect(openPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path,
    });
  });
});

describe('columns that lie compressed', () => {
  it('are held up to 512 MB, and refused above by their size alone', async () => {
    const shape = [80_000, 1000] as const; // float64: 640 MB
    const header = npyWith(
      `{'descr': '<f8', 'fortran_order': True, 'shape': (${shape.join(', ')}), }`,
      new Uint8Array(),
    );
    const read = (target: Uint8Array, position: number): Promise<void> => {
      target.set(header.subarray(position, position + target.length));
      return Promise.resolve();
    };
    const source = await npyPredictions(
      {
        size: header.length + 8 * shape[0] * shape[1],
        sequential: true,
        open: () => Promise.resolve({ read, close: () => Promise.resolve() }),
      },
      'a.npz',
    );
    await expect(collect(source.batches())).rejects.toMatchObject({
      code: 'predictions-unreadable',
      message: expect.stringContaining('640 MB, too much to hold in memory') as unknown,
    });
  });
});
