// The metrics, on the predictions of 66 published models for ImageNet and ImageNetV2.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import {
  asma,
  imageMean,
  labelSet,
  realAccuracy,
  type TopClasses,
  topNAccuracy,
  variableTopK,
} from '../../src/metrics/index.js';
import { openPredictions } from '../../src/predictions/open.js';
import { type EvaluationSetInput, openEvaluationSet } from '../../src/sets/open-set.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';

const shared = join(dirname(sharedInput.csv), '..');
/** Its classes on ImageNetV2 stand in reverse order. */
const REVERSED = 'fv_16k.npz';
/** The predictions are the five highest classes: images with more labels are left out. */
const RANKS = 5;
const GROUPS = ['1', '2', '3', '4', '5'];

const V2 = join(shared, 'imagenetv2');
const SETS: Record<string, EvaluationSetInput> = {
  'imagenet-val': { labels: sharedInput.real, originals: sharedInput.csv },
  'imagenetv2-matched-frequency': {
    labels: join(V2, 'imagenetv2_refined_labels.json'),
    originals: join(V2, 'matched-frequency.csv'),
  },
};

/** The metrics of every model on a set, by name. */
async function metricsOn(name: string): Promise<Map<string, Record<string, number>>> {
  const set = await openEvaluationSet(SETS[name]!);
  const real = labelSet(set.labels, 1000);
  const reached = set.labels.map((labels) => (labels.length > RANKS ? [] : labels));
  const near = labelSet(reached, 1000);
  const metrics = new Map<string, Record<string, number>>();
  const folder = join(shared, 'predictions', name);
  for (const file of readdirSync(folder).sort()) {
    if (file === REVERSED) continue;
    const top = await topOf(join(folder, file));
    const ofRule = (rule: 'fraction' | 'any' | 'exact') =>
      asma(variableTopK(top, near, rule), near, { only: GROUPS });
    const { asma: fraction, subgroups } = ofRule('fraction');
    metrics.set(file, {
      top1: imageMean(topNAccuracy(top, set.originals!, 1)).mean,
      real: imageMean(realAccuracy(top, real)).mean,
      ...Object.fromEntries(subgroups.map(({ group, mean }) => [`A_${group}`, mean])),
      asma: fraction,
      asmaAny: ofRule('any').asma,
      asmaExact: ofRule('exact').asma,
    });
  }
  return metrics;
}

async function topOf(path: string): Promise<TopClasses> {
  const source = await openPredictions(path, { kind: 'ranked' });
  const classes = new Uint16Array(source.images * source.width);
  let at = 0;
  for await (const rows of source.batches()) {
    classes.set(rows, at);
    at += rows.length;
  }
  return { classes, images: source.images, n: source.width };
}

describeWithShared('66 published models on ImageNet (ReaL) and ImageNetV2 (refined labels)', () => {
  it('lose on average what NumPy says in test/interop/check_study.py, under each metric and hit rule', async () => {
    const [first, second] = [
      await metricsOn('imagenet-val'),
      await metricsOn('imagenetv2-matched-frequency'),
    ];
    expect([first.size, [...first.keys()]]).toEqual([66, [...second.keys()]]);
    const meanGap = (metric: string): string => {
      const gaps = [...first].map(([model, of]) => of[metric]! - second.get(model)![metric]!);
      return (100 * (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length)).toFixed(2);
    };
    const names = Object.keys(first.get('resnet50.npz')!);
    expect(Object.fromEntries(names.map((name) => [name, meanGap(name)]))).toEqual({
      top1: '11.87',
      real: '6.92',
      ...{ A_1: '7.54', A_2: '4.36', A_3: '1.72', A_4: '2.46', A_5: '5.68' },
      ...{ asma: '4.35', asmaAny: '0.91', asmaExact: '4.57' },
    });
    expect((100 * first.get('resnet50.npz')!['top1']!).toFixed(2)).toBe('76.13');
    expect((100 * second.get('resnet50.npz')!['top1']!).toFixed(2)).toBe('63.33');
  }, 60_000);
});
