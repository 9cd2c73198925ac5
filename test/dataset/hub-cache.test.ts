// A dataset of links, for all that reads datasets.

import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { verifyDataset } from '../../src/dataset/verify.js';
import { exportDataset } from '../../src/exports/exports.js';
import { inspect } from '../../src/generate/inspect.js';
import { releaseDataset } from '../../src/release/release.js';
import { verify } from '../../src/release/verify.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { asHubSnapshot } from '../support/hub-cache.js';
import { makeDataset } from '../support/made-dataset.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const { folder: plain } = await makeDataset(newFolder('made'));

describe('A dataset in the Hugging Face cache, all of links to blobs', () => {
  const snapshot = asHubSnapshot(plain, newFolder('cache'));

  test('is verified, inspected and opened for evaluation', async () => {
    const verified = await verifyDataset({ dataset: snapshot });
    expect(verified).toMatchObject({ findings: [], images: 24 });
    expect(await inspect(snapshot)).toMatchObject({ kind: 'dataset', images: 24 });
    const set = await openEvaluationSet({ dataset: snapshot });
    expect(set.images?.places.every(({ size }) => size > 0)).toBe(true);
  });

  test('is exported and released as plain files, the same as of the dataset itself', async () => {
    const made = newFolder('made-of-it');
    for (const [name, dataset] of Object.entries({ plain, snapshot })) {
      await exportDataset({ dataset, format: 'yolo', out: join(made, name, 'yolo') });
      await releaseDataset({ dataset, to: join(made, name), version: '1.0.0', exports: ['csv'] });
    }
    expect(contentsOf(join(made, 'snapshot'))).toEqual(contentsOf(join(made, 'plain')));
  });

  test('is verified as a release in a folder of the repository', async () => {
    const to = newFolder('releases');
    const release = { dataset: plain, to, version: '1.0.0', exports: ['yolo', 'parquet'] as const };
    const { folder } = await releaseDataset(release);
    const linked = asHubSnapshot(to, newFolder('release-cache'));
    const verified = await verify({ folder: join(linked, basename(folder)) });
    expect(verified).toMatchObject({ isWhole: true, findings: [] });
  });

  test('with a changed blob is found out', async () => {
    const changed = asHubSnapshot(plain, newFolder('changed'));
    writeFileSync(join(changed, 'images/k2-000000.png'), 'x'); // through the link
    expect((await verifyDataset({ dataset: changed })).findings).toEqual([
      { problem: 'changed', file: 'images/k2-000000.png' },
    ]);
  });

  test('with a link to anywhere else is found out', async () => {
    const changed = asHubSnapshot(plain, newFolder('elsewhere'));
    const file = 'images/k2-000000.png';
    rmSync(join(changed, file));
    symlinkSync(join(plain, file), join(changed, file));
    expect((await verifyDataset({ dataset: changed })).findings).toEqual([
      { problem: 'missing', file, detail: 'link-leads-out' },
    ]);
  });
});
