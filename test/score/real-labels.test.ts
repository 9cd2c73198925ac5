import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { classOf } from '../../src/imagenet/synsets.js';
import type { PredictionSource } from '../../src/predictions/source.js';
import { scorePredictions } from '../../src/score/score-predictions.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { inOrder, madeSet } from '../support/unit-scores.js';

/** The original class of each of the 50,000 images, in file-name order. */
function readOriginals(): number[] {
  const rows = readFileSync(sharedInput.csv, 'utf8').trim().split('\n').slice(1).sort();
  return rows.map((row) => classOf(row.split(',')[1]!.split(' ')[0]!)!);
}

describeWithShared("ImageNet's original labels as predictions, against ReaL", () => {
  it('score 42,164 of 46,837', async () => {
    const path = join(dirname(sharedInput.csv), 'real.json');
    const labels = JSON.parse(readFileSync(path, 'utf8')) as number[][];
    const originals = readOriginals();
    const source: PredictionSource = {
      kind: 'ranked',
      images: originals.length,
      width: 1,
      ids: undefined,
      path: sharedInput.csv,
      // eslint-disable-next-line @typescript-eslint/require-await -- as files are read
      batches: async function* () {
        yield Int32Array.from(originals);
      },
    };
    const set = madeSet(labels, { originals });
    const { body } = await scorePredictions(
      { source, positions: inOrder(originals.length), set },
      {
        resamples: 100,
      },
    );
    const { real, top1, subgroups, asma } = body.metrics;
    expect(real).toMatchObject({ value: 42_164 / 46_837, n: 46_837 });
    // 3 standard errors, sqrt(0.9 * 0.1 / 46,837), are 0.4 points
    expect(real!.high! - real!.low!).toBeLessThan(0.008);
    expect(top1).toMatchObject({ value: 1, low: 1, high: 1, n: 50_000 });
    expect(subgroups['A_1']!.n).toBe(39_394);
    expect(asma).toMatchObject({ value: subgroups['A_1']!.value, n: 39_394, subgroups: ['A_1'] });
    expect(body.set).toMatchObject({ labelled: 46_837, unlabelled: 3163 });
    expect(body.unavailable['variableTopK']).toBe(
      'needs the 9 highest classes, the predictions have 1',
    );
  });
});
