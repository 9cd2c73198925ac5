import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { makeDataset } from '../support/made-dataset.js';
import { expectOneLine } from '../support/one-line.js';
import { runCli } from '../support/run-cli.js';
import { openWorkspace, pathsIn, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
let cwd: string;

beforeAll(async () => {
  cwd = newFolder('dataset');
  await makeDataset(cwd);
});

describe('patchml export', () => {
  test('writes a format and says what it wrote', async () => {
    const run = await runCli(['export', 'dataset', '--format', 'coco', '--out', 'coco'], { cwd });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/export │ coco +│.*images │ 24 +│.*files +│ 1 +│/s);
    const { images } = readJson<{ images: object[] }>(join(cwd, 'coco', 'instances.json'));
    expect(images).toHaveLength(24);
  });

  test('prints JSON, with shards of the size that is asked for', async () => {
    const flags = ['--format', 'webdataset', '-o', 'tar', '--shard-size', '10', '--json'];
    const { stdout } = await runCli(['export', 'dataset', ...flags], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ folder: 'tar', format: 'webdataset', files: 3 });
    expect(pathsIn(join(cwd, 'tar'))).toHaveLength(3);
  });

  test('of no dataset is one line', async () => {
    const run = await runCli(['export', 'none', '--format', 'csv', '--out', 'csv'], { cwd });
    expectOneLine(run, 1, 'none: dataset.json is missing; create it with "patchml generate"');
  });

  test('in an unknown format is one line that names those there are', async () => {
    const run = await runCli(['export', 'dataset', '--format', 'voc', '--out', 'voc'], { cwd });
    expectOneLine(run, 2, 'format', 'coco');
  });
});
