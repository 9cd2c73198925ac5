import { appendFileSync, createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tar from 'tar-stream';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { Finding } from '../../src/dataset/verify.js';
import { findingsAfter, makeDataset } from '../support/made-dataset.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { collect } from '../support/unit-errors.js';
import { openWorkspace } from '../support/workspace.js';

type Members = (readonly [Partial<tar.Header>, Buffer])[];

const SHARD = 'patchml-000000.tar';
const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

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
