import { describe, expect, it } from '@jest/globals';
import { checkCodecs, codecVersions } from '../../src/image/codecs.js';

describe('checkCodecs', () => {
  it('finds that every native part works', async () => {
    expect(await checkCodecs()).toEqual({
      png: 'works',
      jpeg: 'works',
      webp: 'works',
      resizing: 'works',
    });
  });
});

describe('codecVersions', () => {
  it('names a version of each', async () => {
    const versions = await codecVersions();
    expect(Object.keys(versions)).toEqual([
      'sharp',
      'libvips',
      'kernel',
      'jpegDecoder',
      'jpegEncoder',
      'resizer',
    ]);
    for (const version of Object.values(versions)) expect(version).toMatch(/\d/);
  });
});
