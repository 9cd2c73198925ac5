import Table from 'cli-table3';

/** A two-column table for the terminal. */
export function toTable(
  rows: readonly (readonly [name: string, value: string | number])[],
): string {
  const table = new Table({ style: { head: [], border: [], compact: true } });
  for (const [name, value] of rows) table.push([name, formatValue(value)]);
  return table.toString();
}

/** Counts as one line: `too-small 12, blocked 3`; `none` where there are none. */
export function listCounts(counts: Record<string, number | undefined>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${formatValue(count ?? 0)}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** A number with thousands separated by commas, whatever the locale. */
function formatValue(value: string | number): string {
  return typeof value === 'number' ? String(value).replace(/\B(?=(\d{3})+$)/g, ',') : value;
}
