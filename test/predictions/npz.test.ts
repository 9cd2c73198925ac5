import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { openPredictions } from '../../src/predictions/open.js';
import {
  fileWith,
  FIXED_IDS,
  FIXED_SCORES,
  fixture,
  readPredictions,
  rowsOf,
} from '../support/unit-predictions.js';

/** Where the central directory has the sizes of its first member: 4 bytes each. */
const DIRECTORY = Buffer.from('PK\x01\x02', 'latin1');

function changed(name: string, change: (bytes: Buffer, directory: number) => void): string {
  const bytes = readFileSync(fixture(name));
  change(bytes, bytes.indexOf(DIRECTORY));
  return fileWith('a.npz', bytes);
}

describe('an .npz', () => {
  it.each(['stored', 'deflated', 'deflated-F'])('gives its only array: %s', async (name) => {
    const source = await readPredictions(fixture(`${name}.npz`));
    expect(source).toMatchObject({ kind: 'scores', images: 5, width: 7, ids: undefined });
    expect(source.rows).toEqual(FIXED_SCORES);
    expect(await rowsOf(source)).toEqual(FIXED_SCORES);
  });

  it.each(['with-ids', 'with-byte-ids'])(
    'gives the array named as predictions are, and its ids: %s',
    async (name) => {
      const source = await readPredictions(fixture(`${name}.npz`));
      expect(source).toMatchObject({ kind: 'scores', ids: FIXED_IDS, rows: FIXED_SCORES });
    },
  );

  it('gives the array that was asked for', async () => {
    const source = await readPredictions(fixture('two.npz'), { key: 'second' });
    expect(source.rows).toEqual(FIXED_SCORES);
  });

  it.each([
    ['two that could be meant', 'two.npz', {}, 'first, second'],
    ['none of that name', 'two.npz', { key: 'third' }, 'first, second'],
  ])('is refused where it holds %s', async (_, name, options, says) => {
    await expect(openPredictions(fixture(name), options)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'predictions-no-array',
      message: expect.stringContaining(says) as unknown,
    });
  });

  it('is refused where the array asked for is no matrix', async () => {
    const path = fixture('with-ids.npz');
    await expect(openPredictions(path, { key: 'labels' })).rejects.toMatchObject({
      code: 'predictions-bad-shape',
      place: 'array "labels"',
    });
  });

  it.each([
    ['no zip', Buffer.from('\x93NUMPY and what follows it here', 'latin1')],
    ['one cut off', readFileSync(fixture('stored.npz')).subarray(0, 200)],
  ])('is refused where it is %s', async (_, content) => {
    const path = fileWith('a.npz', content);
    await expect(openPredictions(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'predictions-unreadable',
      path,
    });
  });

  it('is refused where a member says that it holds more than its bytes can', async () => {
    const path = changed('deflated-F.npz', (bytes, at) => bytes.writeUInt32LE(2 ** 31, at + 24));
    await expect(openPredictions(path)).rejects.toMatchObject({
      code: 'predictions-unreadable',
      message: expect.stringContaining('cannot hold') as unknown,
    });
  });

  it('is refused where a member and its header differ in size', async () => {
    const path = changed('deflated.npz', (bytes, at) => bytes.writeUInt32LE(1000, at + 24));
    await expect(openPredictions(path)).rejects.toMatchObject({
      code: 'predictions-trailing-bytes',
    });
  });

  it('is refused where it is encrypted', async () => {
    const path = changed('deflated.npz', (bytes, at) => bytes.writeUInt16LE(1, at + 8));
    await expect(openPredictions(path)).rejects.toMatchObject({ code: 'predictions-unreadable' });
  });

  it('is refused where its compressed bytes are torn', async () => {
    const path = changed('deflated.npz', (bytes) => bytes.fill(0xff, 50, 120));
    await expect(readPredictions(path)).rejects.toMatchObject({ name: 'EvaluationError', path });
  });
});
