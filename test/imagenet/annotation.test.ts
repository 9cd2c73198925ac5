import { describe, expect, it } from '@jest/globals';
import { isImageId } from '../../src/imagenet/annotation.js';

describe('isImageId', () => {
  it.each(['ILSVRC2012_val_00000001', 'n02105855_2933', 'a', '7', 'a.b-c_d', 'x'.repeat(128)])(
    'takes %s',
    (name) => {
      expect(isImageId(name)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '..',
    '.hidden',
    '-flag',
    'a/b',
    '../a',
    'a\\b',
    'a b',
    'a\n',
    'a\0',
    '%s',
    'é',
    'x'.repeat(129),
  ])('refuses %j', (name) => {
    expect(isImageId(name)).toBe(false);
  });
});
