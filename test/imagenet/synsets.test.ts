import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { PoolFolder } from '../../src/generate/pool.js';
import { MetricsError } from '../../src/errors.js';
import { SYNSET_TABLE } from '../../src/imagenet/synset-table.js';
import { classNameOf, classNames, classOf } from '../../src/imagenet/synsets.js';

const MAPPING = '../shared/imagenet-val/LOC_synset_mapping.txt';
const wnids = SYNSET_TABLE.trim()
  .split('\n')
  .map((row) => row.slice(0, 9));

describe('the synsets', () => {
  it('are 1,000, ascending: the class index is the rank', () => {
    expect(wnids).toHaveLength(1000);
    expect(wnids).toEqual([...new Set(wnids)].sort());
    expect(wnids.map(classOf)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  it.each([
    ['n01440764', 0, 'tench'],
    ['n07753592', 954, 'banana'],
    ['n02391049', 340, 'zebra'],
    ['n15075141', 999, 'toilet tissue'],
  ])('have %s as class %d, %s', (wnid, index, name) => {
    expect(classOf(wnid)).toBe(index);
    expect(classNameOf(index)).toBe(name);
  });

  it.each(['Scottish_deerhound', 'n00000000', '', 'n01440764 ', '__proto__'])(
    'have no class for %j',
    (wnid) => {
      expect(classOf(wnid)).toBeUndefined();
    },
  );

  const real = existsSync(MAPPING) ? it : it.skip;
  real('are those of LOC_synset_mapping.txt (needs ../shared)', () => {
    const mapping = readFileSync(MAPPING, 'utf8').trim().split('\n');
    expect(mapping.map((row) => row.slice(0, 9))).toEqual(wnids);
  });
});

describe('classNames', () => {
  it('differ for every class', () => {
    expect(classNames()).toHaveLength(1000);
    expect(new Set(classNames()).size).toBe(1000);
  });

  it.each([
    [134, 'crane (134)'],
    [517, 'crane (517)'],
    [638, 'maillot (638)'],
    [639, 'maillot (639)'],
  ])('of class %d, which shares its name, is %s', (index, name) => {
    expect(classNameOf(index)).toBe(name);
  });

  it('are plain words where the name is not shared', () => {
    const numbered = classNames().filter((name) => /\(\d+\)$/.test(name));
    expect(numbered).toHaveLength(4);
  });

  it.each([-1, 1000, 1.5, NaN])('have none for %p', (index) => {
    expect(() => classNameOf(index)).toThrow(MetricsError);
  });
});

describe('Wnid and ClassIndex', () => {
  it('take plain texts and numbers, and not the path of a folder or another index', () => {
    const folder: PoolFolder = 'output/work/pool/1';
    const patch: number & { readonly kindOfIndex?: 'patch' } = 3;
    // @ts-expect-error -- the path of a pool is no synset
    expect(classOf(folder)).toBeUndefined();
    // @ts-expect-error -- the index of a patch is no class
    expect(classNameOf(patch)).toBe(classNameOf(3));
    expect(classOf('n01440764')).toBe(0);
  });
});
