import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { EXPORT_NAMES } from '../../src/exports/exports.js';
import { openStream } from '../../src/random.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, isRunning, runCli, startCli } from '../support/run-cli.js';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.js';
import { copyOf, openGenerator, smallInput } from '../support/unit-releases.js';
import { contentsOf, openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
let make: (fields?: RecipeOverrides) => Promise<string>;
let dataset: string;
/** Where `release --version 1.0.0` was run, and what it said. */
let released: string;
let first: CliRun;

beforeAll(async () => {
  make = openGenerator(await smallInput(newFolder('input')), newFolder);
  dataset = await make();
  released = newFolder('released');
  first = await release(released, '--version', '1.0.0');
});

/** A copy of the folder where version 1.0.0 was released. */
function copyOfReleased(): string {
  return copyOf(released, newFolder('cwd'));
}

function release(cwd: string, ...args: string[]): Promise<CliRun> {
  return runCli(['release', dataset, ...args], { cwd });
}

describe('release', () => {
  test('makes a release that verify finds whole, and says where it is', async () => {
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(join('releases', 'made-1.0.0'));
    const verified = await runCli(['verify', join('releases', 'made-1.0.0')], { cwd: released });
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toContain('made 1.0.0 (images)');
  });

  test('says that a release is there already, and succeeds', async () => {
    const cwd = copyOfReleased();
    const before = contentsOf(cwd);
    const again = await release(cwd, '--version', '1.0.0');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('already exists');
    expect(contentsOf(cwd)).toEqual(before);
  });

  test('says in one line which version is allowed', async () => {
    const cwd = copyOfReleased();
    const previous = join('releases', 'made-1.0.0');
    const larger = await make({ sampling: { counts: { 2: 5, 3: 4 } } });
    const args = ['release', larger, '--previous', previous];
    const refused = await runCli([...args, '--version', '1.0.1'], { cwd });
    expectOneLine(refused, 1, '1 image added', 'a minor change', 'the lowest allowed is 1.1.0');
    const made = await runCli([...args, '--version', '1.1.0', '--json'], { cwd });
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(made.stdout)).toMatchObject({
      folder: join('releases', 'made-1.1.0'),
      isNew: true,
      kind: 'full',
      previous: { version: '1.0.0' },
    });
  });

  test('puts in the exports that are named, or all of them', async () => {
    const cwd = newFolder('cwd');
    const two = ['--export', 'csv', '--export', 'coco', '--to', 'two'];
    const run = await release(cwd, '--version', '1.0.0', ...two);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(cwd, 'two', 'made-1.0.0', 'exports'))).toEqual(['coco', 'csv']);
    const all = ['--shard-size', '3', '--json', '--to', 'all', '--export', 'all'];
    const { stdout } = await runCli(['release', '--version', '1.0.0', ...all, dataset], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ exports: [...EXPORT_NAMES], shardSize: 3 });
    const verified = await runCli(['verify', join('all', 'made-1.0.0')], { cwd });
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toContain(`(images, ${EXPORT_NAMES.join(', ')})`);
  });

  test('publishes no pixels with --recipe-only', async () => {
    const cwd = newFolder('cwd');
    const run = await release(cwd, '--version', '1.0.0', '--recipe-only');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(pathsIn(cwd).filter((path) => /\.(png|bin)$/.test(path))).toEqual([]);
    const verified = await runCli(['verify', join('releases', 'made-1.0.0')], { cwd });
    expect(verified.stdout).toContain('made 1.0.0 (recipe only)');
  });

  test.each([
    [['--version', '1.0'], 1, '"1.0" is not a semantic version'],
    [[], 2, 'version'],
    [['--version', '1.0.0', '--export', 'zip'], 2, 'zip'],
    [
      ['--version', '1.0.0', '--shard-size', '0'],
      2,
      '--shard-size takes a whole number of at least 1',
    ],
    [['--version', '1.0.0', '--previous', 'nowhere'], 1, 'nowhere'],
    [['--version', '1.0.0', '--recipe-only', '--export', 'all'], 1, 'no pixels'],
  ])('refuses %j in one line', async (args, code, problem) => {
    const cwd = newFolder('cwd');
    expectOneLine(await release(cwd, ...args), code, problem);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('refuses a damaged dataset in one line', async () => {
    const damaged = copyOf(dataset, newFolder('damaged'));
    writeFileSync(join(damaged, 'images', 'k2-000000.png'), 'x');
    const cwd = newFolder('cwd');
    const run = await runCli(['release', damaged, '--version', '1.0.0'], { cwd });
    expectOneLine(run, 1, damaged, 'this dataset is incomplete or damaged', 'images/k2-000000.png');
  });
});

describe('verify, of a release', () => {
  test('says in one line that its release.json is gone', async () => {
    const cwd = copyOfReleased();
    const folder = join('releases', 'made-1.0.0');
    rmSync(join(cwd, folder, 'release.json'));
    const run = await runCli(['verify', folder], { cwd });
    expectOneLine(run, 1, folder, 'this release has no release.json');
  });

  test('names what is wrong and exits with 1', async () => {
    const cwd = copyOfReleased();
    const folder = join('releases', 'made-1.0.0');
    // A new file in the place: the old one is one with that of the dataset.
    rmSync(join(cwd, folder, 'dataset', 'images', 'k2-000000.png'));
    writeFileSync(join(cwd, folder, 'dataset', 'images', 'k2-000000.png'), 'x');
    const { code, stderr, stdout } = await runCli(['verify', folder], { cwd });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `changed: dataset/images/k2-000000.png\npatchml: ${folder}: 1 problem; make or pull the release again\n`,
    );
  });
});

describe('A release that was killed', () => {
  test('leaves nothing in its place, and the next run ends in the same bytes', async () => {
    const large = await make({ sampling: { counts: { 2: 100, 3: 100 } } });
    const args = ['release', large, '--version', '1.0.0', '--export', 'all', '-q'];
    const cwd = newFolder('whole');
    expect(await runCli(args, { cwd })).toMatchObject({ code: 0, stderr: '' });
    const whole = contentsOf(cwd);
    const stream = openStream('kills');
    let landed = 0;
    for (let round = 0; round < 20 && landed < 5; round += 1) {
      const cwd = newFolder('killed');
      const partial = join(cwd, 'releases', 'made-1.0.0.partial');
      const running = startCli(args, { cwd });
      while (isRunning(running) && !existsSync(partial)) await sleep(1);
      await sleep(400 * stream.real());
      running.process.kill('SIGKILL');
      const { signal } = await running.end;
      if (signal === 'SIGKILL' && existsSync(partial)) {
        landed += 1;
        expect(existsSync(join(cwd, 'releases', 'made-1.0.0'))).toBe(false);
      }
      expect(await runCli(args, { cwd })).toMatchObject({ code: 0, stderr: '' });
      expect(contentsOf(cwd)).toEqual(whole);
    }
    expect(landed).toBe(5);
  });
});

const reason = whyNoSmallDisk();
const describeOnDisk = reason === undefined ? describe : describe.skip;

describeOnDisk(`A full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  test.each([
    ['before the work', 40_000, 'the release needs about'],
    ['from the start', 0, 'the disk is full'],
  ])('is seen %s, and the next run ends in the same bytes', async (_, leaving, problem) => {
    const disk = mountSmallDisk(16);
    try {
      disk.fill(leaving);
      const args = ['--version', '1.0.0', '-q', '--to', join(disk.folder, 'to')];
      const cwd = newFolder('cwd');
      expectOneLine(await release(cwd, ...args), 1, disk.folder, problem, 'free some space');
      expect(existsSync(join(disk.folder, 'to', 'made-1.0.0'))).toBe(false);
      disk.free();
      expect(await release(cwd, ...args)).toMatchObject({ code: 0, stderr: '' });
      const copied = contentsOf(join(disk.folder, 'to', 'made-1.0.0', 'dataset'));
      expect(copied).toEqual(contentsOf(dataset));
    } finally {
      disk.unmount();
    }
  });

  test('in the midst of the work leaves nothing that looks whole', async () => {
    const disk = mountSmallDisk(16);
    try {
      const args = ['--version', '1.0.0', '-q', '--to', join(disk.folder, 'to')];
      const cwd = newFolder('cwd');
      const large = await make({ sampling: { counts: { 2: 60, 3: 60 } } });
      const running = startCli(['release', large, ...args], { cwd });
      const images = join(disk.folder, 'to', 'made-1.0.0.partial', 'dataset', 'images');
      while (isRunning(running) && !existsSync(images)) await sleep(1);
      running.process.kill('SIGSTOP');
      disk.fill();
      running.process.kill('SIGCONT');
      expectOneLine(await running.end, 1, disk.folder, 'the disk is full', 'the same command');
      expect(existsSync(join(disk.folder, 'to', 'made-1.0.0'))).toBe(false);
      disk.free();
      expect(await release(cwd, ...args)).toMatchObject({ code: 0, stderr: '' });
    } finally {
      disk.unmount();
    }
  });
});
