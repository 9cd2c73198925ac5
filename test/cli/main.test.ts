import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { runCli, runShell } from '../support/run-cli.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

const STAGE_FLAGS = [
  '--recipe',
  '--annotations',
  '--images',
  '--work',
  '--name',
  '--seed',
  '--counts',
  '--limit',
  '--jobs',
  '--strict',
  '--quiet',
  '--json',
];
const EVALUATE_FLAGS = [
  '--model',
  '--models',
  '--dataset',
  '--labels',
  '--jobs',
  '--resamples',
  '--json',
];
const STUDY_FLAGS = [
  '--input',
  '--out',
  '--work',
  '--overwrite',
  '--jobs',
  '--provider',
  '--quiet',
  '--json',
];
const FLAGS: Record<string, readonly string[]> = {
  generate: [...STAGE_FLAGS, '--out', '--overwrite', '--queue', '--root', '--piece-images'],
  status: ['--queue', '--cancel', '--dashboard', '--port', '--json'],
  worker: ['--queue', '--root', '--jobs', '--scratch', '--quiet', '--json'],
  index: STAGE_FLAGS,
  extract: [...STAGE_FLAGS, '--index', '--shard'],
  plan: STAGE_FLAGS,
  compose: [...STAGE_FLAGS, '--out', '--overwrite', '--shard'],
  merge: [],
  'merge extract': [...STAGE_FLAGS, '--index'],
  'merge compose': [...STAGE_FLAGS, '--out', '--overwrite'],
  'merge evaluate': EVALUATE_FLAGS,
  'merge study': STUDY_FLAGS,
  estimate: ['--annotated', '--sample', '--machines', '--bandwidth', '--jobs', '--quiet', '--json'],
  evaluate: [...EVALUATE_FLAGS, '--shard'],
  score: ['--predictions', '--ids', '--labels', '--resamples', '--overwrite', '--json'],
  compare: ['--gap', '--all-pairs', '--out', '--seed', '--resamples', '--quiet', '--json'],
  study: [...STUDY_FLAGS, '--dry-run', '--shard'],
  report: ['--out', '--title', '--quiet', '--json'],
  plot: ['--out', '--choose', '--width', '--font-size', '--font', '--dpi', '--quiet', '--json'],
  view: ['--port'],
  export: ['--format', '--out', '--shard-size', '--quiet', '--json'],
  'model add': ['--name', '--out', '--config', '--size', '--classes', '--overwrite'],
  release: ['--version', '--to', '--export', '--recipe-only', '--quiet', '--json'],
  regenerate: ['--annotations', '--images', '--out', '--exact', '--jobs', '--quiet', '--json'],
  diff: ['--markdown', '--exit-code', '--json'],
  push: ['--to', '--endpoint', '--private', '--quiet', '--json'],
  pull: ['--out', '--endpoint', '--version', '--quiet', '--json'],
  model: [],
  verify: ['--regenerate', '--sample', '--pool', '--work', '--quiet', '--json'],
  inspect: ['--drops', '--contact-sheet', '--predictions', '--order', '--seed', '--ids', '--json'],
  init: ['--name'],
  doctor: ['--json'],
};

describe('Help', () => {
  test('names every command', async () => {
    const { code, stdout, stderr } = await runCli(['--help'], { cwd: newFolder('help') });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const commands = [...stdout.matchAll(/^ {2}patchml (\w+)(?=.* {2}\w)/gm)].map(
      ([, name]) => name!,
    );
    const top = Object.keys(FLAGS).filter((command) => !command.includes(' '));
    expect([...new Set(commands)].sort()).toEqual(top.sort());
    const { stdout: ofModel } = await runCli(['model', '--help'], { cwd: newFolder('help') });
    expect(ofModel).toContain('patchml model add [model]');
  });

  test('of every command names its flags and no line is wider than 100 columns', async () => {
    const cwd = newFolder('help');
    const runs = Object.keys(FLAGS).map(
      async (command) =>
        [command, await runCli([...command.split(' '), '--help'], { cwd })] as const,
    );
    for (const [command, { code, stdout, stderr }] of await Promise.all(runs)) {
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
      for (const flag of [...FLAGS[command]!, '--help', '--verbose']) {
        expect(stdout.match(new RegExp(`^ +(-\\w, )?${flag} `, 'gm'))).toHaveLength(1);
      }
      expect(stdout).toMatch(new RegExp(`^Examples:\\n {2}.+:\\n {4}patchml ${command} ?`, 'm'));
      expect(stdout.includes('--jobs')).toBe(FLAGS[command]!.includes('--jobs'));
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    }
  });

  test('and the version need nothing and write nothing', async () => {
    const cwd = newFolder('help');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await runCli(['--version'], { cwd })).toMatchObject({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
    expect(contentsOf(cwd)).toEqual({});
  });
});

/** Modules are written to this file as they are resolved, one a line. */
function listingModules(file: string): string[] {
  const hooks = `
    import { appendFileSync } from 'node:fs';
    export async function resolve(specifier, context, next) {
      const resolved = await next(specifier, context);
      appendFileSync(${JSON.stringify(file)}, resolved.url + '\\n');
      return resolved;
    }`;
  const url = `data:text/javascript,${encodeURIComponent(hooks)}`;
  const preload = `import { register } from 'node:module'; register(${JSON.stringify(url)});`;
  return ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
}

describe('A command loads what it works with, no more', () => {
  const cwd = newFolder('modules');
  const recipe = writeRecipe(cwd);
  const HEAVY = ['@aws-sdk', '@huggingface', 'hyparquet', 'onnxruntime-node', 'piscina', 'sharp'];

  async function heavyOf(...args: string[]): Promise<string[]> {
    const file = join(cwd, `${args.join('_').replaceAll('/', '_')}.modules`);
    await runCli(args, { cwd, nodeFlags: listingModules(file) });
    const modules = readFileSync(file, 'utf8');
    expect(modules).toContain('/node_modules/yargs/');
    return [...HEAVY, 'yaml', 'zod'].filter((name) => modules.includes(`/node_modules/${name}/`));
  }

  test.each([['--version'], ['--help'], ['generate', '--help'], ['push', '--sede']])(
    '%s %s: no library that works on images, models or stores',
    async (...args) => {
      expect(await heavyOf(...args)).toEqual([]);
    },
  );

  test('init: those that write a recipe', async () => {
    expect(await heavyOf('init', 'new.yaml')).toEqual(['yaml', 'zod']);
  });

  test('doctor: those that it checks', async () => {
    expect(await heavyOf('doctor')).toEqual(expect.arrayContaining(['onnxruntime-node', 'sharp']));
  });

  test('with 64 open files, help and version are there and other commands end in one line', async () => {
    const limited = (args: string) => runShell(`ulimit -n 64; $PATCHML ${args}`, { cwd });
    expect(await limited('--version')).toMatchObject({ code: 0, stderr: '' });
    expect(await limited('--help')).toMatchObject({ code: 0, stderr: '' });
    const { stderr } = await limited(`index -r ${recipe} -a none -i none`);
    expect(stderr).toMatch(/^patchml: .*\n$/);
    expect(stderr).not.toContain('    at ');
  });
});

describe('What cannot be printed', () => {
  const cwd = newFolder('full');
  const recipe = writeRecipe(cwd);

  test.each(['--help', `inspect ${recipe}`, `inspect ${recipe} --json`])(
    '%s to a full disk is an error',
    async (args) => {
      const { code, stderr } = await runShell(`$PATCHML ${args} > /dev/full`, { cwd });
      expect(stderr).toMatch(/^patchml: standard output: the disk is full; .*\n$/);
      expect(code).toBe(1);
    },
  );

  test('since nobody reads on is none', async () => {
    const { stderr } = await runShell(`$PATCHML inspect ${recipe} | true`, { cwd });
    expect(stderr).toBe('');
  });
});

describe('--jobs', () => {
  const TAKE_JOBS = Object.keys(FLAGS).filter((command) => FLAGS[command]!.includes('--jobs'));

  test.each(TAKE_JOBS)('of %s takes 1 to 256', async (command) => {
    for (const jobs of ['0', '257']) {
      const given = command === 'study' ? ['study.yaml'] : [];
      const args = [...command.split(' '), ...given, '--jobs', jobs];
      const run = await runCli(args, { cwd: newFolder('jobs') });
      expectOneLine(run, 2, '--jobs takes a whole number from 1 to 256');
    }
  });
});

describe('A command line that is not understood', () => {
  const cwd = newFolder('misuse');
  const recipe = writeRecipe(cwd);

  test.concurrent.each<[string, string[], (string | RegExp)[]]>([
    ['no command', [], ['missing command', 'see patchml --help']],
    ['an unknown command', ['gnerate', '-r', recipe], ['generate']],
    [
      'an unknown flag',
      ['generate', '-r', recipe, '--sede', '7'],
      ['sede', 'see patchml generate --help'],
    ],
    ['an unknown flag of a command without a recipe', ['doctor', '--fix'], ['fix']],
    ['an argument too many', ['index', '-r', recipe, 'extra'], ['extra']],
    ['no recipe', ['generate', '-a', 'x', '-i', 'y'], ['recipe']],
    ['no folder to verify', ['verify'], ['folder']],
    ['nothing to inspect', ['inspect'], ['path']],
    ['a flag without its value', ['generate', '-r'], ['recipe']],
    [
      'a number without its value',
      ['index', '-r', recipe, '--jobs'],
      ['Not enough arguments following: jobs'],
    ],
    ['no command of model', ['model'], ['patchml model add', 'see patchml model --help']],
    ['no model to add', ['model', 'add'], ['ONNX file', 'see patchml model add --help']],
    ['no thread', ['index', '-r', recipe, '--jobs', '0'], ['--jobs takes a whole number from 1']],
    ['a thousand threads', ['index', '-r', recipe, '--jobs', '1000'], ['--jobs takes', '1 to 256']],
    ['half a thread', ['index', '-r', recipe, '--jobs', '1.5'], ['--jobs']],
    ['threads that are no number', ['index', '-r', recipe, '--jobs', 'all'], ['--jobs']],
    ['a limit of none', ['index', '-r', recipe, '--limit', '0'], ['--limit']],
    ['a limit below none', ['index', '-r', recipe, '--limit=-5'], ['--limit']],
    [
      'counts that are none',
      ['plan', '-r', recipe, '--counts', 'many'],
      ['--counts', '2:500,3:500'],
    ],
    ['a count twice', ['plan', '-r', recipe, '--counts', '2:5,2:6'], ['--counts']],
    ['a sample below none', ['verify', cwd, '--regenerate', '--sample=-1'], ['--sample']],
    ['a sample that is no number', ['verify', cwd, '--regenerate', '--sample', 'x'], ['--sample']],
    ['a flag twice', ['generate', '-r', recipe, '-r', recipe], ['recipe']],
    ['an output folder twice', ['generate', '-r', recipe, '-o', 'a', '-o', 'b'], ['out']],
    ['a work folder twice', ['index', '-r', recipe, '--work', 'a', '--work', 'b'], ['work']],
    ['a number of threads twice', ['index', '-r', recipe, '-j', '1', '-j', '2'], ['jobs']],
  ])('- %s - ends in one line, exit code 2, and nothing is written', async (_, args, says) => {
    const before = contentsOf(cwd);
    expectOneLine(await runCli(args, { cwd }), 2, ...says);
    expect(contentsOf(cwd)).toEqual(before);
  });
});

describe('--verbose', () => {
  test('adds the stack to the one line', async () => {
    const cwd = newFolder('verbose');
    const path = join(cwd, 'recipe.yaml');
    writeFileSync(path, 'name: made\nsede: 7\n');
    const run = await runCli(['inspect', path, '--verbose'], { cwd });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('unknown field "sede"');
    expect(run.stderr).toMatch(/\n {4}at /);
  });
});

describe('A command that ends in the middle of its work', () => {
  test('says so, and is no success', async () => {
    // Instead of the command line, a module that waits for what never comes.
    const waits = `export const load = (url, context, next) => url.endsWith('/cli/main.js')
      ? { format: 'module', source: 'await new Promise(() => {})', shortCircuit: true }
      : next(url, context)`;
    const hook = `import { register } from 'node:module'; register(${JSON.stringify(asUrl(waits))});`;
    const run = await runCli(['doctor'], {
      cwd: newFolder('unfinished'),
      nodeFlags: ['--no-warnings', '--import', asUrl(hook)],
    });
    expectOneLine(run, 1, 'ended before the work was done');
  });
});

function asUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
