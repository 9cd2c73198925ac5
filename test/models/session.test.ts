import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EvaluationError } from '../../src/errors.js';
import type { ModelCard } from '../../src/models/card.js';
import { type ModelSession, openModelSession } from '../../src/models/session.js';
import { tinyCard, tinyModel } from '../support/unit-cards.js';
import { writeTree } from '../support/unit-folder.js';

/** Runs a model once and closes it. */
async function runOnce(
  card: ModelCard,
  values: Parameters<ModelSession['run']>[0],
  images: number,
): Promise<number[]> {
  const session = await openModelSession(card);
  const outputs = await session.run(values, images);
  await session.close();
  return [...outputs];
}

/** Images of one colour each, planar: every channel's mean is the colour itself. */
function planes(...colours: readonly [number, number, number][]): number[] {
  return colours.flatMap((colour) => colour.flatMap((value) => Array<number>(64).fill(value)));
}

describe('openModelSession', () => {
  it('runs a batch', async () => {
    const values = Float32Array.from(planes([1, 10, 100], [2, 20, 200]));
    // output j is (j + 1) x channel j mod 3: 1 x 1, 2 x 10, 3 x 100, 4 x 1
    expect(await runOnce(tinyCard('nchw'), values, 2)).toEqual([1, 20, 300, 4, 2, 40, 600, 8]);
  });

  it('runs half floats and bytes', async () => {
    const bytes = Uint8Array.from(planes([1, 10, 100]));
    expect(await runOnce(tinyCard('bytes'), bytes, 1)).toEqual([1, 20, 300, 4]);
    // 1, 10 and 100 as half floats: 0x3c00, 0x4900, 0x5640
    const halves = Uint16Array.from(planes([0x3c00, 0x4900, 0x5640]));
    expect(await runOnce(tinyCard('half'), halves, 1)).toEqual([1, 20, 300, 4]);
  });

  it('ranks the whole numbers of a quantised model, and knows what they stand for where it is said', async () => {
    const values = Float32Array.from(planes([1, 10, 100]));
    const whole = tinyCard('whole');
    // 1, 20, 300 and 4 in steps of 4, from -128 on
    expect(await runOnce(whole, values, 1)).toEqual([-128, -123, -53, -127]);
    const output = { kind: 'logits', step: 4, zeroPoint: -128 } as const;
    expect(await runOnce({ ...whole, output }, values, 1)).toEqual([0, 20, 300, 4]);
    const scaleOf = async (card: ModelCard): Promise<string> => {
      const session = await openModelSession(card);
      await session.close();
      return session.scale;
    };
    expect(await scaleOf(whole)).toBe('quantised');
    expect(await scaleOf({ ...whole, output })).toBe('logits');
    expect(await scaleOf(tinyCard('nchw'))).toBe('logits');
  });

  it('knows the batch that a graph is fixed to', async () => {
    const fixed = await openModelSession(tinyCard('nhwc-fixed', { layout: 'NHWC' }));
    expect(fixed.fixedBatch).toBe(2);
    await fixed.close();
    const free = await openModelSession(tinyCard('nchw'));
    expect(free.fixedBatch).toBeUndefined();
    await free.close();
  });

  it.each<[string, ModelCard, string]>([
    ['another size', tinyCard('nchw', { size: 16 }), 'model-input-shape'],
    ['another layout', tinyCard('nchw', { layout: 'NHWC' }), 'model-input-shape'],
    ['width and height swapped', tinyCard('wide', { size: [6, 12] }), 'model-input-shape'],
    [
      'fewer classes',
      tinyCard('nchw', {}, { classes: ['n07753592', 'n01440764'] }),
      'model-class-count',
    ],
    ['more classes', tinyCard('nchw', {}, { classes: 'imagenet-1k' }), 'model-class-count'],
    ['an input that is not there', tinyCard('nchw', { name: 'data' }), 'model-input-name'],
    ['no output where there are two', tinyCard('two-outputs'), 'model-output-name'],
    [
      'an output that is not there',
      tinyCard('nchw', {}, { output: { kind: 'logits', name: 'logits' } }),
      'model-output-name',
    ],
    [
      'steps of an output without',
      tinyCard('nchw', {}, { output: { kind: 'logits', step: 1 } }),
      'model-output-type',
    ],
    ['an input that cannot be fed', tinyCard('int64'), 'model-input-type'],
    ['images for an input that takes none', tinyCard('flat'), 'model-input-shape'],
    ['normalised bytes', tinyCard('bytes', { mean: [1, 0, 0] }), 'model-input-type'],
  ])('refuses a card that says %s', async (_, card, code) => {
    const opening = openModelSession(card);
    await expect(opening).rejects.toBeInstanceOf(EvaluationError);
    await expect(opening).rejects.toMatchObject({ code, path: card.model });
  });

  it('takes the output that the card names', async () => {
    const card = tinyCard('two-outputs', {}, { output: { kind: 'logits', name: 'scores' } });
    const values = Float32Array.from(planes([1, 10, 100]));
    expect(await runOnce(card, values, 1)).toEqual([1, 20, 300, 4]);
  });

  it('says what onnxruntime has against a model, not where in its source', async () => {
    const bytes = readFileSync(tinyModel('nchw'));
    expect(bytes[0]).toBe(8); // the field of the IR's version
    bytes[1] = 99;
    const folder = writeTree({ 'new.onnx': bytes });
    const card = { ...tinyCard('nchw'), model: join(folder, 'new.onnx') };
    await expect(openModelSession(card)).rejects.toThrow(
      /failed: Unsupported model IR version: 99/,
    );
  });

  it('says that a file is no model, or not there', async () => {
    const folder = writeTree({ 'text.onnx': 'no model' });
    for (const [name, code] of [
      ['text.onnx', 'model-unreadable'],
      ['none.onnx', 'enoent'],
    ] as const) {
      const card = { ...tinyCard('nchw'), model: join(folder, name) };
      await expect(openModelSession(card)).rejects.toMatchObject({ code });
    }
  });

  it.each(['coreml', 'dml'] as const)(
    'says in one line that %s is not in this build, or runs with it',
    async (provider) => {
      const opening = openModelSession(tinyCard('nchw'), { provider }).then(
        async (session) => session.close(),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'provider-unavailable' });
          expect((error as Error).message).toMatch(/"(coreml|dml)" is not available: .*--provider/);
        },
      );
      await opening;
    },
  );
});
