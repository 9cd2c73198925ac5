import Table from 'cli-table3';
import { type Measured, rateOf } from './measure.js';

/** What is aimed at: of the rate, the ratio or the peak memory of the row it stands in. */
interface Aim {
  of: 'rate' | 'ratio' | 'memory';
  atLeast?: number;
  atMost?: number;
}

/** One line of the table: a stage, and what it is compared with. */
export interface Row {
  what: string;
  run: Measured;
  /** What it is compared with: in words, and measured. */
  against?: string;
  limit?: Measured | undefined;
  ratio?: number;
  aim?: Aim;
}

/** A row that compares rates. @param limit undefined where it could not be measured */
export function compareRates(
  what: string,
  run: Measured,
  against: string,
  limit: Measured | undefined,
  atLeast?: number,
): Row {
  const row: Row = { what, run, against, limit };
  if (limit) row.ratio = rateOf(run) / rateOf(limit);
  if (atLeast !== undefined) row.aim = { of: 'ratio', atLeast };
  return row;
}

/** A row that compares peak memory. @param less the same work on fewer things */
export function compareMemory(what: string, more: Measured, less: Measured, atMost: number): Row {
  const [most, least] = [more.rssMb ?? NaN, less.rssMb ?? NaN];
  const against = `${Math.round(least)} MB of ${less.count}`;
  return {
    what,
    run: more,
    against,
    limit: less,
    ratio: most / least,
    aim: { of: 'ratio', atMost },
  };
}

/**
 * Whether a row reached its aim: `yes`, or by how much it did not, or why that cannot be said;
 * empty for a row without an aim.
 */
export function judge(row: Row): string {
  if (!row.aim) return '';
  const { of, atLeast = -Infinity, atMost = Infinity } = row.aim;
  const value = { rate: rateOf(row.run), ratio: row.ratio, memory: row.run.rssMb }[of];
  if (value === undefined) return 'not measured';
  if (value >= atLeast && value <= atMost) return 'yes';
  const aim = value < atLeast ? atLeast : atMost;
  return `no, by ${Math.ceil((100 * Math.abs(value - aim)) / aim)}%`;
}

/** The rows as a table for a terminal, with what its columns mean. */
export function toTable(rows: readonly Row[]): string {
  const table = new Table({
    head: ['', '/s', 'CPU-ms', 'cores', 'MB', 'against', 'its /s', 'ratio', 'aim', 'reached'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left', 'right', 'right'],
  });
  rows.forEach((row, index) => {
    const isFirst = rows[index - 1]?.run !== row.run;
    table.push([
      row.what,
      ...(isFirst ? toCells(row.run) : ['', '', '', '']),
      row.against ?? '',
      row.limit ? Math.round(rateOf(row.limit)) : '',
      row.ratio?.toFixed(2) ?? '',
      row.aim ? describeAim(row.aim) : '',
      judge(row),
    ]);
  });
  return `${table.toString()}\n${LEGEND}`;
}

const LEGEND = `/s: images, files or rows a second, median; CPU-ms: of all threads, for each of them; cores: CPU time
over wall time; MB: largest resident set of the process. ratio: the rate over that of "against",
measured in turn with it in the same run; in the rows on memory, MB over MB.`;

function toCells(run: Measured): (string | number)[] {
  return [
    Math.round(rateOf(run)),
    (run.cpuMs / run.count).toFixed(2),
    (run.cpuMs / 1000 / run.seconds).toFixed(1),
    run.rssMb === undefined ? '' : Math.round(run.rssMb),
  ];
}

function describeAim({ of, atLeast, atMost }: Aim): string {
  const unit = { rate: '/s', ratio: '', memory: ' MB' }[of];
  return atLeast === undefined ? `<= ${atMost}${unit}` : `>= ${atLeast}${unit}`;
}
