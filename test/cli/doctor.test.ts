import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { runCli } from '../support/run-cli.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

describe('doctor', () => {
  test('says which versions there are, what the machine has, and that every codec works', async () => {
    const { code, stdout, stderr } = await runCli(['doctor'], { cwd: newFolder('doctor') });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of [
      'patchml',
      'node',
      'sharp',
      'libvips',
      'onnxruntime',
      'cores',
      'memory',
      'free disk',
    ]) {
      expect(stdout).toContain(name);
    }
    expect(stdout.match(/ works /g)).toHaveLength(5); // PNG, JPEG, WebP, resizing, models
  });

  test('says the same as JSON', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--json'], {
      cwd: newFolder('doctor'),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync('package.json', 'utf8'),
    ) as Record<'dependencies' | 'optionalDependencies', Record<string, string>>;
    expect(JSON.parse(stdout)).toMatchObject({
      node: process.versions.node,
      sharp: dependencies['sharp'],
      png: 'works',
      jpeg: 'works',
      webp: 'works',
      resizing: 'works',
      onnxruntime: optionalDependencies['onnxruntime-node'],
      models: 'works',
    });
  });
});
