import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { scoresFolder } from '../../src/score/scores-folder.js';
import { madeSet } from '../support/unit-scores.js';

describe('scoresFolder', () => {
  const first = { 'beyond-limit': 7 };

  it.each([
    ['imagenet-val', { rule: 'original' }],
    ['imagenet-val-real', { rule: 'real' }],
    ['imagenet-val-multi-label-authors', { rule: 'multi-label-authors' }],
    ['imagenet-val-real-limit-2', { rule: 'real', leftOut: first }],
  ] as const)('is named %s by its rule and limit', (expected, fields) => {
    const set = madeSet([[1], [2]], { name: 'imagenet-val', kind: 'imagenet', ...fields });
    expect(scoresFolder('out', set, 'm')).toBe(join('out', expected, 'm'));
  });

  it('has the name and version of a PatchML dataset', () => {
    const fields = { name: 'paper 1.0.0', kind: 'patchml', rule: 'patchml' } as const;
    const set = madeSet([[1], [2]], fields);
    expect(scoresFolder('out', set, 'a/b')).toBe(join('out', 'paper-1.0.0', 'a-b'));
    const limited = madeSet([[1], [2]], { ...fields, leftOut: first });
    expect(scoresFolder('out', limited, 'a/b')).toBe(join('out', 'paper-1.0.0-limit-2', 'a-b'));
  });
});
