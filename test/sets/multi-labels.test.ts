import { describe, expect, it } from '@jest/globals';
import { parseMultiLabels } from '../../src/sets/multi-labels.js';
import { thrownBy } from '../support/unit-errors.js';

const VAL_1 = 'ILSVRC2012_val_00000001.JPEG';
const [TENCH, GOLDFISH, SHARK] = ['n01440764', 'n01443537', 'n01484850'] as const;

const json = {
  initial_annots: {
    [VAL_1]: { correct: [GOLDFISH, TENCH], wrong: [SHARK], unclear: [SHARK, TENCH] },
    'ILSVRC2012_val_00000002.JPEG': { wrong: [SHARK] },
    'ILSVRC2012_val_00000003.JPEG': { correct: [TENCH] },
    '12/abc.jpeg': { unclear: [SHARK] },
    'def.jpeg': { correct: [SHARK] },
  },
  problematic_images: { 'ILSVRC2012_val_00000003.JPEG': 'a collage' },
};

describe('parseMultiLabels', () => {
  it("counts by the authors' rule what was called correct", () => {
    const { labelsOf } = parseMultiLabels(json, 'authors', 'h.json');
    expect(labelsOf([VAL_1, '12/abc', 'def'])).toEqual([[0, 1], [], [2]]);
  });

  it('counts by the rule of TFDS also what was called unclear, each class once', () => {
    const { labelsOf } = parseMultiLabels(json, 'tfds', 'h.json');
    expect(labelsOf([VAL_1, '12/abc', 'def'])).toEqual([[0, 1, 2], [2], [2]]);
  });

  it.each(['authors', 'tfds'] as const)(
    'says by the rule %s what has no labels, and why',
    (rule) => {
      const { labelsOf } = parseMultiLabels(json, rule, 'h.json');
      const ids = [2, 3, 4].map((number) => `ILSVRC2012_val_0000000${number}`);
      expect(labelsOf(ids)).toEqual([[], 'problematic', undefined]);
    },
  );

  it('finds images by path or by file name, with or without extension', () => {
    const { labelsOf } = parseMultiLabels(json, 'tfds', 'h.json');
    for (const file of ['12/abc.jpeg', '12/abc', 'abc', 'n01440764/abc', 'v2/12/abc.jpeg']) {
      expect(labelsOf([file])).toEqual([[2]]);
    }
    expect(labelsOf(['77/def'])).toEqual([[2]]);
  });

  it('finds by the path alone where two images have one file name', () => {
    const annotations = { '1/a.jpeg': { correct: [TENCH] }, '2/a.jpeg': { correct: [SHARK] } };
    const two = { initial_annots: annotations, problematic_images: [] };
    const { labelsOf } = parseMultiLabels(two, 'authors', 'h.json');
    expect(labelsOf(['1/a', '2/a', '3/a', 'a'])).toEqual([[0], [2], undefined, undefined]);
  });

  it('refuses an annotation that could be of several images', () => {
    const annotations = { '0.jpeg': { correct: [TENCH] } };
    const { labelsOf } = parseMultiLabels(
      { initial_annots: annotations, problematic_images: {} },
      'authors',
      'h.json',
    );
    expect(labelsOf(['7/0', '8/1'])).toEqual([[0], undefined]);
    expect(thrownBy(() => labelsOf(['7/0', '65/0']))).toMatchObject({
      code: 'labels-ambiguous',
      path: 'h.json',
      message: expect.stringContaining('"0.jpeg"') as unknown,
    });
  });

  it('takes the problematic images as a list too', () => {
    const listed = { ...json, problematic_images: ['def.jpeg'] };
    expect(parseMultiLabels(listed, 'authors', 'h.json').labelsOf(['def'])).toEqual([
      'problematic',
    ]);
  });

  it('names an unknown synset and its image', () => {
    const annotations = { [VAL_1]: { correct: [TENCH, 'n00000001'] } };
    const call = (): unknown =>
      parseMultiLabels({ ...json, initial_annots: annotations }, 'authors', 'h.json');
    expect(thrownBy(call)).toMatchObject({
      name: 'EvaluationError',
      code: 'labels-unknown-class',
      path: 'h.json',
      place: `initial_annots["${VAL_1}"].correct`,
      message: expect.stringContaining('"n00000001"') as unknown,
    });
  });

  it.each([
    ['annotations that are a list', { initial_annots: [] }, 'initial_annots'],
    ['an annotation that is a list', { initial_annots: { a: [TENCH] } }, 'initial_annots["a"]'],
    ['no problematic images', { problematic_images: undefined }, 'problematic_images'],
    ['a number for a file name', { problematic_images: ['a', 5] }, 'problematic_images[1]'],
  ])('refuses %s', (_, change, place) => {
    const call = (): unknown => parseMultiLabels({ ...json, ...change }, 'authors', 'h.json');
    expect(thrownBy(call)).toMatchObject({
      code: 'labels-multi-label-form',
      path: 'h.json',
      place,
    });
  });
});
