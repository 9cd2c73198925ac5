import { isDeepStrictEqual } from 'node:util';
import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import type { Finding } from '../../dataset/verify-dataset.js';
import type { StageOptions } from '../../progress.js';
import { alignRows } from './align-rows.js';
import type { ExportFiles } from './export-files.js';
import { fileNameOf, splitOf } from './export-rows.js';
import { takeShards } from './numbered-shards.js';
import { parquetFile, PLAIN_COLUMNS, valuesOf } from './parquet.js';
import { type ParquetRow, readParquetRows } from './read-parquet-rows.js';
import { differenceOf, shown } from './shown-text.js';

/** Checks a Parquet export: its columns and features, and every value of every row. */
export async function* verifyParquet(
  dataset: Dataset,
  files: ExportFiles,
  options: StageOptions,
): AsyncGenerator<Finding> {
  const name = `^data/${splitOf(dataset)}-(\\d{5})-of-`;
  const first = files.names().find((file) => new RegExp(`${name}\\d{5}\\.parquet$`).test(file));
  const [, total = '00001'] = /-of-(\d{5})\.parquet$/.exec(first ?? '') ?? [];
  const { shards, gaps } = takeShards(
    files,
    new RegExp(`${name}${total}\\.parquet$`),
    (shard) => parquetFile(dataset, shard, Number(total)),
    Number(total),
  );
  yield* gaps;
  const rows = async function* (): AsyncGenerator<ParquetRow> {
    for (const shard of shards) yield* readParquetRows(files.path(shard), shard);
  };
  let shard = shards[0] ?? parquetFile(dataset, 0, 1);
  for await (const aligned of alignRows(dataset, rows(), options)) {
    if ('item' in aligned) shard = aligned.item.shard;
    if (!('row' in aligned)) yield foreign(aligned.item);
    else if ('item' in aligned) yield* compare(aligned.row, aligned.item);
    else yield { problem: 'missing', file: shard, detail: `row of ${aligned.row.id}` };
  }
}

function foreign({ shard: file, path, trouble }: ParquetRow): Finding {
  if (trouble !== undefined) return { problem: 'invalid', file, detail: trouble };
  return { problem: 'extra', file, detail: `row of ${shown(path)}` };
}

function* compare(row: MetadataRow, { shard: file, ...got }: ParquetRow): Generator<Finding> {
  const changed = (column: string, how: string): Finding => ({
    problem: 'changed',
    file,
    detail: `row of ${row.id}, ${column}: ${how}`,
  });
  if (got.image !== row.sha256) yield changed('image', 'other bytes');
  const path = fileNameOf(row).name;
  if (got.path !== path) yield changed('image', differenceOf(path, got.path));
  const wanted = valuesOf(row);
  for (const column of PLAIN_COLUMNS) {
    const [want, value] = [wanted[column], got.values[column]];
    if (isDeepStrictEqual(want, value)) continue;
    yield changed(column, differenceOf(toJson(want), toJson(value)));
  }
}

function toJson(value: unknown): string {
  const plain = (_: string, part: unknown): unknown =>
    typeof part === 'bigint' ? Number(part) : part;
  return JSON.stringify(value, plain);
}
