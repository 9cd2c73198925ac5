import Table from 'cli-table3';
import { type Measured, rateOf } from './measure.js';
import { type Aim, judge, type Row } from './row.js';

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
