import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import type { Finding } from '../../dataset/verify-dataset.js';
import { sha256 } from '../../files/digest.js';
import type { StageOptions } from '../../progress.js';
import { alignRows } from './align-rows.js';
import type { ExportFiles } from './export-files.js';
import { fileNameOf } from './export-rows.js';
import { takeShards } from './numbered-shards.js';
import { readTarSamples, type TarSample } from './read-tar-samples.js';
import { shown } from './shown-text.js';
import { jsonOf, shardName } from './webdataset.js';

/** Checks WebDataset shards: every member of every image, and that there is no other. */
export async function* verifyWebDataset(
  dataset: Dataset,
  files: ExportFiles,
  options: StageOptions,
): AsyncGenerator<Finding> {
  const { shards, gaps } = takeShards(files, /^patchml-(\d{6})\.tar$/, shardName);
  yield* gaps;
  const samples = async function* (): AsyncGenerator<TarSample> {
    for (const shard of shards) yield* readTarSamples(files.path(shard), shard);
  };
  let shard = shards[0] ?? shardName(0);
  for await (const aligned of alignRows(dataset, samples(), options)) {
    if ('item' in aligned) shard = aligned.item.shard;
    if (!('row' in aligned)) yield* foreign(aligned.item);
    else if ('item' in aligned) yield* compare(aligned.row, aligned.item);
    else yield { problem: 'missing', file: shard, detail: `image ${aligned.row.id}` };
  }
}

function* foreign({ shard: file, members, trouble }: TarSample): Generator<Finding> {
  if (trouble !== undefined) yield { problem: 'invalid', file, detail: trouble };
  for (const { name } of members) {
    yield { problem: 'extra', file, detail: `member ${shown(name)}` };
  }
}

function* compare(row: MetadataRow, { shard: file, members }: TarSample): Generator<Finding> {
  const { name: image, stem } = fileNameOf(row);
  const expected = new Map([
    [image, row.sha256],
    [`${stem}.json`, sha256(jsonOf(row))],
  ]);
  for (const { name, sha256: digest, plain } of members) {
    const want = expected.get(name);
    const detail = `member ${shown(name)}`;
    expected.delete(name);
    if (want === undefined) yield { problem: 'extra', file, detail };
    else if (digest !== want) yield { problem: 'changed', file, detail };
    else if (!plain) yield { problem: 'changed', file, detail: `${detail}: its header` };
  }
  for (const name of expected.keys()) {
    yield { problem: 'missing', file, detail: `member "${name}"` };
  }
}
