import { describe, expect, it } from '@jest/globals';
import { countDrops } from '../../src/imagenet/annotation.js';

describe('countDrops', () => {
  it('adds counts up by reason and leaves out reasons without any', () => {
    const counts = countDrops({ 'too-small': 2, blocked: 0 }, {}, { 'too-small': 3, blocked: 1 });
    expect(counts).toEqual({ blocked: 1, 'too-small': 5 });
  });

  it('has its reasons in one order, whatever order they were met in', () => {
    const one = countDrops({ 'duplicate-box': 1, blocked: 1, 'image-corrupt': 1 });
    const other = countDrops({ 'image-corrupt': 1 }, { blocked: 1 }, { 'duplicate-box': 1 });
    expect(Object.keys(one)).toEqual(['blocked', 'image-corrupt', 'duplicate-box']);
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });
});
