import { createReadStream, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tar from 'tar-stream';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { writeWebDataset } from '../../src/exports/webdataset.js';
import { makeDataset } from '../support/made-dataset.js';
import { collect } from '../support/unit-errors.js';
import { openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;
let rows: MetadataRow[];

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
  rows = readRows(join(dataset.folder, 'metadata.jsonl'));
});

async function readTar(path: string): Promise<{ header: tar.Header; body: Buffer }[]> {
  const members = [];
  for await (const entry of createReadStream(path).pipe(tar.extract())) {
    const body = Buffer.concat(await collect(entry as unknown as AsyncIterable<Buffer>));
    members.push({ header: entry.header, body });
  }
  return members;
}

describe('A WebDataset export', () => {
  test('holds each image and behind it its row, samples together and in order', async () => {
    const folder = newFolder('whole');
    await writeWebDataset(dataset, folder);
    const members = await readTar(join(folder, 'patchml-000000.tar'));
    expect(members.map(({ header, body }) => [header.name, body])).toEqual(
      rows.flatMap((row) => [
        [basename(row.file_name), readFileSync(join(dataset.folder, row.file_name))],
        [`${row.id}.json`, Buffer.from(JSON.stringify(row))],
      ]),
    );
  });

  test('says nothing of when and by whom it was made', async () => {
    const folder = newFolder('headers');
    await writeWebDataset(dataset, folder);
    for (const { header } of await readTar(join(folder, 'patchml-000000.tar'))) {
      expect(header).toMatchObject({ mode: 0o644, uid: 0, gid: 0, uname: '', gname: '' });
      expect(header.mtime).toEqual(new Date(0));
    }
  });

  test.each([
    [1000, [24]],
    [10, [10, 10, 4]],
    [12, [12, 12]],
    [24, [24]],
  ])('with %i images a shard has shards of %j', async (shardSize, images) => {
    const folder = newFolder('shards');
    await writeWebDataset(dataset, folder, { shardSize });
    const shards = pathsIn(folder);
    expect(shards).toEqual(images.map((_, shard) => `patchml-00000${shard}.tar`));
    const members = await Promise.all(shards.map((shard) => readTar(join(folder, shard))));
    expect(members.map(({ length }) => length)).toEqual(images.map((count) => 2 * count));
  });
});
