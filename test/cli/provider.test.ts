// `--provider`, in processes of their own: the environment of a process says which drivers there are.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encode } from '../../src/image/encode.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { tinyCard, tinyModel } from '../support/unit-cards.js';
import { describeWithSoftwareGpu, NO_GPU, SOFTWARE_GPU } from '../support/software-gpu.js';
import { smoothImage } from '../support/unit-images.js';
import { openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
const CARD = resolve('configs', 'models', 'sample.yaml');
/** Classes of the bundled model. */
const WHOLE_CLASSES = ['n01770393', 'n02391049', 'n07753592', 'n03895866'];
const LABELS = { 'a.png': ['n01770393'], 'b.png': ['n02391049', 'n07753592'] };
const SET = ['--images', 'images', '--labels', 'labels.json', '--resamples', '10'];

let cwd: string;

beforeEach(async () => {
  cwd = newFolder('provider');
  mkdirSync(join(cwd, 'images'));
  for (const [at, file] of Object.keys(LABELS).entries()) {
    const image = smoothImage(120 + 30 * at, 90);
    writeFileSync(join(cwd, 'images', file), await encode(image, 'png', 100));
  }
  writeFileSync(join(cwd, 'labels.json'), JSON.stringify(LABELS));
});

async function patchml(drivers: typeof NO_GPU, ...args: string[]): Promise<CliRun> {
  const { env } = process;
  process.env = { ...env, ...drivers };
  try {
    return await runCli(args, { cwd });
  } finally {
    process.env = env;
  }
}

function evaluate(drivers: typeof NO_GPU, provider: string): Promise<CliRun> {
  return patchml(drivers, 'evaluate', '--model', CARD, ...SET, '--provider', provider);
}

/** What was kept of each run, by its provider. */
function logitsByProvider(): Record<string, Float32Array> {
  const kept = join(cwd, 'output', 'work', 'predictions');
  return Object.fromEntries(
    readdirSync(kept).map((key) => {
      const { provider } = readJson<{ provider: string }>(join(kept, key, 'predictions.json'));
      const { buffer } = new Uint8Array(readFileSync(join(kept, key, 'logits.npy')));
      return [provider, new Float32Array(buffer, buffer.byteLength - 4000 * 2)];
    }),
  );
}

describe('--provider auto without a GPU', () => {
  test('takes the processor, says so, and shares its predictions', async () => {
    const { code, stdout, stderr } = await evaluate(NO_GPU, 'auto');
    expect(code).toBe(0);
    expect(stderr).toContain('running models on cpu: ');
    const [set] = readdirSync(join(cwd, 'output', 'scores'));
    const path = join(cwd, 'output', 'scores', set!, 'sample', 'scorecard.json');
    expect(readJson<{ model: object }>(path).model).toMatchObject({ provider: 'cpu' });
    expect(readFileSync(path, 'utf8') + stdout).not.toContain('auto');
    expect(Object.keys(logitsByProvider())).toEqual(['cpu']);
    const again = await evaluate(NO_GPU, 'cpu');
    expect(again.stderr).toContain('reusing the predictions of an earlier run');
  });

  test('a study takes it too', async () => {
    const sets = { pictures: { images: 'images', labels: 'labels.json' } };
    writeFileSync(
      join(cwd, 'study.yaml'),
      JSON.stringify({ name: 'pictures', models: [{ card: CARD }], sets, examples: false }),
    );
    const { code, stdout, stderr } = await patchml(
      NO_GPU,
      ...['study', 'study.yaml', '--provider', 'auto', '--dry-run', '--json'],
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('running models on cpu: ');
    expect(stdout).not.toContain('auto');
  });
});

describeWithSoftwareGpu('A GPU in software', () => {
  test('is named by doctor, and not taken unasked', async () => {
    const { code, stdout, stderr } = await patchml(SOFTWARE_GPU, 'doctor', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const software = { name: 'SwiftShader', vendor: '', type: 'gpu', isSoftware: true };
    expect(JSON.parse(stdout)).toMatchObject({
      adapters: expect.arrayContaining([software]),
      auto: { provider: 'cpu' },
    });
  });

  test('gives the scores of the processor, and is kept apart from it', async () => {
    const auto = await evaluate(SOFTWARE_GPU, 'auto');
    expect(auto.stderr).toContain('running models on cpu: ');
    const asked = await evaluate(SOFTWARE_GPU, 'webgpu');
    expect(asked).toMatchObject({ code: 0, stderr: expect.not.stringContaining('reusing') });
    const { cpu, webgpu } = logitsByProvider();
    const largest = cpu!.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - webgpu![i]!)),
      0,
    );
    expect(cpu!.some((value) => Math.abs(value) > 1 && Math.abs(value) < 100)).toBe(true);
    expect(largest).toBeLessThan(1e-4);
  });

  test('leaves to the processor what it lacks, which evaluate says', async () => {
    const { input, resize } = tinyCard('whole');
    const output = { kind: 'logits', step: 4, zeroPoint: -128 };
    const card = { name: 'whole', model: tinyModel('whole'), input, resize, output };
    writeFileSync(join(cwd, 'whole.yaml'), JSON.stringify({ ...card, classes: WHOLE_CLASSES }));
    const run = await patchml(
      SOFTWARE_GPU,
      ...['evaluate', '--model', 'whole.yaml', ...SET, '--provider', 'webgpu'],
    );
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('whole: webgpu leaves to the processor: QuantizeLinear (1)');
  });
});
