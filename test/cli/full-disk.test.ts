// Extracting and composing to a disk that is full: all that writes, up to the command line.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { isRunning, runCli, type RunningCli, startCli } from '../support/run-cli.js';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../support/small-disk.js';
import { contentsOf, openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
const reason = whyNoSmallDisk();
const describeOnDisk = reason === undefined ? describe : describe.skip;

describeOnDisk(`A full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let disk: SmallDisk;
  let input: InputFolders;
  let recipe: string;
  /** What a run with space enough leaves. */
  let whole: Record<string, string>;

  beforeAll(async () => {
    const folder = newFolder('input');
    const drawn = await makeImages({ images: 10, scale: 2 });
    const images = Array.from({ length: 80 }, (_, n) => ({
      ...drawn[n % drawn.length]!,
      id: `image-${String(n).padStart(3, '0')}`,
    }));
    input = writeFolders(folder, images);
    recipe = writeRecipe(folder, { sampling: { counts: { 2: 120 } } });
    const cwd = newFolder('whole');
    expect(await runCli(args('out', 'work'), { cwd })).toMatchObject({ code: 0, stderr: '' });
    whole = contentsOf(cwd);
  });

  afterEach(() => {
    disk.unmount();
  });

  function args(out: string, work: string): string[] {
    const { annotations, images } = input;
    const places = ['--out', out, '--work', work];
    return ['generate', '-r', recipe, '-a', annotations, '-i', images, ...places, '-j', '1', '-q'];
  }

  /** Expects that with space enough the same command ends in the same bytes as ever. */
  async function expectToFinish(command: string[], out: string, work: string): Promise<void> {
    disk.free();
    expect(await runCli(command, { cwd: disk.folder })).toMatchObject({ code: 0, stderr: '' });
    for (const [name, folder] of Object.entries({ out, work })) {
      const expected = Object.entries(whole).filter(([path]) => path.startsWith(`${name}/`));
      const bare = expected.map(([path, digest]) => [path.slice(name.length + 1), digest]);
      expect(contentsOf(folder)).toEqual(Object.fromEntries(bare));
    }
  }

  test('is seen before the work: of a pool that will not fit', async () => {
    disk = mountSmallDisk(64);
    disk.fill(500_000);
    const work = join(disk.folder, 'work');
    const out = join(newFolder('out'), 'out');
    const run = await runCli(args(out, work), { cwd: disk.folder });
    expectOneLine(run, 1, work, 'the pool needs about', 'free some space');
    expect(pathsIn(work).filter((path) => path.endsWith('patches.bin'))).toEqual([]);
    await expectToFinish(args(out, work), out, work);
  });

  test('is seen before the work: of a dataset that will not fit', async () => {
    disk = mountSmallDisk(64);
    disk.fill(500_000);
    const work = newFolder('work');
    const out = join(disk.folder, 'out');
    const run = await runCli(args(out, work), { cwd: disk.folder });
    expectOneLine(run, 1, out, 'the dataset needs about', 'free some space');
    expect(pathsIn(disk.folder).filter((path) => path.endsWith('.png'))).toEqual([]);
    expect(existsSync(out)).toBe(false);
    await expectToFinish(args(out, work), out, work);
  });

  test('in the midst of extracting ends in one line, and the next run goes on', async () => {
    disk = mountSmallDisk(64);
    const work = join(disk.folder, 'work');
    const out = join(newFolder('out'), 'out');
    const running = startCli(args(out, work), { cwd: disk.folder });
    await holdOnce(running, () => hasPartialPool(work));
    disk.fill();
    running.process.kill('SIGCONT');
    expectOneLine(await running.end, 1, disk.folder, 'the disk is full', 'the same command again');
    expect(pathsIn(work).filter((path) => path.endsWith('pool.json'))).toEqual([]);
    expect(existsSync(out)).toBe(false);
    await expectToFinish(args(out, work), out, work);
  });

  test('in the midst of composing ends in one line, and the next run goes on', async () => {
    disk = mountSmallDisk(64);
    const work = newFolder('work');
    const out = join(disk.folder, 'out');
    const running = startCli(args(out, work), { cwd: disk.folder });
    await holdOnce(running, () => existsSync(join(`${out}.partial`, 'progress.json')));
    disk.fill();
    running.process.kill('SIGCONT');
    expectOneLine(await running.end, 1, disk.folder, 'the disk is full', 'the same command again');
    expect(existsSync(out)).toBe(false);
    await expectToFinish(args(out, work), out, work);
  });

  test('from the start ends in one line', async () => {
    disk = mountSmallDisk(1);
    disk.fill();
    const work = join(disk.folder, 'work');
    const out = join(disk.folder, 'out');
    const run = await runCli(args(out, work), { cwd: disk.folder });
    expectOneLine(run, 1, disk.folder, 'the disk is full', 'free some space');
    expect(existsSync(out)).toBe(false);
  });
});

function hasPartialPool(work: string): boolean {
  const pools = join(work, 'pool');
  if (!existsSync(pools)) return false;
  const partial = readdirSync(pools).find((name) => name.endsWith('.partial'));
  return partial !== undefined && existsSync(join(pools, partial, 'progress.json'));
}

/** Halts a run in its tracks as soon as a condition holds. */
async function holdOnce(running: RunningCli, condition: () => boolean): Promise<void> {
  while (isRunning(running) && !condition()) await sleep(1);
  running.process.kill('SIGSTOP');
}
