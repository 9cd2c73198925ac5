import { createRequire } from 'node:module';
import type CliTable from 'cli-table3';

const require = createRequire(import.meta.url);

/** A table of text; the first column names the row. */
export interface TextTable {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A table for the terminal: numbers of a {@link TextTable}, or names and what they stand for. */
export interface TerminalTable {
  head?: readonly string[] | undefined;
  rows: readonly (readonly (string | number)[])[];
}

/**
 * For the terminal: below a head, all but the first column to the right. A cell may have several
 * lines; one that is a number has its thousands separated. A table with a head that is too wide is
 * turned, rows for columns, and where that is too wide as well, printed in parts of some columns.
 *
 * @param width characters of a line. Default: the terminal's, or what `COLUMNS` says, or 80
 */
export function toTerminalTable({ head, rows }: TerminalTable, width = terminalWidth()): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? countText(cell) : cell)),
  );
  if (head === undefined) return drawTable({ head: [], rows: cells });
  const table = { head, rows: cells };
  const turned = transpose(table);
  const fitting = [table, turned].find((each) => tableWidth(each) <= width);
  if (fitting) return drawTable(fitting);
  const [parts, others] = [splitColumns(table, width), splitColumns(turned, width)];
  return (others.length < parts.length ? others : parts).map(drawTable).join('\n');
}

function terminalWidth(): number {
  return process.stdout.columns || Number(process.env['COLUMNS']) || 80;
}

function transpose({ head, rows }: TextTable): TextTable {
  const names = head.slice(1); // the corner names what is now in the head
  return {
    head: ['', ...rows.map(([name = '']) => name)],
    rows: names.map((name, at) => [name, ...rows.map((row) => row[at + 1] ?? '')]),
  };
}

/**
 * A table as several, each with the first column and as many of the others as fit, one at least; rows
 * that are empty there are left out.
 */
function splitColumns({ head, rows }: TextTable, width: number): TextTable[] {
  const parts: TextTable[] = [];
  for (let start = 1, end = 1; start < head.length; start = end) {
    let part: TextTable | undefined;
    for (end = start; end < head.length; end += 1) {
      const keep = (row: readonly string[]): string[] => [row[0]!, ...row.slice(start, end + 1)];
      const filled = rows.map(keep).filter((row) => row.slice(1).some((cell) => cell !== ''));
      const wider = { head: keep(head), rows: filled };
      if (part && tableWidth(wider) > width) break;
      part = wider;
    }
    parts.push(part!);
  }
  return parts;
}

/** A cell has a space on both sides, and a line after it; the first has one before it. */
function tableWidth({ head, rows }: TextTable): number {
  return head.reduce((sum, name, column) => {
    const cells = rows.map((row) => widthOf(row[column] ?? ''));
    return sum + cells.reduce((a, b) => Math.max(a, b), widthOf(name)) + 3;
  }, 1);
}

function drawTable({ head, rows }: TextTable): string {
  // loaded here: most of what imports this file, worker threads for one, draws no table
  const Table = require('cli-table3') as typeof CliTable;
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** As Markdown (GitHub's tables). */
export function toMarkdownTable({ head, rows }: TextTable): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head.map(inMarkdown), rule, ...rows.map((row) => row.map(inMarkdown))]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** As CSV. */
export function toCsvTable({ head, rows }: TextTable): string {
  return [head, ...rows].map(csvLine).join('');
}

/** What stands around a table in a paper. */
export interface LatexCaption {
  caption: string;
  /** What `\\ref` names it by. */
  label: string;
}

/** Rows of a table that fit on a page. */
const LATEX_ROWS = 40;

/**
 * As LaTeX, with the rules of the package `booktabs`; a table that is longer than a page with
 * `longtable`.
 */
export function toLatexTable({ head, rows }: TextTable, { caption, label }: LatexCaption): string {
  const columns = `@{}l${'r'.repeat(head.length - 1)}@{}`;
  const title = `\\caption{${inLatex(caption)}}\\label{${label}}`;
  const [top, ...body] = [head, ...rows].map((row) => `${row.map(inLatexCell).join(' & ')} \\\\`);
  const isLong = rows.length > LATEX_ROWS;
  const lines = isLong
    ? [
        `\\begin{longtable}{${columns}}`,
        `${title} \\\\`,
        '\\toprule',
        top,
        '\\midrule',
        '\\endhead',
      ]
    : [
        ...['\\begin{table}', '\\centering', title, `\\begin{tabular}{${columns}}`],
        ...['\\toprule', top, '\\midrule'],
      ];
  const end = isLong ? ['\\end{longtable}'] : ['\\end{tabular}', '\\end{table}'];
  return [
    `% \\usepackage{booktabs${isLong ? ',longtable' : ''}}`,
    ...[...lines, ...body, '\\bottomrule', ...end, ''],
  ].join('\n');
}

/** What begins a row must not be taken for an option of the line end before it. */
function inLatexCell(text: string, column: number): string {
  const cell = inLatex(text).replace(/^-(?=\d)/, '$$-$$');
  return column === 0 && /^[[*]/.test(cell) ? `{}${cell}` : cell;
}

const LATEX: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': "''",
  '±': '$\\pm$',
};

/** Text that LaTeX prints as it is, in one line. */
function inLatex(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[&%$#_{}]|[\\~^<>|"±]/g, (character) => LATEX[character] ?? `\\${character}`);
}

/** How many characters wide a rendered table is. */
export function widthOf(rendered: string): number {
  return rendered.split('\n').reduce((most, line) => Math.max(most, line.length), 0);
}

/** Text that Markdown shows as it is, in one line. Underscores inside of words need nothing. */
export function inMarkdown(text: string): string {
  return text.replace(/[\\|`*<]|\](?=\()|_(?!\w)|(?<!\w)_/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}

/** Counts as one line: `too-small: 12, blocked: 3`; `none` where there are none. */
export function listCounts(counts: Record<string, number | undefined>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name}: ${countText(count ?? 0)}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** A whole number with thousands separated by commas, whatever the locale of the machine. */
export function countText(count: number): string {
  return new Intl.NumberFormat('en-US').format(count);
}

/** A count with what is counted: `1 image`, `1,000 images`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const MAX_VALUE = 80;

/** A value of a file as a message shows it: the beginning of its JSON, or `none`. */
export function jsonText(value: unknown): string {
  if (value === undefined) return 'none';
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text;
}

/** A number of bytes in the unit that fits: `12 bytes`, `3.5 MB`. A kilobyte has 1,000. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return countOf(bytes, 'byte');
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length);
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${UNITS[power - 1]!}`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/**
 * One line of CSV (RFC 4180), with its end: fields that need it are quoted. Text that a spreadsheet
 * would run as a formula gets an apostrophe before it; numbers and intervals stay as they are.
 */
export function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map(csvField).join(',')}\n`;
}

function csvField(field: string | number): string {
  const text = isFormula(field) ? `'${field}` : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text that begins as a formula does, unless it is made of digits and signs alone: `-0.5 [-1, 0]`. */
function isFormula(field: string | number): field is string {
  return (
    typeof field === 'string' && /^\s*[=+\-@]/.test(field) && !/^[\d\s.,+\-%()[\]e]*$/.test(field)
  );
}
