import { describe, expect, it } from '@jest/globals';
import { matchFiles } from '../../src/sets/match-files.js';

/** The listed file of each image, and the listed files of none. */
function match(files: string[], images: string[]): unknown {
  const { listed, missing, ambiguous } = matchFiles(files, images);
  return {
    of: listed.map((at) => files[at]),
    missing: missing.map((at) => files[at]),
    ambiguous: ambiguous.map((at) => files[at]),
  };
}

const none = { missing: [], ambiguous: [] };

describe('matchFiles', () => {
  it.each([
    ['the same paths', ['b/x.jpg', 'a/x.jpg'], ['a/x.jpg', 'b/x.jpg'], ['a/x.jpg', 'b/x.jpg']],
    ['paths without their extension', ['a/x.png', 'y'], ['y.jpg', 'a/x.jpg'], ['y', 'a/x.png']],
    ['the extension where it tells', ['a.png', 'a.jpg'], ['a.jpg', 'a.png'], ['a.jpg', 'a.png']],
    ['folders above the list', ['7/0', '65/0'], ['v2/65/0', 'v2/7/0'], ['65/0', '7/0']],
    ['folders above the images', ['v2/7/0', 'v2/65/0'], ['65/0', '7/0'], ['v2/65/0', 'v2/7/0']],
    [
      'other folders above both',
      ['p/q/7/0', 'p/q/8/0'],
      ['r/8/0', 'r/7/0'],
      ['p/q/8/0', 'p/q/7/0'],
    ],
    [
      'names alone',
      ['f4603.jpeg', 'q/3e7c.jpeg'],
      ['7/3e7c', '8/f4603'],
      ['q/3e7c.jpeg', 'f4603.jpeg'],
    ],
    ['a path before a longer one that ends so', ['0', '7/0'], ['7/0', '0'], ['7/0', '0']],
    [
      "ImageNet's names with a synset",
      ['ILSVRC2012_val_00000001.JPEG', 'n01440764_18_n01440764.JPEG'],
      ['a/n01440764_18.JPEG', 'ILSVRC2012_val_00000001_n01751748.JPEG'],
      ['n01440764_18_n01440764.JPEG', 'ILSVRC2012_val_00000001.JPEG'],
    ],
  ])('finds images by %s', (_, files, images, of) => {
    expect(match(files, images)).toEqual({ of, ...none });
  });

  it('gives one file to one image, and the others none', () => {
    expect(match(['v2/65/0.jpeg'], ['7/0.jpeg', '65/0.jpeg', '999/0.jpeg'])).toEqual({
      of: [undefined, 'v2/65/0.jpeg', undefined],
      ...none,
    });
  });

  it('finds none by a name that several images or several files have', () => {
    const two = { of: [undefined, undefined], missing: ['0.jpeg'], ambiguous: ['0.jpeg'] };
    expect(match(['0.jpeg'], ['7/0.jpeg', '65/0.jpeg'])).toEqual(two);
    expect(match(['7/0', '65/0'], ['0'])).toEqual({
      of: [undefined],
      missing: ['7/0', '65/0'],
      ambiguous: ['7/0', '65/0'],
    });
  });

  it('takes files of other folders for absent, not for ambiguous', () => {
    expect(match(['v2/5/0', 'v2/7/0', 'v2/6/1'], ['7/0', '65/0'])).toEqual({
      of: ['v2/7/0', undefined],
      missing: ['v2/5/0', 'v2/6/1'],
      ambiguous: [],
    });
  });
});
