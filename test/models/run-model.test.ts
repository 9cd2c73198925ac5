import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { encode } from '../../src/image/encode.js';
import type { ModelCard } from '../../src/models/card.js';
import { LOGITS_FILE } from '../../src/models/logits-file.js';
import { haveRoom } from '../../src/models/prediction.js';
import { PREDICTIONS_FILE, runModel } from '../../src/models/run-model.js';
import { openModelSession } from '../../src/models/session.js';
import type { StageOptions } from '../../src/progress.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { tinyCard } from '../support/unit-cards.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';

// Where the model runs: in every worker, or in the main thread for images that the workers prepare.

const files: Record<string, Uint8Array | string> = { 'n07753592/5b.png': 'no image' };
let folder: string;
let set: EvaluationSet;

beforeAll(async () => {
  for (let i = 0; i < 21; i += 1) {
    const image = flatImage(20, 10, [10 * i, 200 - i, 3 * i]);
    files[`n07753592/${i}.png`] = await encode(image, 'png', 100);
  }
});

beforeEach(async () => {
  folder = writeTree(files);
  set = await openEvaluationSet({ dataset: folder });
});

interface Way {
  inWorkers: boolean;
  card?: ModelCard;
  /** The card that the workers are given. */
  told?: ModelCard;
}

/** The bytes of what a run writes. */
async function run(
  { inWorkers, card = tinyCard('nchw'), told = card }: Way,
  options: StageOptions = {},
  out = temporaryFolder(),
): Promise<string[]> {
  const session = await openModelSession(card, { threads: 1 });
  const batch = session.fixedBatch ?? 4;
  const origin = { model_digest: 'm', set_digest: 's' };
  const model = { card: told, session, inWorkers, preprocessing: card, batch, top: 4, origin };
  try {
    const { bad } = await runModel(model, { set, images: set.images! }, out, options);
    expect(bad).toMatchObject([{ id: 'n07753592/5b' }]);
  } finally {
    await session.close();
  }
  return [LOGITS_FILE, PREDICTIONS_FILE].map((file) =>
    readFileSync(join(out, file)).toString('hex'),
  );
}

describe('runModel', () => {
  it('gives the same wherever the model runs, in 1, 2 and 8 threads', async () => {
    const expected = await run({ inWorkers: false }, { jobs: 2 });
    for (const jobs of [1, 2, 8])
      expect(await run({ inWorkers: true }, { jobs })).toEqual(expected);
  });

  it.each([
    ['float16', 'half', {}],
    ['bytes', 'bytes', {}],
    ['fixed batches', 'nhwc-fixed', { layout: 'NHWC' as const }],
  ])('gives the same wherever a model of %s runs', async (_, name, input) => {
    const card = tinyCard(name, input);
    const [main, workers] = [false, true].map((inWorkers) => ({ card, inWorkers }));
    expect(await run(workers!, { jobs: 1 })).toEqual(await run(main!, { jobs: 1 }));
  });

  it('resumes in workers what was stopped in the main thread, and the other way round', async () => {
    const expected = await run({ inWorkers: true }, { jobs: 1 });
    for (const inWorkers of [true, false]) {
      const out = temporaryFolder();
      const controller = new AbortController();
      const { signal } = controller;
      const onProgress = (): void => {
        controller.abort();
      };
      const stopped = run({ inWorkers }, { jobs: 2, signal, onProgress }, out);
      await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
      expect(await run({ inWorkers: !inWorkers }, { jobs: 2 }, out)).toEqual(expected);
    }
  });

  it('throws what a worker meets that cannot run the model', async () => {
    const told = { ...tinyCard('nchw'), model: resolve('gone.onnx') };
    const running = run({ inWorkers: true, told }, { jobs: 2 });
    await expect(running).rejects.toMatchObject({ code: 'enoent', path: told.model });
  });

  it('lets the process exit in the middle, with its own exit code', () => {
    const image = files['n07753592/0.png']!;
    const many = Array.from({ length: 96 }, (_, i) => [`n07753592/${i}.png`, image] as const);
    const [dataset, work] = [writeTree(Object.fromEntries(many)), temporaryFolder()];
    const library = resolve('dist', 'src', 'index.js');
    const script = `
      const { loadModelCard, openEvaluationSet, predict } = await import(${JSON.stringify(library)});
      const card = await loadModelCard('configs/models/sample.yaml');
      const set = await openEvaluationSet(${JSON.stringify({ dataset })});
      const onProgress = () => process.exit(3);
      const options = { batch: 24, jobs: 4, onProgress };
      await predict({ card, set, preprocessing: card, work: ${JSON.stringify(work)} }, options);`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
  });
});

describe('haveRoom', () => {
  const input = 16 * 3 * 224 * 224 * 4; // 9.6 MB

  it.each([
    // 8 x (2 x 100 MB + 24 x 9.6 MB) = 3.4 GB of 4
    ['a ResNet-50 in 8 threads of 16 GB', 100e6, 16e9, true],
    // 8 x (2 x 346 MB + 24 x 9.6 MB) = 7.4 GB of 4, and of 8
    ['a ViT-B in 8 threads of 16 GB', 346e6, 16e9, false],
    ['a ViT-B in 8 threads of 32 GB', 346e6, 32e9, true],
  ])('%s', (_, bytes, memory, expected) => {
    expect(haveRoom({ bytes, input, threads: 8 }, memory)).toBe(expected);
  });
});
