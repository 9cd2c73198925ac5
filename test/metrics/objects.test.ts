import { describe, expect, it } from '@jest/globals';
import {
  bootstrap,
  labelRecall,
  labelSet,
  objectRecall,
  type ObjectSet,
  rankedClasses,
  ratioStatistic,
  recognisedAlone,
  sharesByGroup,
} from '../../src/metrics/index.js';

// Five images of ten classes; patch 0 is of class 4, 1 of 7, 2 of 5, 3 of 4:
//   image 0: patch 0            L = {4}     ranks 4, 1, 2
//   image 1: patches 0 and 1    L = {4, 7}  ranks 7, 3, 4
//   image 2: patch 2            L = {5}     ranks 9, 5, 1
//   image 3: patches 2, 3, 1    L = {4, 5, 7} ranks 5, 0, 7
//   image 4: patch 0            L = {4}     ranks 1, 4, 2
const labels = labelSet([[4], [4, 7], [5], [4, 5, 7], [4]], 10);
const top = rankedClasses([4, 1, 2, 7, 3, 4, 9, 5, 1, 5, 0, 7, 1, 4, 2], 3, 10);
const objects: ObjectSet = {
  offsets: Uint32Array.from([0, 1, 3, 4, 7, 8]),
  classes: Uint16Array.from([4, 4, 7, 5, 5, 4, 7, 4]),
  patches: Uint32Array.from([0, 0, 1, 2, 2, 3, 1, 0]),
};
const recall = objectRecall(top, labels, objects);

describe('objectRecall', () => {
  it("is whether an object's class is among the k highest of its image", () => {
    // 4 first; of 7, 3 only 7; 5 second, so not; of 5, 0, 7 not 4; 4 second, so not
    expect([...recall]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  });

  it('is not defined where an image has more labels than there are ranks, or none', () => {
    const two = rankedClasses([4, 1, 7, 3, 9, 5, 5, 0, 1, 4], 2, 10);
    expect([...objectRecall(two, labels, objects)]).toEqual([1, 0, 1, 0, NaN, NaN, NaN, 0]);
    const none = labelSet([[4], [], [5], [4, 5, 7], [4]], 10);
    expect([...objectRecall(top, none, objects)]).toEqual([1, NaN, NaN, 0, 1, 0, 1, 0]);
  });

  it('refuses objects of another number of images', () => {
    const other = { offsets: Uint32Array.from([0, 1]), classes: Uint16Array.from([4]) };
    expect(() => objectRecall(top, labels, other)).toThrow(/the objects/);
  });
});

describe('labelRecall', () => {
  it('is the same for labels', () => {
    // {4}; {4, 7}; {5}; {4, 5, 7}; {4}
    expect([...labelRecall(top, labels)]).toEqual([1, 0, 1, 0, 0, 1, 1, 0]);
  });
});

describe('recognisedAlone', () => {
  it('is whether the image of the patch alone has its class first, their share where there are several', () => {
    // patch 0 is alone in images 0 (right) and 4 (wrong), patch 2 in image 2 (wrong); 1 and 3 nowhere;
    // the objects of images 0, 2 and 4 are alone themselves
    expect([...recognisedAlone(recall, objects)]).toEqual([NaN, 1 / 2, NaN, NaN, 0, NaN, NaN, NaN]);
  });
});

describe('sharesByGroup', () => {
  it('adds up the objects of each image that are in a group', () => {
    const groups = [-1, 0, 1, -1, 0, 0, 0, -1];
    const [first, second] = sharesByGroup(objects.offsets, groups, 2, recall);
    // group 0: object 1 in image 1 (0 of 1), objects 4 to 6 in image 3 (2 of 3)
    expect(first).toEqual({
      members: Uint32Array.from([1, 3]),
      sums: Float64Array.from([0, 2]),
      weights: Float64Array.from([1, 3]),
      objects: 4,
    });
    expect(second!.members).toEqual(Uint32Array.from([1]));
  });

  it('weighs them, and leaves out those without a value or a weight', () => {
    const weights = recognisedAlone(recall, objects);
    const [shares] = sharesByGroup(objects.offsets, new Uint8Array(8), 1, recall, weights);
    // only object 1 weighs anything, a half
    expect(shares).toEqual({
      members: Uint32Array.from([1]),
      sums: Float64Array.from([0]),
      weights: Float64Array.from([1 / 2]),
      objects: 1,
    });
  });
});

describe('ratioStatistic', () => {
  const [shares] = sharesByGroup(objects.offsets, new Uint8Array(8), 1, recall);

  it('is the mean over objects, on a resample that of the objects drawn', () => {
    const statistic = ratioStatistic(5, shares!);
    expect(statistic.value()).toBe(4 / 8);
    // image 1 twice (1 of 2 each), image 3 three times (2 of 3 each)
    expect(statistic.value(Uint16Array.from([0, 2, 0, 3, 0]))).toBe((2 * 1 + 3 * 2) / (4 + 9));
    expect(statistic.included).toBe(5);
  });

  it('has an interval from as many clusters as it has minImages, not images', async () => {
    const clusters = Uint32Array.from([0, 0, 1, 1, 1]);
    const statistics = {
      apart: ratioStatistic(5, shares!),
      together: ratioStatistic(5, shares!, { clusters }),
    };
    const { apart, together } = await bootstrap(statistics, { minImages: 3, resamples: 20 });
    expect(apart.low).not.toBeNaN();
    expect(together.low).toBeNaN();
    expect(together.images).toBe(2);
  });
});
