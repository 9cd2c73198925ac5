import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DatasetLock, DatasetSummary } from '../../src/dataset/dataset.js';
import { countObjects, type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine, saidBesideProgress } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace, pathsIn, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 24 });
let input: InputFolders;
let recipe: string;
/** Where `generate --quiet` was run, as the tests begin; what it wrote is in `output`. */
let generated: string;
let quiet: CliRun;

beforeAll(async () => {
  const folder = newFolder('input');
  input = writeFolders(folder, images);
  recipe = writeRecipe(folder);
  generated = newFolder('generated');
  quiet = await generate(generated, '--quiet');
});

/** A copy of the folder where `generate` was run. */
function copyOfGenerated(): string {
  const cwd = newFolder('copy');
  cpSync(generated, cwd, { recursive: true });
  return cwd;
}

/** In one thread, which starts sooner than two. */
function generate(cwd: string, ...more: string[]): Promise<CliRun> {
  return run('generate', cwd, '-j', '1', ...more);
}

function run(command: string, cwd: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = input;
  return runCli([command, '-r', recipe, '-a', annotations, '-i', images, ...more], { cwd });
}

describe('generate', () => {
  test('writes into output/<name> by default, and ends with a table of what is there', async () => {
    const cwd = newFolder('default');
    const run = await generate(cwd);
    expect([run.code, saidBesideProgress(run)]).toEqual([0, '']);
    const { stdout } = run;
    const { dataset } = readJson<DatasetLock>(join(cwd, 'output', 'made', 'patchml.lock.json'));
    expect(stdout).toContain(join('output', 'made'));
    expect(stdout).toMatch(new RegExp(`objects +│ ${countObjects(images)} `));
    expect(stdout).toContain(dataset);
    expect(Object.keys(contentsOf(cwd)).filter((path) => path.split('/').length <= 2)).toEqual([
      'output',
      'output/made',
      'output/work',
    ]);
  });

  test('with --json prints JSON and nothing else', async () => {
    const cwd = newFolder('json');
    const run = await generate(cwd, '--json', '--out', 'here');
    expect([run.code, saidBesideProgress(run)]).toEqual([0, '']);
    const { dataset } = readJson<DatasetLock>(join(cwd, 'here', 'patchml.lock.json'));
    const objects = countObjects(images);
    expect(JSON.parse(run.stdout)).toEqual({
      dataset: 'here',
      pool: expect.stringMatching(/^output\/work\/pool\/[0-9a-f]{16}$/),
      digest: dataset,
      images: 24,
      counts: { 2: 12, 3: 12 },
      source: { annotations: 24, malformed: 0, objects, patches: objects, drops: {} },
      hidden: { annotations: 0, images: 0 },
    });
  });

  test('with --quiet prints nothing', () => {
    expect(quiet).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('lays flags over the recipe, and the dataset says so', async () => {
    const cwd = newFolder('flags');
    const flags = ['--name', 'other', '--seed', '7', '--counts', '1:4,4:2', '--limit', '15'];
    expect(await generate(cwd, ...flags, '-q')).toMatchObject({ code: 0, stderr: '' });
    const summary = readJson<DatasetSummary>(join(cwd, 'output', 'other', 'dataset.json'));
    expect(summary).toMatchObject({ name: 'other', images: 6, counts: { 1: 4, 4: 2 } });
    expect(summary.recipe).toMatchObject({ seed: '7', source: { limit: 15 } });
    expect(summary.source).toMatchObject({
      annotations: 15,
      objects: countObjects(images.slice(0, 15)),
    });
  });

  test('takes its inputs from the recipe where no flag says them', async () => {
    const cwd = newFolder('source');
    const file = writeRecipe(cwd, { source: { ...input } });
    expect(await runCli(['generate', '-r', file, '-q'], { cwd })).toMatchObject({ code: 0 });
    const made = join('output', 'made');
    expect(contentsOf(join(cwd, made))).toEqual(contentsOf(join(generated, made)));
  });

  test('says where output goes that is no terminal in plain lines, on standard error', async () => {
    const cwd = newFolder('progress');
    // Canvases of four megapixels: more than the second after which a stage begins to report.
    const large = writeRecipe(newFolder('large'), {
      canvas: { size: 2048 },
      patch: { storeSide: 200 },
      sampling: { counts: { 2: 40 } },
    });
    const args = ['-r', large, '-a', input.annotations, '-i', input.images, '-j', '1', '--json'];
    const run = await runCli(['generate', ...args], { cwd });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toHaveProperty('dataset');
    expect(saidBesideProgress(run)).toBe('');
    const lines = run.stderr.split('\n').filter((line) => line.startsWith('compose: '));
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines[0]).toMatch(/^compose: \d+\/40 images, \d+ images\/s, \d+ s left$/);
  });

  test('writes nothing but into its output and work folders', async () => {
    const parent = newFolder('parent');
    const places = writeFolders(parent, images);
    const cwd = join(parent, 'cwd');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'mine.txt'), 'mine');
    const before = contentsOf(parent);
    const flags = ['--out', join(parent, 'o', 'data'), '--work', join(parent, 'w')];
    const args = ['-a', places.annotations, '-i', places.images, ...flags, '-q'];
    expect(await runCli(['generate', '-r', recipe, ...args], { cwd })).toMatchObject({ code: 0 });
    const written = Object.keys(contentsOf(parent)).filter((path) => !(path in before));
    expect(contentsOf(parent)).toMatchObject(before);
    expect(written.filter((path) => !/^(o|o\/data(\/.*)?|w(\/.*)?)$/.test(path))).toEqual([]);
  });
});

describe('The stages, each by its own command', () => {
  test('give in their order the same dataset, and the same work, as generate', async () => {
    const staged = newFolder('staged');
    for (const command of ['index', 'extract', 'plan', 'compose']) {
      expect(await run(command, staged, '-q')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
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
    const cwd = copyOfGenerated();
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
    expect(contentsOf(join(cwd, dataset))).toEqual(contentsOf(join(generated, 'output', 'made')));
  });

  test('is found in the work folder by the recipe alone, where there is one', async () => {
    const cwd = copyOfGenerated();
    rmSync(join(cwd, 'output', 'made'), { recursive: true });
    for (const command of ['extract', 'plan', 'compose']) await made(command, cwd);
    await generate(cwd, '-q', '-o', 'other', '--limit', '5', '--counts', '2:2');
    await made('compose', cwd); // the pool of another choice of images is not taken for it
  });

  test('refuses one of another recipe, one of another pool, and what is none', async () => {
    const cwd = copyOfGenerated();
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

const goodInput = writeFolders(newFolder('input'), await makeImages({ images: 16 }));

function generateFrom(cwd: string, recipe: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = goodInput;
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
    expectOneLine(await generateFrom(cwd, recipe), 1, recipe, ...says);
    expect(pathsIn(cwd)).toEqual(['recipe.yaml']);
  });

  test('because it is too large, a folder or not there ends in one line', async () => {
    const cwd = newFolder('recipe');
    writeFileSync(join(cwd, 'large.yaml'), 'name: a\n');
    truncateSync(join(cwd, 'large.yaml'), 100 * 2 ** 20);
    const run = await generateFrom(cwd, 'large.yaml');
    expectOneLine(run, 1, 'large.yaml', 'too large');
    expect(run.peakMemory).toBeLessThan(500e6);
    mkdirSync(join(cwd, 'folder'));
    expectOneLine(await generateFrom(cwd, 'folder'), 1, 'folder');
    expectOneLine(await generateFrom(cwd, 'nowhere.yaml'), 1, 'nowhere.yaml', 'no such file');
  });

  test('because a flag makes it so ends in one line that names the field', async () => {
    const cwd = newFolder('flags');
    const recipe = writeRecipe(cwd);
    expectOneLine(await generateFrom(cwd, recipe, '--counts', '101:1'), 1, 'sampling.counts.101');
    expectOneLine(await generateFrom(cwd, recipe, '--counts', '2:0'), 1, 'sampling.counts');
    expectOneLine(await generateFrom(cwd, recipe, '--name', 'A B'), 1, 'name', '"A B"');
  });
});

describe('A demand that the pool cannot meet', () => {
  test('ends in one line with the largest there can be, and without a dataset', async () => {
    const cwd = newFolder('demand');
    const recipe = writeRecipe(cwd);
    // Ten classes, an image takes one patch of each.
    expectOneLine(
      await generateFrom(cwd, recipe, '--counts', '2:5,11:1'),
      1,
      'sampling.counts.11',
      'ask for at most 10 patches',
    );
    const apart = writeRecipe(newFolder('apart'), {
      sampling: { counts: { 3: 500 }, replacement: 'per-dataset' },
    });
    expectOneLine(
      await generateFrom(cwd, apart),
      1,
      'sampling.counts.3',
      /ask for at most \d+ images/,
    );
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
