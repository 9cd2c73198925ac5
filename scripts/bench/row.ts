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
  /** Whether it is compared with what researchers use today. */
  isPeer?: boolean;
  what: string;
  run: Measured;
  /** What it is compared with: in words, and measured. */
  against?: string;
  limit?: Measured | undefined;
  /** The median of the rounds; of memory, the peaks' ratio. */
  ratio?: number;
  /** The lowest and the highest ratio of a round. */
  spread?: readonly [low: number, high: number];
  aim?: Aim;
}

/** A row that compares rates, round by round. @param limit undefined where it could not be measured */
export function compareRates(
  what: string,
  run: Measured,
  against: string,
  limit: Measured | undefined,
  atLeast?: number,
): Row {
  const row: Row = { what, run, against, limit };
  if (limit) {
    const ratios = run.rates.map((rate, round) => rate / limit.rates[round]!).sort((a, b) => a - b);
    row.ratio = ratios[Math.floor((ratios.length - 1) / 2)]!;
    row.spread = [ratios[0]!, ratios.at(-1)!];
  }
  if (atLeast !== undefined) row.aim = { of: 'ratio', atLeast };
  return row;
}

/**
 * A row that compares a rate with that of what researchers use today.
 * @param peers by what they are; the fastest counts. Undefined where one is not on this machine
 */
export function comparePeer(
  what: string,
  run: Measured,
  peers: Record<string, Measured | undefined>,
  atLeast: number,
): Row {
  const there = Object.entries(peers).flatMap(([name, peer]) => (peer ? [{ name, peer }] : []));
  there.sort((a, b) => rateOf(b.peer) - rateOf(a.peer));
  const best = there[0];
  const against = best?.name ?? `${Object.keys(peers)[0]!}: not present`;
  return { ...compareRates(what, run, against, best?.peer, atLeast), isPeer: true };
}

/** A row that compares peak memory. @param less the same work on fewer things */
export function compareMemory(what: string, more: Measured, less: Measured, atMost: number): Row {
  const [most, least] = [more.rssMb ?? NaN, less.rssMb ?? NaN];
  const against = `${Math.round(least)} MB of ${less.count}`;
  return {
    what: `${what}: peak memory`,
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
    head: ['', '/s', 'CPU-ms', 'cores', 'MB', 'against', 'its /s', 'ratio', '', 'aim', 'reached'],
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
      spreadText(row),
      aimText(row),
      judge(row),
    ]);
  });
  return `${table.toString()}\n${LEGEND}`;
}

const LEGEND = `/s: images, files or rows a second, median; CPU-ms: of all threads, for each of them; cores: CPU time
over wall time; MB: largest resident set of the process. ratio: the rate over that of "against",
measured in turn with it, the median of the rounds, and the lowest and highest of them; in the rows
on memory, MB over MB.`;

function toCells(run: Measured): (string | number)[] {
  return [
    Math.round(rateOf(run)),
    (run.cpuMs / run.count).toFixed(2),
    (run.cpuMs / 1000 / run.seconds).toFixed(1),
    run.rssMb === undefined ? '' : Math.round(run.rssMb),
  ];
}

/** The lowest and highest ratio of a round; empty where there was one round. */
export function spreadText({ spread, run }: Row): string {
  if (spread === undefined || run.rates.length === 1) return '';
  return spread.map((ratio) => ratio.toFixed(2)).join(' to ');
}

/** What is aimed at, in words; empty for a row without an aim. */
export function aimText({ aim }: Row): string {
  if (aim === undefined) return '';
  const unit = { rate: '/s', ratio: '', memory: ' MB' }[aim.of];
  const { atLeast, atMost } = aim;
  return atLeast === undefined ? `at most ${atMost}${unit}` : `at least ${atLeast}${unit}`;
}
