import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
const input = writeFolders(newFolder('input'), await makeImages({ images: 16 }));

function generate(cwd: string, recipe: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = input;
  return runCli(['generate', '-r', recipe, '-a', annotations, '-i', images, '-q', ...more], {
    cwd,
  });
}

describe('A recipe that cannot be', () => {
  test.concurrent.each<[string, string, (string | RegExp)[]]>([
    ['an unknown field', 'name: a\nsede: 7\n', ['unknown field "sede"', 'patchml init']],
    ['an unknown field in a field', 'name: a\npatch: {minside: 3}', ['patch', '"minside"']],
    ['no name', 'seed: 7\n', ['name']],
    ['a value out of range', 'name: a\npatch: {minSide: 0}\n', ['patch.minSide', 'got 0']],
    ['a value of another type', 'name: a\nsampling: {counts: many}', ['sampling.counts', '"many"']],
    ['an unknown choice', 'name: a\nlayout: {type: spiral}', ['layout.type', '"spiral"', 'grid']],
    [
      'a contradiction: paired, and no patch twice',
      'name: a\nsampling: {paired: true, replacement: per-dataset}\n',
      ['sampling.paired', 'per-dataset'],
    ],
    [
      'a contradiction: more patches than cells',
      'name: a\nlayout: {type: fixed-grid, cells: 2}\nsampling: {counts: {5: 1}}\n',
      ['sampling.counts.5', '4 cells', 'layout.cells'],
    ],
    [
      'a contradiction: allowed and blocked',
      'name: a\nsource: {allow: {synsets: [n01443537]}, block: {synsets: [n01443537]}}\n',
      ['source.block.synsets', 'n01443537'],
    ],
    ['a path for its name', 'name: ../../etc\n', ['name', 'lower-case']],
    ['no YAML in it', 'name: [a\n', ['not YAML', 'line']],
    ['one word in it', 'recipe', ['expected', 'name: my-dataset']],
    ['nothing in it', '', [/expected|empty/]],
    ['aliases that explode', bomb(), ['alias']],
    ['a tag that runs code', 'name: !!js/function "function () {}"\n', ['line 1', 'tag']],
    ['a field twice', 'name: a\nname: b\n', ['line 2']],
    ['bytes of no text', '\u0000\u0001\ufffe', [/YAML|expected/]],
  ])('- with %s - ends in one line, before any work', async (_, text, says) => {
    const cwd = newFolder('recipe');
    const recipe = join(cwd, 'recipe.yaml');
    writeFileSync(recipe, text);
    expectOneLine(await generate(cwd, recipe), 1, recipe, ...says);
    expect(pathsIn(cwd)).toEqual(['recipe.yaml']);
  });

  test('because it is too large, a folder or not there ends in one line', async () => {
    const cwd = newFolder('recipe');
    writeFileSync(join(cwd, 'large.yaml'), 'name: a\n');
    truncateSync(join(cwd, 'large.yaml'), 100 * 2 ** 20);
    const run = await generate(cwd, 'large.yaml');
    expectOneLine(run, 1, 'large.yaml', 'too large');
    expect(run.peakMemory).toBeLessThan(500e6);
    mkdirSync(join(cwd, 'folder'));
    expectOneLine(await generate(cwd, 'folder'), 1, 'folder');
    expectOneLine(await generate(cwd, 'nowhere.yaml'), 1, 'nowhere.yaml', 'no such file');
  });

  test('because a flag makes it so ends in one line that names the field', async () => {
    const cwd = newFolder('flags');
    const recipe = writeRecipe(cwd);
    expectOneLine(await generate(cwd, recipe, '--counts', '101:1'), 1, 'sampling.counts.101');
    expectOneLine(await generate(cwd, recipe, '--counts', '2:0'), 1, 'sampling.counts');
    expectOneLine(await generate(cwd, recipe, '--name', 'A B'), 1, 'name', '"A B"');
  });
});

describe('A demand that the pool cannot meet', () => {
  test('ends in one line with the largest there can be, and without a dataset', async () => {
    const cwd = newFolder('demand');
    const recipe = writeRecipe(cwd);
    // Ten classes, an image takes one patch of each.
    expectOneLine(
      await generate(cwd, recipe, '--counts', '2:5,11:1'),
      1,
      'sampling.counts.11',
      'ask for at most 10 patches',
    );
    const apart = writeRecipe(newFolder('apart'), {
      sampling: { counts: { 3: 500 }, replacement: 'per-dataset' },
    });
    expectOneLine(await generate(cwd, apart), 1, 'sampling.counts.3', /ask for at most \d+ images/);
    expect(pathsIn(cwd)).not.toContain(join('output', 'made'));
    expect(pathsIn(cwd).filter((path) => /\.(partial|lock)$/.test(path))).toEqual([]);
  });
});

/** Ten levels of lists of ten of the level below: ten thousand million of them in all. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, n) => {
    const below = n === 0 ? '"x"' : `*a${n - 1}`;
    return `a${n}: &a${n} [${Array(10).fill(below).join(', ')}]`;
  });
  return `name: a\n${levels.join('\n')}\n`;
}
