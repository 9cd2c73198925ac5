import { appendFileSync, createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tar from 'tar-stream';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { findingsAfter, makeDataset } from '../support/made-dataset.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
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
    await writeExport('webdataset', dataset, folder);
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
    await writeExport('webdataset', dataset, folder);
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
    await writeExport('webdataset', dataset, folder, { shardSize });
    const shards = pathsIn(folder);
    expect(shards).toEqual(images.map((_, shard) => `patchml-00000${shard}.tar`));
    const members = await Promise.all(shards.map((shard) => readTar(join(folder, shard))));
    expect(members.map(({ length }) => length)).toEqual(images.map((count) => 2 * count));
  });
});

type Members = (readonly [Partial<tar.Header>, Buffer])[];
const SHARD = 'patchml-000000.tar';

/** What is found after the members of the first shard were changed. */
function after(change: (members: Members) => Members): Promise<Finding[]> {
  return findingsAfter('webdataset', dataset, newFolder('tar'), async (copy) => {
    const members: Members = [];
    for await (const entry of createReadStream(join(copy, SHARD)).pipe(tar.extract())) {
      const body = Buffer.concat(await collect(entry as unknown as AsyncIterable<Buffer>));
      members.push([entry.header, body]);
    }
    writeFileSync(join(copy, SHARD), await packTar(change(members)));
  });
}

describe('A tar shard', () => {
  test('made again from its own members is whole', async () => {
    expect(await after((members) => members)).toEqual([]);
  });

  test.each(['../../.bashrc', 'k2-000001.sh', '/etc/cron.d/x', '\u001b[2J.png'])(
    'with the foreign member %j is found out',
    async (name) => {
      const found = await after((members) => [
        ...members.slice(0, 4),
        [{ name, mtime: new Date(0) }, Buffer.from('x')],
        ...members.slice(4),
      ]);
      expect(found).toMatchObject([{ problem: 'extra', file: SHARD }]);
      expect(found[0]?.detail).not.toMatch(/\p{Cc}/u);
    },
  );

  test('with a link in place of an image is found out', async () => {
    const found = await after(([first, ...members]) => [
      [{ ...first![0], type: 'symlink', linkname: '/etc/passwd' }, Buffer.alloc(0)],
      ...members,
    ]);
    expect(found).toMatchObject([{ problem: 'changed', detail: 'member "k2-000000.png"' }]);
  });

  test('with a changed label is found out', async () => {
    const found = await after((members) => {
      const [header, body] = members[3]!;
      const row = JSON.parse(String(body)) as { labels: number[] };
      row.labels = [999];
      return members.with(3, [{ ...header, size: 0 }, Buffer.from(JSON.stringify(row))]);
    });
    expect(found).toMatchObject([{ problem: 'changed', detail: 'member "k2-000001.json"' }]);
  });

  test('without a member, or with an image twice, is found out', async () => {
    const lacking = await after((members) => members.toSpliced(3, 1));
    expect(lacking).toMatchObject([{ problem: 'missing', detail: 'member "k2-000001.json"' }]);
    const twice = await after((members) => [...members, ...members.slice(0, 2)]);
    expect(twice).toMatchObject([
      { problem: 'extra', detail: 'member "k2-000000.png"' },
      { problem: 'extra', detail: 'member "k2-000000.json"' },
    ]);
  });

  test('whose members say who made them is not as it was made', async () => {
    const found = await after(([first, ...members]) => [
      [{ ...first![0], uid: 1000 }, first![1]],
      ...members,
    ]);
    expect(found).toMatchObject([{ detail: 'member "k2-000000.png": its header' }]);
  });

  test('with bytes behind its end is found out', async () => {
    const found = await findingsAfter('webdataset', dataset, newFolder('tail'), (copy) => {
      appendFileSync(join(copy, SHARD), Buffer.alloc(512));
    });
    expect(found).toMatchObject([{ problem: 'invalid', file: SHARD }]);
    expect(found[0]?.detail).toMatch(/^expected \d+ bytes for its members, got \d+$/);
  });

  test('whose member says that it is enormous is read no further than the file goes', async () => {
    const found = await findingsAfter('webdataset', dataset, newFolder('huge'), (copy) => {
      const size = Buffer.from([0x80, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
      const whole = readFileSync(join(copy, SHARD));
      writeFileSync(join(copy, SHARD), Buffer.concat([tarHeader('k2-000000.png', size), whole]));
    });
    expect(found[0]).toMatchObject({ problem: 'invalid', file: SHARD });
  });
});
