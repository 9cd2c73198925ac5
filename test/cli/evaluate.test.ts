import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { encode } from '../../src/image/encode.js';
import { classOf } from '../../src/imagenet/synsets.js';
import { expectOneLine } from '../support/one-line.js';
import { runCli } from '../support/run-cli.js';
import { TINY_CLASSES, tinyModel } from '../support/unit-cards.js';
import { flatImage } from '../support/unit-images.js';
import { contentsOf, openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();

interface Card {
  metrics: Record<string, { value: number; n: number } | undefined>;
  set: Record<string, unknown>;
}

interface Listed {
  scorecards: (Card & { folder: string })[];
  failures: { card: string; code: string; message: string }[];
}

const [banana, tench, zebra] = TINY_CLASSES.map((wnid) => classOf(wnid)!) as [
  number,
  number,
  number,
];

/** Three images whose best classes are known, and what is in them. */
const IMAGES = {
  // output j is (j + 1) x channel j mod 3: banana r, tench 2g, zebra 3b, pinwheel 4r
  'blue.png': { colour: [1, 2, 100], labels: [zebra] }, // zebra 300, tench 4: right
  'green.png': { colour: [1, 100, 30], labels: [banana, tench] }, // tench 200, zebra 90: one of two
  'red.png': { colour: [100, 1, 1], labels: [banana] }, // pinwheel 400: wrong
} as const;

const PREPROCESSING = [
  ...['--channels', 'RGB', '--scale', '1', '--mean', '0,0,0', '--std', '1,1,1'],
  ...['--resize', 'squash', '--interpolation', 'bilinear', '--antialias', '--crop-fraction', '1'],
];

let cwd: string;

/** Runs patchml where the model, the images and their labels are. */
function patchml(...args: string[]): ReturnType<typeof runCli> {
  return runCli(args, { cwd });
}

const SET = ['--images', 'images', '--labels', 'labels.json'];

beforeAll(async () => {
  cwd = newFolder('evaluate');
  copyFileSync(tinyModel('nchw'), join(cwd, 'tiny.onnx'));
  writeFileSync(join(cwd, 'classes.txt'), TINY_CLASSES.join('\n'));
  mkdirSync(join(cwd, 'images'));
  const labels: Record<string, readonly number[]> = {};
  for (const [file, { colour, labels: right }] of Object.entries(IMAGES)) {
    writeFileSync(join(cwd, 'images', file), await encode(flatImage(9, 9, colour), 'png', 100));
    labels[file] = right;
  }
  writeFileSync(join(cwd, 'labels.json'), JSON.stringify(labels));
});

describe('patchml model add', () => {
  it('asks by name for what it cannot know, and writes nothing', async () => {
    const run = await patchml('model', 'add', 'tiny.onnx');
    expectOneLine(run, 1, 'tiny.onnx', '--mean', '--channels', '--classes');
    expect(existsSync(join(cwd, 'tiny.yaml'))).toBe(false);
  });

  it('writes a card that evaluate takes', async () => {
    const run = await patchml(
      'model',
      'add',
      'tiny.onnx',
      ...PREPROCESSING,
      '--classes',
      'classes.txt',
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('Wrote tiny.yaml');
    const card = readFileSync(join(cwd, 'tiny.yaml'), 'utf8');
    expect(card).toMatch(/^# yaml-language-server: \$schema=\S+model-card.schema.json\n/);
  });

  it('does not write over a card', async () => {
    const run = await patchml(
      'model',
      'add',
      'tiny.onnx',
      ...PREPROCESSING,
      '--classes',
      'classes.txt',
    );
    expectOneLine(run, 1, 'this file already exists', '--overwrite');
  });

  it('says what a flag takes', async () => {
    expectOneLine(await patchml('model', 'add', 'tiny.onnx', '--mean', '0.5'), 2, '--mean');
    expectOneLine(await patchml('model', 'add', 'tiny.onnx', '--size', 'big'), 2, '--size');
    expectOneLine(await patchml('model', 'add', 'none.onnx'), 1, 'none.onnx');
  });
});

describe('patchml evaluate', () => {
  it('scores a model on images', async () => {
    const run = await patchml('evaluate', '--model', 'tiny.onnx', ...SET);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('variable top-k');
    const { metrics, set } = readJson<Card>(
      join(cwd, 'output/scores/images-given/tiny/scorecard.json'),
    );
    expect(set).toMatchObject({ images: 3, labelled: 3, labelCounts: [0, 2, 1] });
    expect(metrics['real']).toMatchObject({ value: 2 / 3, n: 3 }); // blue and green
    expect(metrics['variableTopK']).toMatchObject({ value: 0.5, n: 3 }); // (1 + 1/2 + 0) / 3
    expect(metrics['asma']).toMatchObject({ value: 0.5, n: 3 }); // A_1 = 1/2, A_2 = 1/2
    expect(existsSync(join(cwd, 'output/scores/images-given/tiny/predictions.parquet'))).toBe(true);
  });

  it('says that it used the predictions of an earlier run, and ends in the same bytes', async () => {
    const before = contentsOf(join(cwd, 'output/scores'));
    const run = await patchml('evaluate', '--model', 'tiny.yaml', ...SET);
    expect(run.stderr).toContain('reusing the predictions of an earlier run');
    expect(contentsOf(join(cwd, 'output/scores'))).toEqual(before);
  });

  it('goes on with the next model where one fails, and names it at the end', async () => {
    writeFileSync(join(cwd, 'broken.yaml'), stringify({ model: 'gone.onnx' }));
    const run = await patchml('evaluate', '--models', '*.yaml', ...SET);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/tiny │\n[^]*66\.7%/);
    const last = run.stderr.trimEnd().split('\n').at(-1);
    expect(last).toMatch(/^patchml: .*broken\.yaml.*input.*missing/);
  });

  it('prints JSON where it is asked for', async () => {
    const run = await patchml('evaluate', '--models', 'tiny.yaml', ...SET, '--json', '--quiet');
    const { scorecards, failures } = JSON.parse(run.stdout) as Listed;
    expect(scorecards).toHaveLength(1);
    expect(scorecards[0]!.metrics['real']).toMatchObject({ value: 2 / 3 });
    expect(scorecards[0]!.folder).toBe('output/scores/images-given/tiny');
    expect(failures).toEqual([]);
    expect(run.stderr).toBe('');
  });

  it('lists a failure in the JSON, also where a pattern matches one card alone', async () => {
    const run = await patchml('evaluate', '--models', 'b*.yaml', ...SET, '--json');
    expect(run.code).toBe(1);
    const { scorecards, failures } = JSON.parse(run.stdout) as Listed;
    expect(scorecards).toEqual([]);
    const message = expect.stringContaining('input');
    expect(failures).toMatchObject([{ card: 'broken.yaml', message }]);
    expect(failures[0]!.code).toMatch(/^card-/);
  });

  it('gives the scores that score gives for the same predictions', async () => {
    const evaluated = readJson<Card>(join(cwd, 'output/scores/images-given/tiny/scorecard.json'));
    const file = 'output/scores/images-given/tiny/predictions.parquet';
    const run = await patchml('score', '-p', file, '--labels', 'labels.json', '--json');
    expect(run.code).toBe(0);
    const scored = JSON.parse(run.stdout) as Card;
    for (const name of ['real', 'variableTopK', 'asma', 'exactMatch']) {
      expect(scored.metrics[name]).toEqual(evaluated.metrics[name]);
    }
  });

  it('puts scores of predictions below --out as evaluate does, each model by itself', async () => {
    const file = 'output/scores/images-given/tiny/predictions.parquet';
    const args = ['score', '-p', file, ...SET, '-o', 'apart', '--quiet', '--model'];
    for (const name of ['one', 'two']) expect((await patchml(...args, name)).code).toBe(0);
    expect(readdirSync(join(cwd, 'apart/images-given')).sort()).toEqual(['one', 'two']);
    const csv = 'id,top1\nred,0\ngreen,0\nblue,0\n';
    writeFileSync(join(cwd, 'one.csv'), csv);
    const other = await patchml('score', '-p', 'one.csv', ...SET, '-o', 'apart');
    expectOneLine(other, 1, 'scores of other predictions of one', '--overwrite');
  });

  it('never replaces the scores of another model of that name unasked', async () => {
    for (const [folder, model] of [
      ['a', 'nchw'],
      ['b', 'wide'],
    ] as const) {
      mkdirSync(join(cwd, folder));
      copyFileSync(tinyModel(model), join(cwd, folder, 'model.onnx'));
    }
    const add = ['model', 'add', ...PREPROCESSING, '--classes', 'classes.txt', '--quiet'];
    expect((await patchml(...add, 'a/model.onnx')).code).toBe(0);
    expect(existsSync(join(cwd, 'a/a.yaml'))).toBe(true);
    const evaluate = ['evaluate', ...SET, '--quiet', '--model'];
    expectOneLine(await patchml(...evaluate, 'b/model.onnx'), 1, 'this model has no card');
    expect((await patchml(...add, 'b/model.onnx', '--name', 'a')).code).toBe(0);
    expect((await patchml(...evaluate, 'a/model.onnx')).code).toBe(0);
    const before = contentsOf(join(cwd, 'output/scores'));
    const says = 'this folder holds scores of another model named a';
    expectOneLine(await patchml(...evaluate, 'b/model.onnx'), 1, says, '--overwrite');
    expect(contentsOf(join(cwd, 'output/scores'))).toEqual(before);
  });

  it('refuses a card whose model was exchanged', async () => {
    copyFileSync(tinyModel('wide'), join(cwd, 'a/model.onnx'));
    const run = await patchml('evaluate', ...SET, '--model', 'a/model.onnx');
    expectOneLine(run, 1, 'not the file that its card was made for', 'patchml model add');
  });

  it('takes the first images only where it is told to', async () => {
    const run = await patchml(
      'evaluate',
      '-m',
      'tiny.onnx',
      ...SET,
      '--limit',
      '1',
      '--json',
      '-o',
      'one',
    );
    expect((JSON.parse(run.stdout) as Card).set).toMatchObject({
      images: 1,
      leftOut: { 'beyond-limit': 2 },
    });
  });

  it('keeps scores of the first images apart from those of all', async () => {
    await patchml('evaluate', '-m', 'tiny.onnx', ...SET, '--limit', '2', '--quiet');
    const { set } = readJson<Card>(
      join(cwd, 'output/scores/images-given-limit-2/tiny/scorecard.json'),
    );
    expect(set).toMatchObject({ images: 2 });
  });

  it('replaces scores of other labels only where it is told to', async () => {
    const place = join(cwd, 'output/scores/images-given/tiny');
    const before = contentsOf(place);
    mkdirSync(join(cwd, 'others'));
    writeFileSync(join(cwd, 'others/labels.json'), JSON.stringify({ 'blue.png': [zebra] }));
    const args = ['evaluate', '-m', 'tiny.onnx', '-i', 'images', '-l', 'others/labels.json'];
    const run = await patchml(...args);
    expectOneLine(run, 1, 'on another set: images, labels: given, 3 images', '--overwrite');
    expect(contentsOf(place)).toEqual(before);
    expect((await patchml(...args, '--overwrite')).code).toBe(0);
    expect(contentsOf(place)).not.toEqual(before);
    expect((await patchml('evaluate', '-m', 'tiny.onnx', ...SET, '--overwrite')).code).toBe(0);
    expect(contentsOf(place)).toEqual(before);
  });

  it('refuses models of one name before it runs any', async () => {
    const card = readFileSync(join(cwd, 'tiny.yaml'), 'utf8');
    writeFileSync(join(cwd, 'others/tiny.yaml'), card);
    const cards = ['tiny.yaml', 'others/tiny.yaml'];
    const run = await patchml('evaluate', '--models', ...cards, ...SET, '-o', 'same');
    expectOneLine(run, 1, ...cards, 'name');
    expect(existsSync(join(cwd, 'same'))).toBe(false);
  });

  it.each([
    [['evaluate', ...SET], 2, '--model'],
    [['evaluate', '-m', 'a.onnx', '--models', 'b.yaml', ...SET], 2, '--model'],
    [['evaluate', '-m', 'tiny.onnx'], 2, '--dataset'],
    [['evaluate', '-m', 'tiny.onnx', '-d', 'nowhere'], 1, 'nowhere'],
    [['evaluate', '-m', 'classes.onnx', ...SET], 1, 'patchml model add'],
    [['evaluate', '--models', 'none/*.yaml', ...SET], 1, 'none/*.yaml'],
    [['evaluate', '-m', 'tiny.onnx', ...SET, '--jobs', '0'], 2, '--jobs'],
    [['evaluate', '-m', 'tiny.onnx', ...SET, '--batch', '1.5'], 2, '--batch'],
    [['evaluate', '-m', 'tiny.onnx', ...SET, '--provider', 'tpu'], 2, 'provider'],
    [
      ['evaluate', '-m', 'tiny.onnx', ...SET, '--provider', 'coreml', '-o', 'x'],
      1,
      /coreml.*--provider/,
    ],
    [['evaluate', '-m', 'tiny.onnx', ...SET, '--shard', '3/2'], 2, /from 1\/8 to 8\/8, got "3\/2"/],
    [
      ['evaluate', '-m', 'tiny.onnx', ...SET, '--shard', '1/2', '--provider', 'auto'],
      2,
      /--provider auto depends on the machine/,
    ],
    [['merge', 'evaluate', '-m', 'tiny.onnx', ...SET, '-o', 'x', '--work', 'none'], 1, /no parts/],
  ])('says in one line what is wrong: %j', async (args, code, says) => {
    expectOneLine(await patchml(...args), code, says);
  });

  it('says before it reads an image that a card does not fit its model', async () => {
    const card = readFileSync(join(cwd, 'tiny.yaml'), 'utf8');
    writeFileSync(join(cwd, 'wrong.yaml'), card.replace('size: 8', 'size: 16'));
    const run = await patchml('evaluate', '-m', 'wrong.yaml', ...SET, '-o', 'wrong');
    expectOneLine(run, 1, '[batch, 3, 8, 8]', '[batch, 3, 16, 16]', 'input.size');
  });
});
