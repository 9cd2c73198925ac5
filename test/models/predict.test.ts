import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { encode } from '../../src/image/encode.js';
import { classOf } from '../../src/imagenet/synsets.js';
import type { ModelCard } from '../../src/models/card.js';
import { predict } from '../../src/models/predict.js';
import type { Predictions, PredictOptions } from '../../src/models/prediction-folder.js';
import { PREDICTIONS_FILE } from '../../src/models/run-model.js';
import { LOGITS_FILE } from '../../src/models/logits-file.js';
import { openPredictions } from '../../src/predictions/open.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { readParquet } from '../support/parquet.js';
import { TINY_CLASSES, tinyCard } from '../support/unit-cards.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';

const COLOURS = [
  [10, 20, 30],
  [200, 20, 30],
  [10, 200, 30],
  [10, 20, 200],
  [90, 20, 30],
] as const;

/** Five images of one colour each; `broken` adds one that is none. */
async function openSet(extra: Record<string, string> = {}): Promise<EvaluationSet> {
  const files: Record<string, Uint8Array | string> = { ...extra };
  for (const [index, colour] of COLOURS.entries()) {
    files[`n07753592/${index}.png`] = await encode(flatImage(20, 10, colour), 'png', 100);
  }
  return openEvaluationSet({ dataset: writeTree(files) });
}

async function scoresIn({ folder }: Predictions): Promise<number[][]> {
  const source = await openPredictions(join(folder, LOGITS_FILE));
  const rows = (await collect(source.batches())).flatMap((batch) => [...batch]);
  const columns = TINY_CLASSES.map((wnid) => classOf(wnid)!);
  return Array.from({ length: source.images }, (_, image) =>
    columns.map((column) => rows[image * source.width + column]!),
  );
}

let set: EvaluationSet;
let work: string;

beforeEach(async () => {
  set = await openSet();
  work = temporaryFolder();
});

function run(card: ModelCard, options: PredictOptions = {}): Promise<Predictions> {
  return predict({ card, set, preprocessing: card, work }, options);
}

/** Output j is (j + 1) x the mean of channel j mod 3. */
const expected = COLOURS.map(([r, g, b]) => [r, 2 * g, 3 * b, 4 * r]);

describe('predict', () => {
  it('keeps the scores of every class, and the best of each image', async () => {
    const made = await run(tinyCard('nchw'));
    expect(made.reused).toBe(false);
    expect(await scoresIn(made)).toEqual(expected);
    const best = await openPredictions(join(made.folder, PREDICTIONS_FILE));
    expect(best.ids).toEqual(set.ids);
    const ranked = (await collect(best.batches())).flatMap((batch) => [...batch]);
    const [banana, tench, zebra, pinwheel] = TINY_CLASSES.map((wnid) => classOf(wnid)!);
    // 10, 40, 90, 40: zebra, then of the two at 40 the lower class index, tench
    expect(ranked.slice(0, 4)).toEqual([zebra, tench, pinwheel, banana]);
    expect(made.summary).toMatchObject({ predicted: 5, bad: [], provider: 'cpu', batch: 16 });
  });

  it.each([1, 2, 3, 5])(
    'gives the same for batches of %d, and for any number of jobs',
    async (batch) => {
      const one = await run(tinyCard('nchw'), { batch, jobs: 1 });
      expect(await scoresIn(one)).toEqual(expected);
      work = temporaryFolder();
      const three = await run(tinyCard('nchw'), { batch, jobs: 3 });
      for (const file of [LOGITS_FILE, PREDICTIONS_FILE]) {
        expect(
          readFileSync(join(one.folder, file)).equals(readFileSync(join(three.folder, file))),
        ).toBe(true);
      }
    },
  );

  it('fills up the last batch of a graph that takes whole ones only', async () => {
    const made = await run(tinyCard('nhwc-fixed', { layout: 'NHWC' }));
    expect(made.summary.batch).toBe(2);
    expect(await scoresIn(made)).toEqual(expected);
  });

  it.each(['half', 'bytes'])('runs a model of %s', async (name) => {
    expect(await scoresIn(await run(tinyCard(name)))).toEqual(expected);
  });

  it('uses what an earlier run made, until model, card, preprocessing or images change', async () => {
    const first = await run(tinyCard('nchw'));
    expect((await run(tinyCard('nchw'))).reused).toBe(true);
    const others = [
      tinyCard('wide', { size: [12, 6] }),
      tinyCard('nchw', { scale: 2 }),
      tinyCard('nchw', {}, { classes: [...TINY_CLASSES].reverse() }),
    ];
    for (const card of others) {
      const made = await run(card);
      expect(made.reused).toBe(false);
      expect(made.folder).not.toBe(first.folder);
    }
    set = await openSet();
    set = { ...set, images: { ...set.images!, fingerprint: 'other' } };
    expect((await run(tinyCard('nchw'))).reused).toBe(false);
  });

  it('leaves out an image that is none, and says which', async () => {
    set = await openSet({ 'n07753592/2b.png': 'no image' });
    const made = await run(tinyCard('nchw'), { batch: 2 });
    expect(made.summary.predicted).toBe(5);
    expect(made.summary.bad).toMatchObject([{ id: 'n07753592/2b' }]);
    expect(await scoresIn(made)).toEqual(expected);
  });

  it('refuses a set of which no image can be decoded, and keeps nothing', async () => {
    set = await openEvaluationSet({ dataset: writeTree({ 'n07753592/a.png': 'no image' }) });
    await expect(run(tinyCard('nchw'))).rejects.toMatchObject({ code: 'images-all-bad' });
    set = await openSet();
    expect((await run(tinyCard('nchw'))).reused).toBe(false);
  });

  it('refuses outputs that cannot be ranked', async () => {
    set = await openEvaluationSet({
      dataset: writeTree({
        'n07753592/a.png': await encode(flatImage(9, 9, [0, 1, 1]), 'png', 100),
      }),
    });
    await expect(run(tinyCard('not-finite'))).rejects.toMatchObject({
      code: 'model-output-not-finite',
    });
  });

  it('refuses a set without images', async () => {
    set = { ...set, images: undefined };
    await expect(run(tinyCard('nchw'))).rejects.toMatchObject({ code: 'images-missing' });
  });

  it('goes on where it was stopped, and ends in the same bytes', async () => {
    const whole = await run(tinyCard('nchw'), { batch: 2 });
    work = temporaryFolder();
    const controller = new AbortController();
    const stopped = run(tinyCard('nchw'), {
      batch: 2,
      jobs: 1,
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    const steps: number[] = [];
    const onProgress = ({ done }: { done: number }): number => steps.push(done);
    const resumed = await run(tinyCard('nchw'), { batch: 2, onProgress });
    expect(steps).toEqual([4, 5]); // the first two were kept
    for (const file of [LOGITS_FILE, PREDICTIONS_FILE, 'predictions.json']) {
      const [a, b] = [whole, resumed].map(({ folder }) => readFileSync(join(folder, file)));
      expect(a!.equals(b!)).toBe(true);
    }
    expect(readdirSync(resumed.folder).sort()).toEqual([
      'logits.npy',
      'predictions.json',
      'predictions.parquet',
    ]);
  });

  it('names the model and the images in the Parquet file by their digests', async () => {
    const made = await run(tinyCard('nchw'));
    const pairs = await readParquet(join(made.folder, PREDICTIONS_FILE), ({ metadata }) =>
      Object.fromEntries(
        (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value] as const),
      ),
    );
    expect(pairs).toMatchObject({
      model_digest: made.summary.model.sha256,
      set_digest: set.images!.fingerprint,
    });
  });

  it('ranks a class of probability 0 above those that the model does not have', async () => {
    // One-hot by Softmax of large values: 0 for the others, and n is the 4 classes it has.
    const card = tinyCard('probabilities', {}, { output: { kind: 'probabilities' } });
    const made = await run(card);
    const best = await openPredictions(join(made.folder, PREDICTIONS_FILE));
    const ranked = (await collect(best.batches())).flatMap((batch) => [...batch]);
    const own = TINY_CLASSES.map((wnid) => classOf(wnid)!).sort((a, b) => a - b);
    for (let image = 0; image < 5; image += 1) {
      const four = ranked.slice(4 * image, 4 * image + 4);
      expect([...four].sort((a, b) => a - b)).toEqual(own);
    }
  });

  it('stops where it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(run(tinyCard('nchw'), { signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('says how far it is', async () => {
    const steps: number[] = [];
    await run(tinyCard('nchw'), {
      batch: 2,
      onProgress: ({ stage, done, total }) => {
        expect([stage, total]).toEqual(['predict', 5]);
        steps.push(done);
      },
    });
    expect(steps).toEqual([2, 4, 5]);
  });
});
