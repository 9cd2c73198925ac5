// What the file system refuses, on the whole way of a run.

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { runCli, runShell } from '../support/run-cli.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 16 });

interface Input {
  cwd: string;
  /** Flags for the recipe, the annotations and, last, the images. */
  source: string[];
}

function givenInput(): Input {
  const cwd = newFolder('limits');
  const { annotations, images: folder } = writeFolders(cwd, images);
  symlinkSync('circle', join(cwd, 'circle'));
  return { cwd, source: ['-r', writeRecipe(cwd), '-a', annotations, '-i', folder] };
}

const LONG = 'x'.repeat(300);

describe('A path that goes in a circle', () => {
  test.each<[string, (input: Input) => string[]]>([
    ['as the output', ({ source }) => ['generate', ...source, '--out', join('circle', 'out')]],
    ['as the images', ({ source }) => ['generate', ...source.slice(0, -1), 'circle']],
    ['as a dataset', () => ['verify', 'circle']],
  ])('%s is said in one line', async (_, command) => {
    const input = givenInput();
    expectOneLine(await runCli([...command(input), '-q'], input), 1, 'circle', /link/);
  });
});

describe('A name that is too long', () => {
  test.each<[string, (input: Input) => string[]]>([
    ['as the output', ({ source }) => ['generate', ...source, '--out', LONG]],
    ['as the images', ({ source }) => ['generate', ...source.slice(0, -1), LONG]],
    ['as a dataset', () => ['verify', LONG]],
  ])('%s is said in one line', async (_, command) => {
    const input = givenInput();
    expectOneLine(await runCli([...command(input), '-q'], input), 1, 'too long', 'shorter');
  });
});

describe('A limit of open files', () => {
  // Too few, by Node's version, to load patchml, to read annotations or to start a thread.
  test.each([24, 28])('of %d is said in one line', async (limit) => {
    const { cwd, source } = givenInput();
    const command = `$PATCHML generate ${source.join(' ')} -q`;
    const run = await runShell(`ulimit -n ${limit}; ${command}`, { cwd });
    expectOneLine(run, 1, 'too many open files', 'ulimit -n');
  });
});
