import { describe, expect, it } from '@jest/globals';
import { classOf } from '../../src/imagenet/synsets.js';
import { CLASS_COUNT, classMapping, mapClasses, missingClasses } from '../../src/models/classes.js';

describe('missingClasses', () => {
  const fruit = { model: 'fruit.onnx', classes: ['n07753592', 'n07749582'] }; // 954, 951
  const of = (labels: number[][], originals?: number[]) => ({ name: 'made', labels, originals });

  it('counts the classes of a set that a model lacks, and their images', () => {
    const labels = [[954], [951, 3], [3, 4], []];
    expect(missingClasses(fruit, of(labels))).toEqual({ classes: 2, of: 4, images: 2 });
    const known = { classes: 0, of: 1, images: 0 };
    expect(missingClasses(fruit, of([[954], [954]]))).toEqual(known);
    expect(missingClasses(fruit, of([[], []]))).toEqual({ classes: 0, of: 0, images: 0 });
    // The original labels count as well.
    expect(missingClasses(fruit, of([[954], [954]], [954, 7])).images).toBe(1);
  });

  it('refuses a set of which a model has no class: every score would be 0', () => {
    expect(() => missingClasses(fruit, of([[3], [4, 5]]))).toThrow(
      'fruit.onnx: none of its 2 classes is a label of any image of made; evaluate it on',
    );
  });
});

describe('mapClasses', () => {
  it('hands on the outputs of a model of the 1,000 classes', () => {
    const outputs = new Float32Array(2 * CLASS_COUNT);
    expect(mapClasses(outputs, classMapping({ classes: 'imagenet-1k' }), -1)).toBe(outputs);
  });

  it('leaves out the background class, which comes first', () => {
    const outputs = Float32Array.from({ length: 2 * 1001 }, (_, at) => at);
    const mapping = classMapping({ classes: 'imagenet-1k-background' });
    const scores = mapClasses(outputs, mapping, -1);
    expect(mapping.outputs).toBe(1001);
    expect(scores).toHaveLength(2 * CLASS_COUNT);
    expect([scores[0], scores[999], scores[1000], scores[1999]]).toEqual([1, 1000, 1002, 2001]);
  });

  it('puts the outputs of a subset in their places, and the lowest score everywhere else', () => {
    const wnids = ['n07753592', 'n01440764', 'n02391049'];
    const [banana, tench, zebra] = wnids.map((wnid) => classOf(wnid)!);
    const scores = mapClasses(
      Float32Array.of(1, 2, 3, 4, 5, 6),
      classMapping({ classes: wnids }),
      -9,
    );
    expect([scores[banana!], scores[tench!], scores[zebra!]]).toEqual([1, 2, 3]);
    expect([scores[1000 + banana!], scores[1000 + zebra!]]).toEqual([4, 6]);
    expect(scores.filter((score) => score === -9)).toHaveLength(2 * (CLASS_COUNT - 3));
  });
});
