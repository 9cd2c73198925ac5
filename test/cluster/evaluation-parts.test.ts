import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Part, Shard } from '../../src/cluster/parts.js';
import { evaluateShard, mergeEvaluation } from '../../src/cluster/evaluation-parts.js';
import { AbortedError } from '../../src/errors.js';
import { lockFolder } from '../../src/files/folder-lock.js';
import { encode } from '../../src/image/encode.js';
import type { ModelCard } from '../../src/models/card.js';
import { loadModelCard } from '../../src/models/card.js';
import { drawWithoutReplacement, openStream } from '../../src/random.js';
import {
  type Evaluated,
  type EvaluateInput,
  evaluateModel,
  type EvaluateOptions,
} from '../../src/score/evaluate.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { tinyCard } from '../support/unit-cards.js';
import { flatImage } from '../support/unit-images.js';
import { writeTree } from '../support/unit-folder.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let set: EvaluationSet;
/** No image of its first half can be decoded. */
let halfBad: EvaluationSet;

/** 23 images of one colour each, in the order of their names; `bad` are none. */
async function openSet(bad: readonly number[]): Promise<EvaluationSet> {
  const files: Record<string, Uint8Array | string> = {};
  for (let i = 0; i < 23; i += 1) {
    const colour = [11 * i, 250 - 7 * i, (37 * i) % 256] as const;
    const image = bad.includes(i) ? 'no image' : await encode(flatImage(20, 10, colour), 'png', 9);
    files[`n07753592/${String(i).padStart(2, '0')}.png`] = image;
  }
  return openEvaluationSet({ dataset: writeTree(files, newFolder('images')) });
}

beforeAll(async () => {
  set = await openSet([0, 9, 10, 22]);
  halfBad = await openSet(Array.from({ length: 12 }, (_, i) => i));
});

/** An evaluation in folders of its own. */
function evaluation(name: string, card = tinyCard('nchw')): EvaluateInput {
  const folder = newFolder(name);
  return { card, set, work: join(folder, 'work'), out: join(folder, 'out') };
}

/** All that an evaluation wrote. */
function madeBy({ folder, predictions }: Evaluated): Record<string, string>[] {
  return [contentsOf(folder), contentsOf(predictions.folder)];
}

const few = { jobs: 1, resamples: 20 };

/** What an undivided run of the same makes. */
async function undivided(
  { card, set }: EvaluateInput,
  options: EvaluateOptions,
): Promise<Record<string, string>[]> {
  return madeBy(await evaluateModel({ ...evaluation('undivided', card), set }, options));
}

describe('An evaluation in shards', () => {
  const all = [1, 2, 3, 4, 5];
  const cards: [string, () => ModelCard | Promise<ModelCard>, EvaluateOptions, number[]][] = [
    ['a model of two images at a time', () => tinyCard('nhwc-fixed', { layout: 'NHWC' }), {}, [2]],
    ['a model whose results depend on the batch', () => tinyCard('dynamic'), { batch: 3 }, [5]],
    ['the same one image at a time', () => tinyCard('dynamic'), {}, [3]],
    ['the sample model', () => loadModelCard('configs/models/sample.yaml'), { batch: 2 }, all],
  ];

  test.each(cards)(
    'by %s has the bytes of an undivided one, whatever n, order and interruptions',
    async (name, openCard, { batch }, numbers) => {
      const options = { ...few, batch };
      const stream = openStream(name);
      const card = await openCard();
      const expected = await undivided(evaluation('expected', card), options);
      for (const of of numbers) {
        const input = evaluation('shards', card);
        for (const at of drawWithoutReplacement(stream, of, of)) {
          const shard = { part: at + 1, of };
          if (stream.real() < 0.4) await interrupted(input, shard, options, stream.int(6));
          await evaluateShard({ ...input, shard }, options);
          if (stream.real() < 0.3) await evaluateShard({ ...input, shard }, options);
        }
        const made = await mergeEvaluation(input, options);
        expect(made.predictions.reused).toBe(false);
        expect(madeBy(made)).toEqual(expected);
        expect(readdirSync(dirname(made.predictions.folder))).toHaveLength(1);
      }
    },
  );

  /** A shard that is stopped once this many images are done, unless it is done before. */
  async function interrupted(
    input: EvaluateInput,
    shard: Shard,
    options: EvaluateOptions,
    images: number,
  ): Promise<void> {
    const stop = new AbortController();
    if (images === 0) stop.abort();
    const onProgress = ({ done }: { done: number }): void => {
      if (done >= images) stop.abort();
    };
    const running = evaluateShard(
      { ...input, shard },
      { ...options, signal: stop.signal, onProgress },
    );
    await running.catch((error: unknown) => {
      if (!(error instanceof AbortedError)) throw error;
    });
  }

  test('depends on the batches, so that shards begin where one does', async () => {
    const card = tinyCard('dynamic');
    const [three, four] = [3, 4].map((batch) => ({ ...few, batch }));
    const input = evaluation('batches', card);
    expect(await undivided(input, three!)).not.toEqual(await undivided(input, four!));
    const parts: Part[] = [];
    for (let part = 1; part <= 3; part += 1) {
      parts.push(await evaluateShard({ ...input, shard: { part, of: 3 } }, four));
    }
    expect(parts.map(({ images }) => images)).toEqual([8, 8, 7]);
  });

  test('may have shards in which no image can be decoded, but not only such', async () => {
    const input = { ...evaluation('half'), set: halfBad };
    for (const part of [1, 2]) await evaluateShard({ ...input, shard: { part, of: 2 } }, few);
    const made = await mergeEvaluation(input, few);
    expect(made.predictions.summary).toMatchObject({ predicted: 11 });
    expect(madeBy(made)).toEqual(await undivided(input, few));
    const none = { ...evaluation('none'), set: await openSet([...set.ids.keys()]) };
    await evaluateShard({ ...none, shard: { part: 1, of: 1 } }, few);
    await expect(mergeEvaluation(none, few)).rejects.toMatchObject({ code: 'images-all-bad' });
  });

  test('resumes an undivided run that was interrupted, and the other way round', async () => {
    const options = { ...few, batch: 3 };
    const card = tinyCard('dynamic');
    const stopAfter = (images: number): EvaluateOptions => {
      const stop = new AbortController();
      const onProgress = ({ done }: { done: number }): void => {
        if (done >= images) stop.abort();
      };
      return { ...options, signal: stop.signal, onProgress };
    };
    const aborted = { code: 'aborted' };
    const input = evaluation('begun', card);
    const expected = await undivided(input, options);
    for (const part of [1, 2]) await evaluateShard({ ...input, shard: { part, of: 2 } }, options);
    await expect(evaluateModel(input, stopAfter(6))).rejects.toMatchObject(aborted);
    await expect(mergeEvaluation(input, stopAfter(12))).rejects.toMatchObject(aborted);
    expect(madeBy(await evaluateModel(input, options))).toEqual(expected);
    const late = await evaluateShard({ ...input, shard: { part: 1, of: 7 } }, options);
    expect(late).toMatchObject({ images: 23, reused: true });
  });

  test('is not made where parts are missing, or are not what was made', async () => {
    const input = evaluation('missing');
    await expect(mergeEvaluation(input, few)).rejects.toMatchObject({ code: 'parts-missing' });
    const shard = { part: 2, of: 3 };
    const { folder } = await evaluateShard({ ...input, shard }, few);
    await expect(mergeEvaluation(input, few)).rejects.toThrow('parts are missing: 1/3, 3/3; run');
    for (const part of [1, 3]) await evaluateShard({ ...input, shard: { part, of: 3 } }, few);
    for (const file of ['logits.npy', 'predictions.json']) {
      const bytes = readFileSync(join(folder, file));
      writeFileSync(join(folder, file), Buffer.concat([bytes, Buffer.from(' ')]));
      await expect(mergeEvaluation(input, few)).rejects.toMatchObject({ code: 'part-damaged' });
      writeFileSync(join(folder, file), bytes);
    }
    rmSync(folder, { recursive: true });
    await evaluateShard({ ...input, shard }, few);
    await mergeEvaluation(input, few);
    expect(existsSync(folder)).toBe(false);
  });

  test('is not joined of parts of another model, preprocessing, provider or set', async () => {
    const input = evaluation('other');
    await evaluateShard({ ...input, shard: { part: 1, of: 1 } }, few);
    const missing = { code: 'parts-missing' };
    const resize = { ...input.card.resize, cropFraction: 0.5 };
    for (const other of [
      {
        ...input,
        card: tinyCard('two-outputs', {}, { output: { name: 'scores', kind: 'logits' } }),
      },
      { ...input, card: { ...input.card, resize } },
      { ...input, set: halfBad },
    ] as EvaluateInput[]) {
      await expect(mergeEvaluation(other, few)).rejects.toMatchObject(missing);
    }
    const cuda = { ...few, provider: 'cuda' } as const;
    await expect(mergeEvaluation(input, cuda)).rejects.toMatchObject(missing);
    await expect(mergeEvaluation(input, { ...few, batch: 5 })).rejects.toMatchObject(missing);
    await mergeEvaluation(input, few);
  });

  test('is refused before any work where its scores could not be written', async () => {
    const input = evaluation('taken');
    writeTree({ 'mine.txt': 'mine' }, input.out);
    const shard = { part: 1, of: 1 };
    await expect(evaluateShard({ ...input, shard }, few)).rejects.toMatchObject({
      code: 'output-not-scores',
    });
    expect(existsSync(input.work)).toBe(false);
  });

  test('has each part made by one run at a time', async () => {
    const input = evaluation('locked');
    const shard = { part: 1, of: 2 };
    const { folder } = await evaluateShard({ ...input, shard }, few);
    rmSync(folder, { recursive: true });
    const release = await lockFolder(folder);
    try {
      await expect(evaluateShard({ ...input, shard }, few)).rejects.toMatchObject({
        code: 'output-in-use',
      });
    } finally {
      await release();
    }
    const out = { ...input, shard: { part: 3, of: 2 } };
    await expect(evaluateShard(out, few)).rejects.toMatchObject({ code: 'option-out-of-range' });
  });
});
