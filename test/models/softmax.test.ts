import { describe, expect, it } from '@jest/globals';
import { softmax } from '../../src/models/classes.js';

describe('softmax', () => {
  it('gives each row probabilities that sum to 1', () => {
    // e^0 = 1, e^ln 3 = 3: 1/4 and 3/4
    const rows = softmax(Float32Array.of(0, Math.log(3), 5, 5), 2);
    expect(rows[0]).toBeCloseTo(0.25, 6);
    expect(rows[1]).toBeCloseTo(0.75, 6);
    expect([rows[2], rows[3]]).toEqual([0.5, 0.5]);
  });

  it('overflows neither at large logits nor at absent classes', () => {
    const lowest = -3.4028234663852886e38;
    expect([...softmax(Float32Array.of(1000, 1000, lowest), 3)]).toEqual([0.5, 0.5, 0]);
  });
});
