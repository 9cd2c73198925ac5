import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let input: InputFolders;
let recipe: string;
/** Work that all of these runs may use: what is tested is where the dataset goes. */
let work: string;
let whole: Record<string, string>;

beforeAll(async () => {
  const folder = newFolder('input');
  input = writeFolders(folder, await makeImages({ images: 16 }));
  recipe = writeRecipe(folder);
  work = newFolder('work');
  const out = newFolder('whole');
  expect(await generate(folder, '--out', out)).toMatchObject({ code: 0 });
  whole = contentsOf(out);
});

function generate(cwd: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = input;
  const args = ['-r', recipe, '-a', annotations, '-i', images, '-q', '-j', '1', ...more];
  if (!more.includes('--work')) args.push('--work', work);
  return runCli(['generate', ...args], { cwd });
}

describe('An output folder', () => {
  test('that holds something else is refused, also with --overwrite, and left as it is', async () => {
    const cwd = newFolder('foreign');
    mkdirSync(join(cwd, 'out', 'deep'), { recursive: true });
    writeFileSync(join(cwd, 'out', 'deep', 'thesis.tex'), 'years of work');
    const before = contentsOf(cwd);
    for (const flags of [[], ['--overwrite']]) {
      const run = await generate(cwd, '--out', 'out', ...flags);
      expectOneLine(
        run,
        1,
        'out',
        'holds deep, which is not part of a dataset',
        'another output folder',
      );
    }
    expect(contentsOf(cwd)).toEqual(before);
  });

  test('that holds something else is refused before the work begins', async () => {
    const cwd = newFolder('foreign');
    mkdirSync(join(cwd, 'out'));
    writeFileSync(join(cwd, 'out', 'mine.txt'), 'mine');
    const fresh = newFolder('fresh');
    expectOneLine(await generate(cwd, '--out', 'out', '--work', fresh), 1, 'out');
    expect(Object.keys(contentsOf(fresh)).filter((path) => path.startsWith('pool'))).toEqual([]);
  });

  test('beside which an unfinished folder of something else lies is refused', async () => {
    const cwd = newFolder('in-the-way');
    mkdirSync(join(cwd, 'out.partial'));
    writeFileSync(join(cwd, 'out.partial', 'mine.txt'), 'mine');
    const before = contentsOf(cwd);
    const run = await generate(cwd, '--out', 'out');
    expectOneLine(run, 1, 'out.partial: mine.txt', 'interrupted run', 'move or remove this folder');
    expect(contentsOf(cwd)).toEqual(before);
  });

  test('that holds another dataset is refused, and replaced with --overwrite', async () => {
    const cwd = newFolder('other');
    expect(await generate(cwd, '--out', 'out', '--seed', '8')).toMatchObject({ code: 0 });
    const other = contentsOf(cwd);
    expectOneLine(await generate(cwd, '--out', 'out'), 1, 'out', 'another recipe', '--overwrite');
    expect(contentsOf(cwd)).toEqual(other);
    expect(await generate(cwd, '--out', 'out', '--overwrite')).toMatchObject({ code: 0 });
    expect(contentsOf(join(cwd, 'out'))).toEqual(whole);
    expect(Object.keys(contentsOf(cwd)).filter((path) => !path.startsWith('out/'))).toEqual([
      'out',
    ]);
  });

  test('that is a file, or below one, is refused', async () => {
    const cwd = newFolder('file');
    writeFileSync(join(cwd, 'out'), 'mine');
    expectOneLine(await generate(cwd, '--out', 'out'), 1, 'out', 'file', /choose|check/);
    expectOneLine(await generate(cwd, '--out', 'out/data'), 1, 'out', 'file');
    expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe('mine');
    expect(Object.keys(contentsOf(cwd))).toEqual(['out']);
  });

  test('without a name is refused', async () => {
    const cwd = newFolder('no-name');
    expectOneLine(await generate(cwd, '--out', ''), 2, '--out');
    expect(contentsOf(cwd)).toEqual({});
  });

  test('that is the folder of the images or of the annotations is refused', async () => {
    const cwd = newFolder('inputs');
    const before = contentsOf(input.images);
    expectOneLine(await generate(cwd, '--out', input.images), 1, input.images);
    expect(contentsOf(input.images)).toEqual(before);
  });
});

// Root may write everywhere, and tests may run as root: what serves for all is a place below a
// device or in a file system that the kernel keeps.
describe('A place that may not be written', () => {
  test.each([
    ['--out', '/dev/null/out'],
    ['--work', '/dev/null/work'],
    ['--out', '/proc/patchml/out'],
    ['--work', '/proc/patchml/work'],
  ])('ends in one line that names it: %s %s', async (flag, place) => {
    const cwd = newFolder('forbidden');
    if (place.startsWith('/proc') && !existsSync('/proc/self')) return;
    expectOneLine(await generate(cwd, flag, place), 1, place.split('/').slice(0, 3).join('/'));
    expect(Object.keys(contentsOf(cwd)).filter((path) => path.endsWith('.partial'))).toEqual([]);
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? test.skip : test)(
    `ends in one line that names it: a folder of mode 555${isRoot ? ' (skipped: root may write there)' : ''}`,
    async () => {
      const cwd = newFolder('forbidden');
      mkdirSync(join(cwd, 'closed'));
      chmodSync(join(cwd, 'closed'), 0o555);
      const run = await generate(cwd, '--out', join('closed', 'out'));
      expectOneLine(run, 1, 'closed', 'permission denied');
    },
  );
});

describe('Links in the output', () => {
  test('are not followed out of it: an unfinished folder that is a link is refused', async () => {
    const elsewhere = newFolder('elsewhere');
    const cwd = newFolder('link');
    symlinkSync(elsewhere, join(cwd, 'out.partial'));
    await generate(cwd, '--out', 'out');
    expect(contentsOf(elsewhere)).toEqual({});
  });
});
