// How many findings are listed: src/dataset/verify.ts and src/release/release-folder.ts.

import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import { FindingList, verifyDataset } from '../../src/dataset/verify.js';
import { parseChecksums } from '../../src/release/checksums.js';
import { makeDataset } from '../support/made-dataset.js';
import { openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
const MORE = 'more than 10000 problems; the rest are not listed';

describe('Findings without end', () => {
  test('are cut off at 10,000, and one says so', () => {
    const list = new FindingList();
    for (let n = 0; n < 10_500; n += 1) list.add({ problem: 'extra', file: `${n}` });
    expect(list.found).toHaveLength(10_001);
    expect(list.found.at(-1)).toEqual({ problem: 'invalid', file: '.', detail: MORE });
    expect(list.isFull).toBe(true);
  });

  test('of a lock that lists 100,000 images end a check early', async () => {
    const { folder: made } = await makeDataset(newFolder('made'));
    const folder = newFolder('many');
    cpSync(made, folder, { recursive: true });
    const path = join(folder, 'patchml.lock.json');
    const lock = readJson<DatasetLock>(path);
    for (let n = 0; n < 100_000; n += 1) lock.files[`images/${n}.png`] = '0'.repeat(64);
    writeFileSync(path, JSON.stringify(lock));
    const { findings } = await verifyDataset({ dataset: folder });
    expect(findings.length).toBeLessThan(20_100);
    expect(findings).toContainEqual({ problem: 'invalid', file: '.', detail: MORE });
  });

  test('of SHA256SUMS are cut off as well', () => {
    const { digests, findings } = parseChecksums('x\n'.repeat(50_000));
    expect([digests.size, findings.length]).toEqual([0, 10_001]);
  });
});
