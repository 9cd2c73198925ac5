import type { Finding } from '../../dataset/verify-dataset.js';
import type { ExportFiles } from './export-files.js';

/**
 * Takes the numbered files of an export, in their order.
 * @param pattern of their names; its first group is the number, from 0
 * @param nameOf the name for a number
 * @param count how many there must be, where that is known
 * @returns those that are there, and a finding for each gap between them
 */
export function takeShards(
  files: ExportFiles,
  pattern: RegExp,
  nameOf: (shard: number) => string,
  count?: number,
): { shards: string[]; gaps: Finding[] } {
  const shards: string[] = [];
  const gaps: Finding[] = [];
  let next = 0;
  const expectNext = (number: number): void => {
    const more = number - next - 1;
    if (more < 0) return;
    const detail = more > 0 ? `and ${more} behind it` : undefined;
    gaps.push({ problem: 'missing', file: nameOf(next), ...(detail && { detail }) });
  };
  for (const file of files.names()) {
    const number = Number(pattern.exec(file)?.[1] ?? NaN);
    if (!(number >= next) || number >= (count ?? Infinity)) continue;
    if (files.take(file) === undefined) continue;
    expectNext(number);
    next = number + 1;
    shards.push(file);
  }
  if (count !== undefined) expectNext(count);
  return { shards, gaps };
}
