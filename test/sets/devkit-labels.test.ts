import { describe, expect, it } from '@jest/globals';
import { classOf } from '../../src/imagenet/synsets.js';
import { classOfDevkitId } from '../../src/sets/devkit-classes.js';
import { parseDevkitLabels, readOriginalLabels } from '../../src/sets/original-labels.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { thrownBy } from '../support/unit-errors.js';

/** The first lines of the devkit's ground truth. */
const FIRST_LINES = [490, 361, 171, 822, 297, 482, 13, 704, 599, 164];

describe('classOfDevkitId', () => {
  it('gives each of the 1,000 classes for one id', () => {
    const classes = Array.from({ length: 1000 }, (_, index) => classOfDevkitId(index + 1));
    expect(classes.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it('starts with the kit fox and ends with the dumbbell', () => {
    expect(classOfDevkitId(1)).toBe(classOf('n02119789'));
    expect(classOfDevkitId(1000)).toBe(classOf('n03255030'));
  });

  it.each([0, -1, 1001, 0.5, NaN])('has no class for %d', (id) => {
    expect(classOfDevkitId(id)).toBeUndefined();
  });
});

describe('parseDevkitLabels', () => {
  const ids = Array.from({ length: 50_000 }, (_, i) => FIRST_LINES[i] ?? (i % 1000) + 1);

  it.each([
    ['LF', '\n', '\n'],
    ['CRLF', '\r\n', '\r\n'],
    ['no line end at the end', '\n', ''],
  ])('reads a class a line, with %s', (_, between, end) => {
    const classes = parseDevkitLabels(ids.join(between) + end, 'truth.txt');
    expect(classes).toHaveLength(50_000);
    expect(classes.slice(0, 10)).toEqual([65, 970, 230, 809, 516, 57, 334, 415, 674, 332]);
  });

  it.each(['0', '1001', '', 'n01440764', '1 2', '-5', '1e2', '99999999'])(
    'refuses the line %j and names it',
    (line) => {
      const text = [1, 2, line, ...ids].join('\n');
      expect(thrownBy(() => parseDevkitLabels(text, 'truth.txt'))).toMatchObject({
        name: 'EvaluationError',
        code: 'originals-devkit-id',
        path: 'truth.txt',
        place: 'line 3',
        message: expect.stringContaining('expected an ILSVRC id 1 to 1000') as unknown,
      });
    },
  );

  it.each([1, 49_999, 50_001])('refuses %d lines', (length) => {
    const text = Array.from({ length }, () => '1').join('\n');
    expect(thrownBy(() => parseDevkitLabels(text, 'truth.txt'))).toMatchObject({
      code: 'originals-devkit-length',
      message: expect.stringContaining(`expected 50000 lines, got ${length}`) as unknown,
    });
  });
});

describeWithShared("The devkit's order", () => {
  it("agrees with Kaggle's file on the first ten images", async () => {
    const originals = await readOriginalLabels(sharedInput.csv);
    expect(FIRST_LINES.map(classOfDevkitId)).toEqual(originals.slice(0, 10));
  });
});
