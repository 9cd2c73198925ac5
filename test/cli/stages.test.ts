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
