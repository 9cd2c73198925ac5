import { describe, expect, it } from '@jest/globals';
import { openMeanSide } from '../../src/dataset/dataset.js';

type Boxes = [number, number, number, number][];

function row(k: number, bbox: Boxes) {
  return { k, objects: { bbox, category: [], patch: [], source: [] } };
}

describe('The mean side of painted patches', () => {
  it('is that of the square of the same area, over all patches of the images of each k', () => {
    const sides = openMeanSide();
    sides.add(row(1, [[5, 5, 40, 10]])); // sqrt(400) = 20
    sides.add(
      row(2, [
        [0, 0, 9, 9],
        [0, 0, 4, 9],
      ]),
    ); // 9 and 6
    sides.add(row(1, [[0, 0, 10, 10]])); // 10
    sides.add(
      row(2, [
        [0, 0, 7, 7],
        [0, 0, 7, 7],
      ]),
    );
    expect(sides.means()).toEqual({ 1: 15, 2: 7.3 }); // (9 + 6 + 7 + 7) / 4 = 7.25
  });
});
