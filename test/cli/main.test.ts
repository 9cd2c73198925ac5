import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { runCli } from '../support/run-cli.js';
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
const FLAGS: Record<string, readonly string[]> = {
  generate: [...STAGE_FLAGS, '--out', '--overwrite'],
  index: STAGE_FLAGS,
  extract: STAGE_FLAGS,
  plan: STAGE_FLAGS,
  compose: [...STAGE_FLAGS, '--out', '--overwrite'],
  verify: ['--regenerate', '--sample', '--pool', '--work', '--quiet', '--json'],
  inspect: ['--classes', '--drops', '--contact-sheet', '--json'],
  init: ['--name'],
  doctor: ['--json'],
};

describe('Help', () => {
  test('names every command', async () => {
    const { code, stdout, stderr } = await runCli(['--help'], { cwd: newFolder('help') });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of Object.keys(FLAGS)) expect(stdout).toContain(`patchml ${command}`);
  });

  test('of every command names its flags and no line is wider than 100 columns', async () => {
    const cwd = newFolder('help');
    const runs = Object.keys(FLAGS).map(
      async (command) => [command, await runCli([command, '--help'], { cwd })] as const,
    );
    for (const [command, { code, stdout, stderr }] of await Promise.all(runs)) {
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
      for (const flag of [...FLAGS[command]!, '--help', '--verbose']) {
        expect(stdout).toMatch(new RegExp(`${flag}\\b`));
      }
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

describe('A command line that is not understood', () => {
  const cwd = newFolder('misuse');
  const recipe = writeRecipe(cwd);

  test.concurrent.each<[string, string[], (string | RegExp)[]]>([
    ['no command', [], ['Name a command']],
    ['an unknown command', ['gnerate', '-r', recipe], ['generate']],
    ['an unknown flag', ['generate', '-r', recipe, '--sede', '7'], ['sede']],
    ['an unknown flag of a command without a recipe', ['doctor', '--fix'], ['fix']],
    ['an argument too many', ['index', '-r', recipe, 'extra'], ['extra']],
    ['no recipe', ['generate', '-a', 'x', '-i', 'y'], ['recipe']],
    ['no folder to verify', ['verify'], ['folder']],
    ['nothing to inspect', ['inspect'], ['path']],
    ['a flag without its value', ['generate', '-r'], ['recipe']],
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
