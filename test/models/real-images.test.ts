// From an ONNX file to a scorecard, against Pillow and onnxruntime in Python.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import type { ModelCard } from '../../src/models/card.js';
import { newValues, openPreprocessor } from '../../src/models/preprocess.js';
import { PREDICTIONS_FILE } from '../../src/models/run-model.js';
import { openPredictions } from '../../src/predictions/open.js';
import { type Evaluated, evaluateModel } from '../../src/score/evaluate.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { cardWith } from '../support/unit-cards.js';
import { collect } from '../support/unit-errors.js';
import { openWorkspace } from '../support/workspace.js';

/** Made with Pillow and onnxruntime's Python build by scripts/preprocess-reference.py --top5. */
const reference = JSON.parse(
  readFileSync(join('test', 'models', 'preprocess', 'top5.json'), 'utf8'),
) as Record<string, Record<string, number[]>>;

/** SHA-256 of the pixels that Pillow makes for an input of 224 x 224, by the same script. */
const digests = JSON.parse(
  readFileSync(join('test', 'models', 'preprocess', 'digests.json'), 'utf8'),
) as Record<string, string>;

/**
 * Of 300 images. Sums of 8-bit products are the same on processors that have an instruction for them
 * (VNNI), as the reference's had; others cut them off.
 */
const SAME_TOP_5 =
  existsSync('/proc/cpuinfo') && readFileSync('/proc/cpuinfo', 'utf8').includes('vnni') ? 297 : 150;

const newFolder = openWorkspace();

describeWithShared('two real models on 300 real images', () => {
  let set: EvaluationSet;

  beforeAll(async () => {
    const { images, real: labels, csv: originals } = sharedInput;
    set = await openEvaluationSet({ images, labels, originals });
  });

  async function evaluate(name: string): Promise<Evaluated> {
    const model = resolve('..', 'shared', 'models', `${name}.onnx`);
    const folder = newFolder(name);
    return evaluateModel({
      card: cardWith({}, {}, { name, model }),
      set,
      work: join(folder, 'work'),
      out: join(folder, 'scores'),
    });
  }

  it.each(['mobilenetv2_quant_static', 'mobilenetv2_quant'])(
    'are as right as they are known to be, and rank as PyTorch users see them: %s',
    async (name) => {
      const { scorecard, predictions } = await evaluate(name);
      const { top1, top5, real } = scorecard.metrics;
      // 69% and 89 to 90% on the first 1,000 images; on 300 the standard error is 2.7 and 1.7 points.
      expect(top1).toMatchObject({ n: 300 });
      expect(Math.abs(top1!.value! - 0.69)).toBeLessThan(0.06);
      expect(Math.abs(top5!.value! - 0.895)).toBeLessThan(0.04);
      expect(real).toMatchObject({ n: 281 }); // 19 of the 300 have no ReaL label
      expect(real!.value).toBeGreaterThan(top1!.value!);

      const source = await openPredictions(join(predictions.folder, PREDICTIONS_FILE));
      const ranked = (await collect(source.batches())).flatMap((batch) => [...batch]);
      const same = source.ids!.filter((id, row) => {
        const mine = new Set(ranked.slice(row * source.width, row * source.width + 5));
        return reference[name]![id]!.every((label) => mine.has(label));
      });
      expect(same.length).toBeGreaterThanOrEqual(SAME_TOP_5);
    },
  );

  it("see every pixel as Pillow's users do", async () => {
    // As bytes, which are the pixels themselves, the channels of each side by side.
    const asIs = { layout: 'NHWC', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
    const preprocess = openPreprocessor(cardWith(asIs as unknown as ModelCard['input']), 'uint8');
    const pixels = newValues('uint8', 3 * 224 * 224);
    const files = readdirSync(sharedInput.images).sort();
    expect(files).toHaveLength(300);
    const mine: Record<string, string> = {};
    for (const file of files) {
      await preprocess(readFileSync(join(sharedInput.images, file)), pixels);
      mine[file.replace('.JPEG', '')] = createHash('sha256').update(pixels).digest('hex');
    }
    expect(mine).toEqual(digests);
  });
});
