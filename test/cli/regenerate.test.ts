import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { releaseDataset } from '../../src/release/release.js';
import type { InputFolders } from '../support/input.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { copyOf, openGenerator, smallInput } from '../support/unit-releases.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let input: InputFolders;
let release: string;

beforeAll(async () => {
  input = await smallInput(newFolder('input'));
  const dataset = await openGenerator(input, newFolder)();
  const to = newFolder('to');
  ({ folder: release } = await releaseDataset({
    dataset,
    version: '1.0.0',
    to,
    recipeOnly: true,
  }));
});

function regenerate(cwd: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = input;
  const args = ['-a', annotations, '-i', images, '--out', 'again', ...more];
  return runCli(['regenerate', release, ...args], { cwd });
}

/** Flags for an input in which some images are missing. */
function otherInput(): string[] {
  const folder = newFolder('other-input');
  copyOf(join(input.images, '..'), folder);
  const images = join(folder, 'images');
  for (const name of readdirSync(images).slice(0, 2)) rmSync(join(images, name));
  return ['regenerate', release, '-a', join(folder, 'annotations'), '-i', images, '-o', 'again'];
}

describe('regenerate', () => {
  test('makes the dataset of a release again, which verify finds whole', async () => {
    const cwd = newFolder('cwd');
    const run = await regenerate(cwd, '--exact');
    expect(run).toMatchObject({ code: 0 }); // a slow run reports its progress on stderr
    expect(run.stdout).toMatch(/same pixels +│ 8 /);
    expect(run.stdout).toContain(', as published');
    expect(await runCli(['verify', 'again'], { cwd })).toMatchObject({ code: 0, stderr: '' });
    const json = await regenerate(cwd, '--json'); // it is there already
    expect(JSON.parse(json.stdout)).toMatchObject({ isSame: true, identical: 8 });
  });

  test('reports what differs, and exits with 1 with --exact alone', async () => {
    const cwd = newFolder('cwd');
    const args = otherInput();
    const run = await runCli(args, { cwd });
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('unknown: the release has digests but no pixels');
    expect(run.stdout).toContain('published digest');
    const exact = await runCli([...args, '--exact', '--quiet'], { cwd });
    expectOneLine(exact, 1, /again: \d of 8 images differ from the release/);
    const json = await runCli([...args, '--exact', '--json'], { cwd });
    expect(json).toMatchObject({ code: 1 });
    expect(JSON.parse(json.stdout)).toMatchObject({ isSame: false, distance: null });
  });

  test('says in one line what is missing', async () => {
    const cwd = newFolder('cwd');
    expectOneLine(await runCli(['regenerate', release, '-o', 'x'], { cwd }), 2, 'annotations');
    const { annotations, images } = input;
    const args = ['regenerate', cwd, '-a', annotations, '-i', images, '-o', 'x'];
    expectOneLine(await runCli(args, { cwd }), 1, 'release.json is missing');
    expect(readdirSync(cwd)).toEqual([]);
  });
});
