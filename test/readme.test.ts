import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSample } from '../scripts/make-sample.js';

const ROOT = process.cwd();
const REAL = resolve(ROOT, '../shared/imagenet-val');
const MODEL = resolve(ROOT, '../shared/models/mobilenetv2_quant_static.onnx');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) =>
  block!.trim().split('\n'),
);
const patchml = commands.filter((command) => command.startsWith('npx patchml '));

describe('the README', () => {
  let folder: string;

  // A user's folder: the recipes, and ImageNet images with their boxes (real ones where present).
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'patchml-readme-'));
    cpSync(join(ROOT, 'configs'), join(folder, 'configs'), { recursive: true });
    mkdirSync(join(folder, 'imagenet'));
    let [annotations, images] = [join(REAL, 'Annotations/CLS-LOC/val'), join(REAL, 'images')];
    if (!existsSync(REAL)) {
      const out = join(folder, 'sample');
      await makeSample({ out, seed: '1', trainPerClass: 0, valPerClass: 2 });
      [annotations, images] = [join(out, 'val/annotations'), join(out, 'val/images')];
    }
    symlinkSync(annotations, join(folder, 'imagenet/annotations'));
    symlinkSync(images, join(folder, 'imagenet/images'));
    mkdirSync(join(folder, 'models'));
    const model = existsSync(MODEL) ? MODEL : join(ROOT, 'test/models/graphs/imagenet.onnx');
    copyFileSync(model, join(folder, 'models/model.onnx'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('has commands of patchml, and the two that CI runs from a clean clone', () => {
    expect(patchml.length).toBeGreaterThan(8);
    const others = commands.filter((command) => !patchml.includes(command));
    expect(others).toEqual(['npm ci && npm run demo', 'npm test']);
    const ci = readFileSync(join(ROOT, '.ci/run'), 'utf8');
    for (const command of others.flatMap((line) => line.split(' && ')))
      expect(ci).toContain(command);
  });

  it.each(patchml)('%s', (command) => {
    const args = command.split(' ').slice(2);
    const bin = join(ROOT, 'dist/src/cli/bin.cjs');
    const output = execFileSync(process.execPath, [bin, ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(output).not.toBe('');
  });

  it('left what its commands say', () => {
    for (const path of [
      'output/paper/metadata.jsonl',
      'output/paper.png',
      'output/seed-7',
      'output/scores/seed-7-1.0.0/again/scorecard.json',
      'fetched/seed-7-1.0.0/SHA256SUMS',
      'output/again/metadata.jsonl',
      'my-recipe.yaml',
    ]) {
      expect(existsSync(join(folder, path))).toBe(true);
    }
  });

  it('lists every recipe field with its default as the schema has it', async () => {
    const { recipeTable } = await import('../scripts/recipe-table.js');
    const squeeze = (text: string): string => text.replace(/[ -]+/g, ' ');
    expect(squeeze(readme)).toContain(squeeze(recipeTable()));
  });
});
