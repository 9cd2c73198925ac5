import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseRealLabels } from '../../src/sets/labels.js';
import { readOriginalLabels } from '../../src/sets/original-labels.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { thrownBy } from '../support/unit-errors.js';

/** 50,000 empty lists, with these in place of the first. */
function listsOf(...first: unknown[]): unknown[] {
  return [...first, ...Array.from({ length: 50_000 - first.length }, () => [])];
}

describe('parseRealLabels', () => {
  it('gives the labels of each image, ascending and each once', () => {
    const labels = parseRealLabels(listsOf([999, 0, 999], [7], []), 'real.json');
    expect(labels.slice(0, 3)).toEqual([[0, 999], [7], []]);
    expect(labels).toHaveLength(50_000);
  });

  it.each([0, 1, 49_999, 50_001])('refuses %d lists', (length) => {
    const lists = Array.from({ length }, () => []);
    expect(thrownBy(() => parseRealLabels(lists, 'real.json'))).toMatchObject({
      name: 'EvaluationError',
      code: 'labels-real-length',
      path: 'real.json',
      message: expect.stringContaining(`expected 50000 lists of labels, got ${length}`) as unknown,
    });
  });

  it.each([-1, 1000, 0.5, 1e300, null, true, [[1]], { a: 1 }, 'x', 'n00000000', '1000'])(
    'refuses %j as a class, and names the entry',
    (label) => {
      const lists = listsOf([1], [2, label]);
      expect(thrownBy(() => parseRealLabels(lists, 'real.json'))).toMatchObject({
        name: 'EvaluationError',
        code: 'labels-unknown-class',
        place: 'entry 1 (counted from 0)',
        message: expect.stringContaining('expected a class index 0 to 999') as unknown,
      });
    },
  );

  it.each([5, null, 'n01440764', {}])('refuses %j as a list of labels', (list) => {
    expect(thrownBy(() => parseRealLabels(listsOf([], [], list), 'real.json'))).toMatchObject({
      code: 'labels-no-list',
      place: 'entry 2 (counted from 0)',
    });
  });
});

describeWithShared("ReaL's own labels", () => {
  const read = (): number[][] =>
    parseRealLabels(JSON.parse(readFileSync(sharedInput.real, 'utf8')) as unknown[], 'real.json');

  it('have the known numbers of labels', () => {
    const images = Array.from({ length: 10 }, () => 0);
    for (const { length } of read()) images[length]! += 1;
    expect(images).toEqual([3163, 39_394, 5408, 1319, 411, 161, 88, 41, 13, 2]);
  });

  it('hold the original label of 42,164 of the 46,837 labelled images', async () => {
    const originals = await readOriginalLabels(sharedInput.csv);
    const labelled = read().flatMap((labels, i) => (labels.length > 0 ? [{ labels, i }] : []));
    expect(labelled).toHaveLength(46_837);
    expect(labelled.filter(({ labels, i }) => labels.includes(originals[i]!))).toHaveLength(42_164);
  });
});
