import { describe, expect, it } from '@jest/globals';
import { csvLine } from '../src/text.js';

describe('csvLine', () => {
  it.each([
    ['=HYPERLINK(1)', "'=HYPERLINK(1)"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+cmd|x', "'+cmd|x"],
    ["-1+cmd|'/C calc'!A1", "'-1+cmd|'/C calc'!A1"],
    ['\t=1+A1', "'\t=1+A1"],
    ['=1,"2"', `"'=1,""2"""`],
  ])('puts an apostrophe before %j, which a spreadsheet would run', (field, written) => {
    expect(csvLine([field])).toBe(`${written}\n`);
  });

  it.each([
    [-0.5, '-0.5'],
    ['-0.5', '-0.5'],
    ['-1.2e-5', '-1.2e-5'],
    ['a=b', 'a=b'],
    ['-', '-'],
    ['', ''],
  ])('leaves %j as it is', (field, written) => {
    expect(csvLine([field])).toBe(`${written}\n`);
  });

  it('leaves an interval as it is, quoted for its comma', () => {
    expect(csvLine(['-1.2 [-3.0, 0.6]'])).toBe('"-1.2 [-3.0, 0.6]"\n');
  });
});
