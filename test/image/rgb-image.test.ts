import { describe, expect, it } from '@jest/globals';
import { newPnmImage } from '../../src/image/pixels.js';

describe('newPnmImage', () => {
  it('is a binary PNM file whose pixels are its data', () => {
    const image = newPnmImage(2, 1);
    image.data.set([1, 2, 3, 4, 5, 6]);
    expect(image).toMatchObject({ width: 2, height: 1 });
    expect(image.pnm).toEqual(Buffer.from('P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06', 'latin1'));
  });
});
