// Several metrics on ReaL's own labels.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  asma,
  imageMean,
  labelCountHistogram,
  labelSet,
  rankedClasses,
  realAccuracy,
  variableTopK,
} from '../../src/metrics/index.js';

const FOLDER = '../shared/imagenet-val';
const present = existsSync(`${FOLDER}/real.json`);
if (!present) console.warn(`skipped: ${FOLDER}/real.json is not there`);

/** The class index of each of the 50,000 validation images, in file-name order. */
function originalLabels(): number[] {
  const synsets = lines('LOC_synset_mapping.txt').map((line) => line.split(' ')[0]!);
  const indices = new Map(synsets.map((wnid, index) => [wnid, index]));
  const rows = lines('LOC_val_solution.csv').slice(1).sort();
  return rows.map((row) => indices.get(row.split(',')[1]!.split(' ')[0]!)!);
}

function lines(file: string): string[] {
  return readFileSync(`${FOLDER}/${file}`, 'utf8').trim().split('\n');
}

(present ? describe : describe.skip)("ImageNet's original labels against ReaL", () => {
  const lists = present
    ? (JSON.parse(readFileSync(`${FOLDER}/real.json`, 'utf8')) as number[][])
    : [];
  const labels = labelSet(lists, 1000);

  it('has the known numbers of labels', () => {
    expect(labelCountHistogram(labels)).toEqual([
      3163, 39_394, 5408, 1319, 411, 161, 88, 41, 13, 2,
    ]);
  });

  it('scores 42,164 of 46,837', () => {
    const values = realAccuracy(rankedClasses(originalLabels(), 1, 1000), labels);
    const { mean, images, excluded } = imageMean(values);
    expect([images, excluded]).toEqual([46_837, 3163]);
    expect(Math.round(mean * images)).toBe(42_164);
    expect(mean).toBeCloseTo(0.90023, 5);
  });

  it('scores 1 in variable top-k and ASMA for a ranking that starts with the labels', () => {
    const ranked = lists.flatMap((list) => {
      const others = Array.from({ length: 18 }, (_, c) => c).filter((c) => !list.includes(c));
      return [...list, ...others].slice(0, 9);
    });
    const result = asma(variableTopK(rankedClasses(ranked, 9, 1000), labels), labels);
    expect([result.asma, result.imageWeighted]).toEqual([1, 1]);
    expect(result.subgroups.map(({ images }) => images)).toEqual([
      39_394, 5408, 1319, 411, 161, 144,
    ]);
  });
});
