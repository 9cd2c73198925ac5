import Table from 'cli-table3';
import { csvLine } from '../files/csv.js';

/** A table of text; the first column names the row. */
export interface TextTable {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** For the terminal: numbers to the right. A cell may have several lines. */
export function toTerminalTable({ head, rows }: TextTable): string {
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

/** How many characters wide a rendered table is. */
export function widthOf(rendered: string): number {
  return rendered.split('\n').reduce((most, line) => Math.max(most, line.length), 0);
}

/** Text that Markdown shows as it is, in one line. Underscores inside of words need nothing. */
export function inMarkdown(text: string): string {
  return text.replace(/[\\|`*<]|\](?=\()|_(?!\w)|(?<!\w)_/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}
