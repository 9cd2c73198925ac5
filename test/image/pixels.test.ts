import { describe, expect, it } from '@jest/globals';
import { cutOut, newPnmImage } from '../../src/image/pixels.js';
import { drawImageOf } from '../support/unit-images.js';

describe('newPnmImage', () => {
  it('is a binary PNM file whose pixels are its data', () => {
    const image = newPnmImage(2, 1);
    image.data.set([1, 2, 3, 4, 5, 6]);
    expect(image).toMatchObject({ width: 2, height: 1 });
    expect(image.pnm).toEqual(Buffer.from('P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06', 'latin1'));
  });
});

describe('cutOut', () => {
  const image = drawImageOf(7, 5, (x, y) => [x, y, 10 * y + x]);

  it('copies the pixels of a box', () => {
    const cut = cutOut(image, [2, 1, 5, 3]);
    expect([cut.width, cut.height]).toEqual([3, 2]);
    expect([...cut.data]).toEqual([2, 1, 12, 3, 1, 13, 4, 1, 14, 2, 2, 22, 3, 2, 23, 4, 2, 24]);
  });

  it('copies the whole image and its last pixel', () => {
    expect(cutOut(image, [0, 0, 7, 5]).data).toEqual(image.data);
    expect([...cutOut(image, [6, 4, 7, 5]).data]).toEqual([6, 4, 46]);
  });
});
