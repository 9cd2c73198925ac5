import { describe, expect, it } from '@jest/globals';
import { resizeGeometry } from '../../src/models/preprocess.js';
import { cardWith } from '../support/unit-cards.js';

describe('resizeGeometry', () => {
  it('scales the shorter side as torchvision does, and cuts the middle out', () => {
    // floor(224 / 0.875) = 256; floor(256 * 500 / 375) = 341; (341 - 224) / 2 = 58.5, to even 58
    expect(resizeGeometry([500, 375], cardWith())).toEqual({
      scaled: [341, 256],
      crop: [58, 16, 282, 240],
    });
    expect(resizeGeometry([375, 500], cardWith())).toEqual({
      scaled: [256, 341],
      crop: [16, 58, 240, 282],
    });
  });

  it('rounds half a pixel of the crop to the even side, as Python does', () => {
    const card = cardWith({ size: 10 }, { cropFraction: 1 });
    // (13 - 10) / 2 = 1.5 to 2; (15 - 10) / 2 = 2.5 to 2
    expect(resizeGeometry([13, 10], card).crop).toEqual([2, 0, 12, 10]);
    expect(resizeGeometry([15, 10], card).crop).toEqual([2, 0, 12, 10]);
  });

  it('squashes to the whole size, whatever the aspect', () => {
    const card = cardWith({ size: [48, 32] }, { mode: 'squash', cropFraction: 1 });
    expect(resizeGeometry([10, 999], card)).toEqual({ scaled: [48, 32], crop: [0, 0, 48, 32] });
  });

  it('fits an image into a letterbox, with the odd pixel after it', () => {
    const card = cardWith({ size: 64 }, { mode: 'letterbox', cropFraction: 1 });
    // ratio 64 / 100 = 0.64; 50 * 0.64 = 32; floor((64 - 32) / 2) = 16 above
    expect(resizeGeometry([100, 50], card)).toEqual({ scaled: [64, 32], crop: [0, -16, 64, 48] });
    // 47 * 0.64 = 30.08, 30; floor(34 / 2) = 17
    expect(resizeGeometry([47, 100], card)).toEqual({ scaled: [30, 64], crop: [-17, 0, 47, 64] });
  });

  it('covers an input that is no square', () => {
    const card = cardWith({ size: [80, 40] }, { cropFraction: 1 });
    // the larger of 80 / 100 and 40 / 100 is 0.8: 80 x 80, of which the middle 40 rows
    expect(resizeGeometry([100, 100], card)).toEqual({ scaled: [80, 80], crop: [0, 20, 80, 60] });
  });

  it('never scales a side to nothing', () => {
    const card = cardWith({ size: 64 }, { mode: 'letterbox', cropFraction: 1 });
    expect(resizeGeometry([1, 10_000], card).scaled).toEqual([1, 64]);
  });
});
