import { describe, expect, it } from '@jest/globals';
import { countText, csvLine, listCounts, toTerminalTable } from '../src/text.js';

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

describe('toTerminalTable', () => {
  it('puts the columns below a head to the right, but for the first', () => {
    expect(toTerminalTable({ head: ['model', 'images'], rows: [['a', 1234567]] })).toBe(
      [
        '┌───────┬───────────┐',
        '│ model │    images │',
        '├───────┼───────────┤',
        '│ a     │ 1,234,567 │',
        '└───────┴───────────┘',
      ].join('\n'),
    );
  });

  it('has names and values side by side without one', () => {
    const rows = [
      ['images', 1000],
      ['digest', 'abc'],
    ] as const;
    expect(toTerminalTable({ rows })).toBe(
      [
        '┌────────┬───────┐',
        '│ images │ 1,000 │',
        '│ digest │ abc   │',
        '└────────┴───────┘',
      ].join('\n'),
    );
  });
});

describe('countText and listCounts', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [50_000, '50,000'],
    [1_281_167, '1,281,167'],
    [Number.MAX_SAFE_INTEGER, '9,007,199,254,740,991'],
  ])('separate the thousands of %d', (count, text) => {
    expect(countText(count)).toBe(text);
    expect(listCounts({ 'too-small': count, blocked: undefined })).toBe(
      `too-small: ${text}, blocked: 0`,
    );
  });
});
