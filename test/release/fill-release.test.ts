import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { EXPORT_NAMES } from '../../src/exports/exports.js';
import { releaseDataset } from '../../src/release/release.js';
import { verifyRelease } from '../../src/release/verify-release.js';
import { copyOf, editRelease, openGenerator, smallInput } from '../support/unit-releases.js';
import { contentsOf, openWorkspace, pathsIn, readJson, sha256Of } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: string;
let release: string;

beforeAll(async () => {
  dataset = await openGenerator(await smallInput(newFolder('input')), newFolder)();
  release = await make();
});

async function make(): Promise<string> {
  const options = { exports: [...EXPORT_NAMES], shardSize: 3 };
  const to = newFolder('to');
  return (await releaseDataset({ dataset, version: '1.0.0', to, ...options })).folder;
}

describe('A release with every export', () => {
  test('is whole, and the same bytes when made again', async () => {
    expect((await verifyRelease({ release })).findings).toEqual([]);
    expect(contentsOf(await make())).toEqual(contentsOf(release));
  });

  test('lists its files with their digests in Croissant, but not image by image', () => {
    const { distribution } = readJson<{
      distribution: { '@type': string; contentUrl: string; sha256: string }[];
    }>(join(release, 'croissant.json'));
    const files = distribution.filter((entry) => entry['@type'] === 'cr:FileObject');
    for (const { contentUrl, sha256 } of files) {
      expect(sha256).toBe(sha256Of(join(release, contentUrl)));
    }
    const paths = files.map(({ contentUrl }) => contentUrl);
    expect(paths).toContain('exports/coco/instances.json');
    expect(paths.filter((path) => /yolo|\.png$/.test(path))).toEqual([]);
  });

  test('has a snippet for each in its card, and gives the Hub Parquet', () => {
    const card = readFileSync(join(release, 'README.md'), 'utf8');
    for (const name of EXPORT_NAMES) expect(card).toContain(`exports/${name}/`);
    const shards = pathsIn(join(release, 'exports/parquet'))
      .slice(1)
      .map((file) => `exports/parquet/${file}`);
    expect(parse(card.split('---\n')[1]!)).toMatchObject({
      configs: [
        {
          config_name: 'default',
          data_files: [{ split: 'val', path: 'exports/parquet/data/*.parquet' }],
        },
        { config_name: 'k2', data_files: [{ split: 'val', path: shards.slice(0, 2) }] },
        { config_name: 'k3', data_files: [{ split: 'val', path: shards.slice(2) }] },
      ],
    });
  });

  test('of which one is changed is found out, though SHA256SUMS agrees', async () => {
    const folder = copyOf(release, newFolder('damaged'));
    editRelease(folder, 'exports/csv/labels.csv', (text) => text.replace(/,1/, ',0'));
    const { findings } = await verifyRelease({ release: folder });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ problem: 'changed', file: 'exports/csv/labels.csv' });
  });

  test.each([
    ['parquet/data/val-00001-of-00004.parquet', 'this is not a complete Parquet file'],
    ['webdataset/patchml-000001.tar', 'this is not a complete tar archive'],
    ['coco/instances.json', 'it ends at line'],
    ['csv/labels.csv', 'it ends at line'],
    ['yolo/labels/val/k2-000000.txt', 'expected "'],
  ])('of which %s is cut off has one finding, with the cause', async (path, cause) => {
    const folder = copyOf(release, newFolder('damaged'));
    const file = `exports/${path}`;
    truncateSync(join(folder, file), Math.floor(statSync(join(folder, file)).size / 2));
    expect((await verifyRelease({ release: folder })).findings).toEqual([
      { problem: 'changed', file, detail: expect.stringContaining(cause) as unknown as string },
    ]);
  });

  test.each([
    'parquet/data/val-00001-of-00004.parquet',
    'webdataset/patchml-000001.tar',
    'coco/instances.json',
  ])('without %s has one finding', async (path) => {
    const folder = copyOf(release, newFolder('damaged'));
    const file = `exports/${path}`;
    rmSync(join(folder, file));
    expect((await verifyRelease({ release: folder })).findings).toEqual([
      { problem: 'missing', file },
    ]);
  });

  test('of which one is gone, with its lines, is found out', async () => {
    const folder = copyOf(release, newFolder('damaged'));
    rmSync(join(folder, 'exports', 'coco'), { recursive: true });
    const sums = join(folder, 'SHA256SUMS');
    writeFileSync(sums, readFileSync(sums, 'utf8').replace(/.* {2}exports\/coco\/.*\n/g, ''));
    expect((await verifyRelease({ release: folder })).findings).toEqual([
      { problem: 'missing', file: 'exports/coco' },
    ]);
  });

  test('that release.json does not name is found out', async () => {
    const folder = copyOf(release, newFolder('damaged'));
    editRelease(folder, 'release.json', (text) => text.replace(/,\s*"csv"/, ''));
    const { findings } = await verifyRelease({ release: folder });
    expect(findings.map(({ file, detail }) => [file, detail])).toEqual([
      ['exports/csv/classes.csv', 'release.json does not list this export'],
      ['exports/csv/labels.csv', 'release.json does not list this export'],
    ]);
  });
});
