import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { countObjects, type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine, saidBesideProgress } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 24 });
let input: InputFolders;
let recipe: string;

beforeAll(() => {
  const folder = newFolder('input');
  input = writeFolders(folder, images);
  recipe = writeRecipe(folder);
});

function run(command: string, cwd: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = input;
  return runCli([command, '-r', recipe, '-a', annotations, '-i', images, ...more], { cwd });
}

describe('The stages, each by its own command', () => {
  test('give in their order the same dataset, and the same work, as generate', async () => {
    const staged = newFolder('staged');
    for (const command of ['index', 'extract', 'plan', 'compose']) {
      expect(await run(command, staged, '-q')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
    const generated = newFolder('generated');
    expect(await run('generate', generated, '-q')).toMatchObject({ code: 0 });
    expect(contentsOf(staged)).toEqual(contentsOf(generated));
  });

  test('print what they made, as a table or as JSON', async () => {
    const cwd = newFolder('printed');
    const objects = countObjects(images);
    const says: Record<string, object> = {
      index: { annotations: 24, objects, 'images found': 24, 'objects dropped': 'none' },
      extract: { objects, patches: objects, 'objects dropped': 'none' },
      plan: { images: 24 },
      compose: { images: 24, counts: { 2: 12, 3: 12 } },
    };
    for (const [command, expected] of Object.entries(says)) {
      const ended = await run(command, cwd, '--json');
      expect([command, ended.code, saidBesideProgress(ended)]).toEqual([command, 0, '']);
      expect(JSON.parse(ended.stdout)).toMatchObject(expected);
    }
    const { stdout } = await run('plan', cwd); // a second time: what is there is used
    expect(stdout).toMatch(/│ images +│ 24 /);
  });

  test('say which command to run first where it was not', async () => {
    const cwd = newFolder('early');
    for (const command of ['extract', 'plan', 'compose']) {
      expectOneLine(await run(command, cwd, '-q'), 1, '"patchml index"');
    }
    await run('index', cwd, '-q');
    expectOneLine(await run('plan', cwd, '-q'), 1, '"patchml extract"');
    expectOneLine(await run('compose', cwd, '-q'), 1, '"patchml extract"');
    await run('extract', cwd, '-q');
    expectOneLine(await run('compose', cwd, '-q'), 1, '"patchml plan"');
  });

  test('want the stage before them for the same recipe, not for another', async () => {
    const cwd = newFolder('another');
    await run('generate', cwd, '-q');
    expectOneLine(await run('compose', cwd, '-q', '--seed', '5'), 1, '"patchml plan"');
    expectOneLine(await run('compose', cwd, '-q', '--limit', '5'), 1, '"patchml index"');
  });

  test('find out that the stage before them left a folder without its summary', async () => {
    const cwd = newFolder('without-summary');
    await run('index', cwd, '-q');
    const { stdout } = await run('extract', cwd, '--json');
    const { pool } = JSON.parse(stdout) as { pool: string };
    rmSync(join(cwd, pool, 'pool.json'));
    expectOneLine(await run('plan', cwd, '-q'), 1, pool, '"patchml extract"');
    // What the message says to do must help.
    const again = await run('extract', cwd, '-q');
    if (again.code === 0) expect(await run('plan', cwd, '-q')).toMatchObject({ code: 0 });
    else expectOneLine(again, 1, pool, 'remove');
  });
});

describe('A stage that is given the folder of the one before', () => {
  /** Runs a command with the recipe alone, and returns the folder that it made. */
  async function made(command: string, cwd: string, ...more: string[]): Promise<string> {
    const ended = await runCli([command, '-r', recipe, '--json', ...more], { cwd });
    expect([command, ended.code, saidBesideProgress(ended)]).toEqual([command, 0, '']);
    const said = JSON.parse(ended.stdout) as Record<string, string>;
    return said[{ extract: 'pool', compose: 'dataset' }[command] ?? command]!;
  }

  test('asks for nothing earlier, and gives the same dataset', async () => {
    const cwd = newFolder('given');
    const index = await made('index', cwd, '-a', input.annotations, '-i', input.images);
    const pool = await made('extract', cwd, '--index', index, '--work', 'elsewhere');
    const plan = await made('plan', cwd, '--pool', pool, '--work', 'elsewhere');
    const dataset = await made('compose', cwd, '--pool', pool, '--plan', plan, '-o', 'out');
    const generated = newFolder('generated');
    await run('generate', generated, '-q', '-o', 'out');
    expect(contentsOf(join(cwd, dataset))).toEqual(contentsOf(join(generated, 'out')));
  });

  test('is found in the work folder by the recipe alone, where there is one', async () => {
    const cwd = newFolder('found');
    await run('generate', cwd, '-q', '-o', 'out');
    for (const command of ['extract', 'plan', 'compose']) await made(command, cwd);
    await run('generate', cwd, '-q', '-o', 'other', '--limit', '5', '--counts', '2:2');
    await made('compose', cwd); // the pool of another choice of images is not taken for it
  });

  test('refuses one of another recipe, one of another pool, and what is none', async () => {
    const cwd = newFolder('refused');
    await run('generate', cwd, '-q', '-o', 'out');
    const [index, pool, plan] = [
      await made('index', cwd, '-a', input.annotations, '-i', input.images),
      await made('extract', cwd),
      await made('plan', cwd),
    ];
    const bare = (command: string, ...more: string[]): Promise<CliRun> =>
      runCli([command, '-r', recipe, '-q', ...more], { cwd });
    expectOneLine(
      await bare('extract', '--index', index, '--limit', '5'),
      1,
      index,
      'source.limit',
    );
    expectOneLine(await bare('plan', '--pool', pool, '--limit', '5'), 1, pool, 'source.limit');
    const given = ['--pool', pool, '--plan', plan];
    expectOneLine(await bare('compose', ...given, '--seed', '5'), 1, plan, 'seed', '"42"', '"5"');
    expectOneLine(await bare('compose', '--pool', cwd, '--plan', plan), 1, cwd, 'pool.json');
    expectOneLine(await bare('compose', '--pool', pool, '--plan', pool), 1, pool, 'plan.json');
    expectOneLine(await bare('extract', '--index', plan), 1, plan, 'index.json');
  });
});
