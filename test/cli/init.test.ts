import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { makeImages, writeFolders } from '../support/input.js';
import { expectOneLine } from '../support/one-line.js';
import { runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

describe('init', () => {
  test('writes a recipe that generate accepts as it is', async () => {
    const cwd = newFolder('init');
    const { annotations, images } = writeFolders(cwd, await makeImages({ images: 16 }));
    const { code, stdout, stderr } = await runCli(['init'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('recipe.yaml');
    const args = ['-r', 'recipe.yaml', '-a', annotations, '-i', images, '--counts', '2:3', '-q'];
    expect(await runCli(['generate', ...args], { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(cwd, 'output', 'my-dataset', 'patchml.lock.json'))).toBe(true);
  });

  test('writes every field with a comment, and the schema that editors complete it from', async () => {
    const cwd = newFolder('init');
    mkdirSync(join(cwd, 'recipes'));
    const file = join('recipes', 'mine.yaml');
    expect(await runCli(['init', file, '--name', 'mine'], { cwd })).toMatchObject({ code: 0 });
    const text = readFileSync(join(cwd, file), 'utf8');
    const [, schema] = /^# yaml-language-server: \$schema=(.+)$/m.exec(text)!;
    expect(text.startsWith('# yaml-language-server')).toBe(true);
    const schemaPath = resolve(join(cwd, dirname(file)), schema!);
    expect(JSON.parse(readFileSync(schemaPath, 'utf8'))).toHaveProperty('properties.sampling');
    const fields = parse(text) as Record<string, unknown>;
    expect(fields['name']).toBe('mine');
    expect(Object.keys(fields)).toEqual([
      'name',
      'version',
      'seed',
      'source',
      'patch',
      'canvas',
      'layout',
      'sampling',
      'encode',
    ]);
    expect(text.match(/^ *# /gm)!.length).toBeGreaterThan(25);
  });

  test('never writes over a file', async () => {
    const cwd = newFolder('init');
    writeFileSync(join(cwd, 'recipe.yaml'), 'mine');
    expectOneLine(
      await runCli(['init'], { cwd }),
      1,
      'recipe.yaml: this file already exists',
      'remove the file',
    );
    expect(readFileSync(join(cwd, 'recipe.yaml'), 'utf8')).toBe('mine');
    symlinkSync(join(cwd, 'nowhere'), join(cwd, 'link.yaml'));
    expectOneLine(await runCli(['init', 'link.yaml'], { cwd }), 1, 'link.yaml: this file already');
    expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  });

  test.each<[string, string[], (string | RegExp)[]]>([
    ['a folder that is not there', ['no/such/recipe.yaml'], ['no/such/recipe.yaml', 'no such']],
    ['a place below a file', ['/dev/null/recipe.yaml'], ['/dev/null/recipe.yaml']],
    [
      'a name that no dataset can have',
      ['--name', 'Two Words'],
      ['name', 'lower-case', 'Two Words'],
    ],
  ])('ends in one line for %s', async (_, args, says) => {
    const cwd = newFolder('init');
    expectOneLine(await runCli(['init', ...args], { cwd }), 1, ...says);
    expect(contentsOf(cwd)).toEqual({});
  });
});
