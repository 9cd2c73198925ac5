// Processes that are killed, over all stages.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openStream } from '../../src/random.js';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, isRunning, runCli, type RunningCli, startCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace, readJson } from '../support/workspace.js';

// One thread and enough images: extracting and composing take a second each or more, so that a run
// can be stopped in their midst again and again.
const IMAGES = 240;
const COUNTS = { 2: 150, 3: 150, 4: 150 };
/** Kills that must land in the midst of each stage, and kills at any time since the start. */
const KILLS = { extract: 10, compose: 10 };
const KILLS_ANYWHERE = 5;

const newFolder = openWorkspace();
let input: InputFolders;
let recipe: string;
/** What is in the output folder of a run that nobody stopped. */
let whole: Record<string, string>;

beforeAll(async () => {
  const folder = newFolder('input');
  const drawn = await makeImages({ images: 10, scale: 2 });
  const images = Array.from({ length: IMAGES }, (_, n) => {
    const id = `ILSVRC2012_val_${String(n + 1).padStart(8, '0')}`;
    return { ...drawn[n % drawn.length]!, id };
  });
  input = writeFolders(folder, images);
  recipe = writeRecipe(folder, { sampling: { counts: COUNTS } });
  const cwd = newFolder('uninterrupted');
  expect(await runCli(argsOf(2), { cwd })).toMatchObject({ code: 0, stderr: '' });
  whole = contentsOf(cwd);
});

describe('A run that was killed, started again', () => {
  test('goes on from where it was and ends in the same bytes, wherever it was killed', async () => {
    const stream = openStream('kills');
    const landed = { extract: 0, compose: 0 };
    const afterSomeWork = { extract: 0, compose: 0 };
    for (let round = 0; round < 10 && isLacking(landed); round += 1) {
      const cwd = newFolder('killed');
      for (const stage of ['extract', 'compose'] as const) {
        let done = 0;
        for (let isOver = false; !isOver && landed[stage] < KILLS[stage];) {
          // Every third kill comes before the stage has done anything new, or as it begins to.
          const moment = landed[stage] % 3 === 0 ? { done: -1, delay: 300 } : { done, delay: 60 };
          const run = await stopIn(
            stage,
            moment.done,
            moment.delay * stream.real(),
            'SIGKILL',
            cwd,
          );
          const left = leftBy(stage, cwd);
          isOver = left === undefined;
          if (left === undefined) continue;
          expect(run.signal).toBe('SIGKILL');
          expect(left).toBeGreaterThanOrEqual(done); // nothing finished is done again
          landed[stage] += 1;
          if (left > done) afterSomeWork[stage] += 1;
          done = left;
        }
      }
      expect(await runCli(argsOf(2), { cwd })).toMatchObject({ code: 0, stderr: '' });
      expect(contentsOf(cwd)).toEqual(whole);
    }
    expect(landed).toEqual(KILLS);
    expect(Math.min(...Object.values(afterSomeWork))).toBeGreaterThanOrEqual(5);
  });

  test('ends in the same bytes when it was killed at any time since its start', async () => {
    const stream = openStream('kills at any time');
    const cwd = newFolder('killed-anywhere');
    for (let kill = 0; kill < KILLS_ANYWHERE; kill += 1) {
      const running = startCli(argsOf(1), { cwd });
      await sleep(1500 * stream.real());
      running.process.kill('SIGKILL');
      await running.end;
    }
    expect(await runCli(argsOf(2), { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(contentsOf(cwd)).toEqual(whole);
  });
});

describe('Ctrl-C', () => {
  test('says how to go on, and going on ends in the same bytes', async () => {
    const cwd = newFolder('interrupted');
    for (const stage of ['extract', 'compose'] as const) {
      const run = await stopIn(stage, 0, 0, 'SIGINT', cwd);
      expectOneLine(run, 130, `${stage} was stopped`, 'run the same command again');
      expect(leftBy(stage, cwd)).toBeGreaterThan(0);
      expect(existsSync(join(cwd, 'output', 'made'))).toBe(false);
    }
    expect(await runCli(argsOf(2), { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(contentsOf(cwd)).toEqual(whole);
  });

  test('a second time ends the run at once', async () => {
    const cwd = newFolder('interrupted-twice');
    const running = startCli(argsOf(1), { cwd });
    await waitFor('extract', -1, running, cwd);
    running.process.kill('SIGINT');
    await sleep(5);
    running.process.kill('SIGINT');
    expect(await running.end).toMatchObject({ code: 130, stdout: '' });
    expect(leftBy('extract', cwd)).toBeDefined();
  });
});

describe('Two runs at once into the same folders', () => {
  test('the second says that the first is at it, and the first ends as if alone', async () => {
    const cwd = newFolder('two-at-once');
    const first = startCli(argsOf(1), { cwd });
    await waitFor('extract', -1, first, cwd);
    const second = await runCli(argsOf(1), { cwd });
    expectOneLine(second, 1, `process ${first.process.pid!}`, 'wait for it');
    expect(await first.end).toMatchObject({ code: 0, stderr: '' });
    expect(contentsOf(cwd)).toEqual(whole);
  });
});

/** The command under test; its output goes to `output/` in the folder it runs in. */
function argsOf(jobs: number): string[] {
  const { annotations, images } = input;
  return ['generate', '-r', recipe, '-a', annotations, '-i', images, '-j', String(jobs), '-q'];
}

type Stage = 'extract' | 'compose';

/**
 * Starts the command, waits until a stage has more than so many images done (-1: has begun), and
 * sends it a signal a moment later.
 * @param delay ms
 */
async function stopIn(
  stage: Stage,
  done: number,
  delay: number,
  signal: NodeJS.Signals,
  cwd: string,
): Promise<CliRun> {
  const running = startCli(argsOf(1), { cwd });
  await waitFor(stage, done, running, cwd);
  await sleep(delay);
  running.process.kill(signal);
  return running.end;
}

/** Waits until a stage of this process has more than so many images done, or the run is over. */
async function waitFor(
  stage: Stage,
  done: number,
  running: RunningCli,
  cwd: string,
): Promise<void> {
  const isThere = (): boolean => {
    const place = unfinishedPlace(stage, cwd);
    if (place === undefined) return false;
    // The lock of an earlier, killed run is there until this one gets to it.
    const holder = tryRead(place.replace('.partial', '.lock'));
    return holder?.pid === running.process.pid && (leftBy(stage, cwd) ?? 0) > done;
  };
  while (isRunning(running) && !isThere()) await sleep(2);
}

/** Where a stage is writing, or was when it was stopped. */
function unfinishedPlace(stage: Stage, cwd: string): string | undefined {
  const parent = join(cwd, 'output', ...(stage === 'extract' ? ['work', 'pool'] : []));
  if (!existsSync(parent)) return undefined;
  const name = readdirSync(parent).find((entry) => entry.endsWith('.partial'));
  return name === undefined ? undefined : join(parent, name);
}

/** Images that a stopped stage has noted as done; undefined where it is not in its midst. */
function leftBy(stage: Stage, cwd: string): number | undefined {
  const place = unfinishedPlace(stage, cwd);
  if (place === undefined) return undefined;
  return tryRead(join(place, 'progress.json'))?.images ?? 0;
}

/** What a note of a run says: a lock whose process it is, a progress how many images are done. */
function tryRead(path: string): { pid?: number; images?: number } | undefined {
  try {
    return readJson(path);
  } catch {
    return undefined; // not there yet, or being written
  }
}

function isLacking(landed: Record<Stage, number>): boolean {
  return landed.extract < KILLS.extract || landed.compose < KILLS.compose;
}
