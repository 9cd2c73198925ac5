// Stopping and resuming over all stages; files/resume.ts has its own tests.

import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { AbortedError } from '../../src/errors.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import type { Progress, Stage } from '../../src/progress.js';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let input: InputFolders;
/** What is in the folder of a run that nobody stopped. */
let whole: Record<string, string>;
/** The folders of runs that were stopped in a stage; tests take copies. */
const stopped = { extract: '', compose: '' };

// Progress is noted every 16 images, in extract and in compose.
beforeAll(async () => {
  input = writeFolders(newFolder('input'), await makeImages({ images: 48 }));
  const folder = newFolder('whole');
  await run(folder);
  whole = contentsOf(folder);
  for (const stage of ['extract', 'compose'] as const) {
    stopped[stage] = newFolder('stopped');
    await stopIn(stage, stopped[stage]);
  }
});

/** Generates, and stops at the first progress that a test says to stop at. */
function run(
  folder: string,
  stopAt?: (progress: Progress) => boolean,
  jobs = 2,
): Promise<Generated> {
  const controller = new AbortController();
  return generate(
    {
      recipe: madeRecipe({ sampling: { counts: { 2: 24, 3: 24 } } }),
      ...input,
      out: join(folder, 'out'),
      work: join(folder, 'work'),
    },
    {
      jobs,
      signal: controller.signal,
      onProgress: (progress) => {
        if (stopAt?.(progress)) controller.abort();
      },
    },
  );
}

/** Runs until a stage has done the first of its turns. @returns the error that ends the run */
async function stopIn(stage: Stage, folder: string): Promise<unknown> {
  try {
    await run(folder, (progress) => progress.stage === stage && progress.done > 0);
  } catch (error) {
    return error;
  }
  throw new Error('expected the run to be stopped');
}

/** A copy of the folder of a run that was stopped in a stage. */
function stoppedIn(stage: 'extract' | 'compose'): string {
  const folder = newFolder('stopped');
  cpSync(stopped[stage], folder, { recursive: true });
  return folder;
}

/** Runs again what was stopped, in one thread. @returns what is in its folder then */
async function resume(folder: string): Promise<Record<string, string>> {
  await run(folder, undefined, 1);
  return contentsOf(folder);
}

describe('An AbortSignal', () => {
  test.each<Stage>(['index', 'extract', 'plan', 'compose'])(
    'in %s ends in an AbortedError, and the same call goes on to the same bytes',
    async (stage) => {
      const folder = newFolder('aborted');
      const error = await stopIn(stage, folder);
      expect(error).toBeInstanceOf(AbortedError);
      expect(error).toMatchObject({ code: 'aborted' });
      expect(existsSync(join(folder, 'out'))).toBe(false);
      await run(folder);
      expect(contentsOf(folder)).toEqual(whole);
    },
  );

  test.each<Stage>(['extract', 'compose'])(
    'in %s keeps what was done: going on begins behind it',
    async (stage) => {
      const folder = newFolder('aborted');
      let done = 0;
      const stopped = run(folder, (progress) => {
        done = progress.stage === stage ? progress.done : 0;
        return done > 0;
      });
      await expect(stopped).rejects.toThrow(AbortedError);
      expect(done).toBeLessThan(48);
      const seen: Progress[] = [];
      await run(folder, (progress) => {
        seen.push(progress);
        return false;
      });
      const [first] = seen.filter((progress) => progress.stage === stage);
      expect(first).toEqual({ stage, done: 16, total: 48, unit: 'images' });
    },
  );

  test('that is set already lets nothing begin', async () => {
    const folder = newFolder('aborted');
    const work = join(folder, 'work');
    const call = generate(
      { recipe: madeRecipe(), ...input, out: join(folder, 'out'), work },
      { jobs: 2, signal: AbortSignal.abort() },
    );
    await expect(call).rejects.toBeInstanceOf(AbortedError);
    const made = Object.keys(contentsOf(folder)).filter((path) => path.endsWith('.json'));
    expect(made).toEqual([]);
  });
});

/** The one folder that the pool was being written into. */
function partialPool(folder: string): string {
  const pools = join(folder, 'work', 'pool');
  return join(
    pools,
    readdirSync(pools).find((name) => name.endsWith('.partial'))!,
  );
}

function lastRow(path: string): string {
  return `${readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)!}\n`;
}

function change(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 1;
  writeFileSync(path, bytes);
}

describe('What a stopped run left, when it was killed between writing and noting it', () => {
  test.each(['patches.bin', 'patches.jsonl', 'drops.jsonl'])(
    'is cut back to what was noted: of the pool %s',
    async (file) => {
      const folder = stoppedIn('extract');
      const path = join(partialPool(folder), file);
      appendFileSync(path, lastRow(path));
      appendFileSync(path, '{"id":"ILSVRC');
      expect(await resume(folder)).toEqual(whole);
    },
  );

  test.each(['metadata.jsonl', 'images/k3-000023.png', 'dataset.json', 'patchml.lock.json'])(
    'is cut back to what was noted: of the dataset %s',
    async (file) => {
      const folder = stoppedIn('compose');
      appendFileSync(join(folder, 'out.partial', file), '{"file_name":"images/k2-');
      expect(await resume(folder)).toEqual(whole);
    },
  );

  test('is cut back to what was noted: of the dataset whole rows of metadata.jsonl', async () => {
    const folder = stoppedIn('compose');
    const path = join(folder, 'out.partial', 'metadata.jsonl');
    appendFileSync(path, lastRow(path));
    expect(await resume(folder)).toEqual(whole);
  });

  test('notes that were being written are not kept', async () => {
    const folder = stoppedIn('extract');
    writeFileSync(join(partialPool(folder), 'progress.json.tmp'), '{"images"');
    await stopIn('compose', folder);
    writeFileSync(join(folder, 'out.partial', 'progress.json.tmp'), '{"images"');
    writeFileSync(join(folder, 'out.partial', 'patchml.lock.json.tmp'), '{"format"');
    expect(await resume(folder)).toEqual(whole);
  });
});

// A power cut leaves what a kill does not: files that were noted as written, but are not whole.
describe('What a stopped run left, when it was damaged since', () => {
  test.each<[string, (partial: string) => void]>([
    [
      'a byte of a patch is another',
      (at) => {
        change(join(at, 'patches.bin'), 1000);
      },
    ],
    [
      'the patches are cut off',
      (at) => {
        truncateSync(join(at, 'patches.bin'), 1000);
      },
    ],
    [
      'a byte of a row is another',
      (at) => {
        change(join(at, 'patches.jsonl'), 0);
      },
    ],
    [
      'the rows are cut off',
      (at) => {
        truncateSync(join(at, 'patches.jsonl'), 100);
      },
    ],
    [
      'the rows are zeros',
      (at) => {
        zero(join(at, 'patches.jsonl'));
      },
    ],
    [
      'the list of drops is gone',
      (at) => {
        rmSync(join(at, 'drops.jsonl'));
      },
    ],
    [
      'the note of how far it was is cut off',
      (at) => {
        truncateSync(join(at, 'progress.json'), 9);
      },
    ],
    [
      'the note of how far it was is empty',
      (at) => {
        truncateSync(join(at, 'progress.json'), 0);
      },
    ],
    [
      'the note of how far it was is gone',
      (at) => {
        rmSync(join(at, 'progress.json'));
      },
    ],
  ])('is not built upon: of the pool %s', async (_, damage) => {
    const folder = stoppedIn('extract');
    damage(partialPool(folder));
    expect(await resume(folder)).toEqual(whole);
  });

  test.each<[string, (partial: string) => void]>([
    [
      'a byte of an image is another',
      (at) => {
        change(join(at, 'images', 'k2-000003.png'), 200);
      },
    ],
    [
      'an image is empty',
      (at) => {
        truncateSync(join(at, 'images', 'k2-000003.png'), 0);
      },
    ],
    [
      'an image is gone',
      (at) => {
        rmSync(join(at, 'images', 'k2-000003.png'));
      },
    ],
    [
      'a row is another',
      (at) => {
        change(join(at, 'metadata.jsonl'), 0);
      },
    ],
    [
      'the rows are cut off',
      (at) => {
        truncateSync(join(at, 'metadata.jsonl'), 100);
      },
    ],
    [
      'the rows are zeros',
      (at) => {
        zero(join(at, 'metadata.jsonl'));
      },
    ],
    [
      'the note of how far it was is empty',
      (at) => {
        truncateSync(join(at, 'progress.json'), 0);
      },
    ],
    [
      'the note of whose it is is cut off',
      (at) => {
        truncateSync(join(at, 'origin.json'), 20);
      },
    ],
  ])('is not built upon: of the dataset %s', async (_, damage) => {
    const folder = stoppedIn('compose');
    damage(join(folder, 'out.partial'));
    expect(await resume(folder)).toEqual(whole);
  });

  test('is cleared away when the next dataset at this place is another', async () => {
    const folder = stoppedIn('compose');
    const recipe = madeRecipe({ seed: '9' });
    const work = join(folder, 'work');
    await generate({ recipe, ...input, out: join(folder, 'out'), work }, { jobs: 2 });
    const fresh = newFolder('fresh');
    await generate(
      { recipe, ...input, out: join(fresh, 'out'), work: join(fresh, 'work') },
      { jobs: 2 },
    );
    expect(contentsOf(join(folder, 'out'))).toEqual(contentsOf(join(fresh, 'out')));
    expect(readdirSync(folder).sort()).toEqual(['out', 'work']);
  });
});

function zero(path: string): void {
  writeFileSync(path, Buffer.alloc(readFileSync(path).length));
}
