import { describe, expect, it } from '@jest/globals';
import {
  countText,
  csvLine,
  listCounts,
  toLatexTable,
  toTerminalTable,
  widthOf,
} from '../src/text.js';

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
      ['┌────────┬───────┐', '│ images │ 1,000 │', '│ digest │ abc   │', '└────────┴───────┘'].join(
        '\n',
      ),
    );
  });

  const table = {
    head: ['model', 'top-1', 'top-5', 'ReaL'],
    rows: [
      ['resnet50', '76.1%\n[75.8, 76.5]', '92.9%', '83.0%'],
      ['vgg16', '71.6%', '90.4%', '79.0%'],
    ],
  };
  const linesOf = (width: number): string[] => toTerminalTable(table, width).split('\n');

  it('prints a table that fits as it is, numbers to the right', () => {
    const lines = linesOf(50);
    expect(lines[1]).toBe('│ model    │        top-1 │ top-5 │  ReaL │');
    expect(lines).toHaveLength(7);
  });

  it('turns one that is too wide', () => {
    expect(linesOf(42)[1]).toBe('│       │     resnet50 │ vgg16 │');
    expect(linesOf(42)[3]).toBe('│ top-1 │        76.1% │ 71.6% │');
  });

  it('prints it in parts where it is too wide either way, each with its first column', () => {
    const heads = linesOf(28).filter((line) => line.includes('model'));
    expect(heads).toEqual(['│ model    │        top-1 │', '│ model    │ top-5 │  ReaL │']);
    for (const width of [26, 28, 30, 34, 42, 80]) {
      expect(widthOf(toTerminalTable(table, width))).toBeLessThanOrEqual(width);
      for (const cell of ['76.1%', '92.9%', '79.0%']) {
        expect(toTerminalTable(table, width)).toContain(cell);
      }
    }
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

describe('A table as LaTeX', () => {
  const table = {
    head: ['model', 'A_1', '± %'],
    rows: [
      ['[a] 50% & more', '-1.5', '{x}'],
      ['*b\\c', '< 0.001', '#1 ~ $2^3$'],
    ],
  };
  const text = toLatexTable(table, { caption: 'A_k of\n<all> models', label: 'tab:a' });

  it('has the rules of booktabs, and a column for each of its own', () => {
    expect(text.split('\n')).toEqual([
      '% \\usepackage{booktabs}',
      '\\begin{table}',
      '\\centering',
      '\\caption{A\\_k of \\textless{}all\\textgreater{} models}\\label{tab:a}',
      '\\begin{tabular}{@{}lrr@{}}',
      '\\toprule',
      'model & A\\_1 & $\\pm$ \\% \\\\',
      '\\midrule',
      '{}[a] 50\\% \\& more & $-$1.5 & \\{x\\} \\\\',
      '{}*b\\textbackslash{}c & \\textless{} 0.001 & \\#1 \\textasciitilde{} \\$2\\textasciicircum{}3\\$ \\\\',
      '\\bottomrule',
      '\\end{tabular}',
      '\\end{table}',
      '',
    ]);
  });

  it('that is longer than a page is a longtable', () => {
    const rows = Array.from({ length: 50 }, (_, at) => [String(at), 'x', 'y']);
    const long = toLatexTable({ head: table.head, rows }, { caption: 'c', label: 'l' });
    expect(long).toContain('\\begin{longtable}{@{}lrr@{}}\n\\caption{c}\\label{l} \\\\\n\\toprule');
    expect(long).toContain('\\midrule\n\\endhead\n0 & x & y \\\\');
    expect(long.trimEnd().endsWith('\\bottomrule\n\\end{longtable}')).toBe(true);
  });
});
