import { describe, expect, test } from '@jest/globals';
import { ReleaseError } from '../../src/errors.js';
import type { ImageChanges } from '../../src/release/diff.js';
import {
  type Bump,
  requiredBump,
  requireSemantic,
  requireVersion,
} from '../../src/release/versions.js';
import { thrownBy } from '../support/unit-errors.js';

function changes(some: Partial<ImageChanges>): { images: ImageChanges } {
  const none = { added: [], removed: [], changedPixels: [], changedLabels: [] };
  return { images: { ...none, unchanged: 0, encodedAnew: 0, ...some } };
}

describe('The least bump', () => {
  test.each<[string, Partial<ImageChanges>, Bump, string]>([
    ['nothing', { unchanged: 9 }, 'patch', 'all images have the same pixels and labels'],
    ['files encoded again', { unchanged: 9, encodedAnew: 9 }, 'patch', 'all images have'],
    ['images added', { added: ['a', 'b'], unchanged: 9 }, 'minor', '2 images added'],
    ['an image removed', { removed: ['a'] }, 'major', '1 image removed'],
    ['pixels', { changedPixels: ['a'] }, 'major', '1 image changed in pixels'],
    ['labels', { changedLabels: ['a'] }, 'major', '1 image changed in labels'],
    [
      'images added and others removed',
      { added: ['a'], removed: ['b'] },
      'major',
      '1 image removed',
    ],
  ])('where %s changed', (_, some, bump, reason) => {
    const required = requiredBump(changes(some));
    expect(required.bump).toBe(bump);
    expect(required.reason).toContain(reason);
  });
});

describe('A new version', () => {
  test.each<[previous: string, version: string, bump: Bump]>([
    ['1.0.0', '1.0.1', 'patch'],
    ['1.0.0', '1.0.7', 'patch'],
    ['1.0.0', '2.0.0', 'patch'], // more than needed
    ['1.0.9', '1.1.0', 'minor'],
    ['1.9.0', '2.0.0', 'major'],
    ['0.1.0', '1.0.0', 'major'],
    ['1.0.0', '1.1.0-rc.1', 'minor'],
    ['2.0.0-rc.1', '2.0.0-rc.2', 'major'],
    ['2.0.0-rc.1', '2.0.0', 'major'],
  ])('from %s may be %s after a %s change', (previous, version, bump) => {
    requireVersion(version, previous, { bump, reason: '' });
  });

  test.each<[previous: string, version: string, bump: Bump, least: string]>([
    ['1.0.0', '1.0.1', 'minor', '1.1.0'],
    ['1.0.0', '1.1.0', 'major', '2.0.0'],
    ['1.0.0', '1.9.9', 'major', '2.0.0'],
    ['0.1.0', '0.2.0', 'major', '1.0.0'],
    ['1.0.0', '1.1.0-rc.1', 'major', '2.0.0'],
    ['1.0.1-rc.1', '1.0.1', 'major', '2.0.0'],
  ])('from %s may not be %s after a %s change, at least %s', (previous, version, bump, least) => {
    const error = thrownBy(() => {
      requireVersion(version, previous, { bump, reason: '3 images this or that' });
    });
    expect(error).toMatchObject({ code: 'version-too-small' });
    expect((error as Error).message).toContain(
      `3 images this or that, which is a ${bump} change; the lowest allowed is ${least}`,
    );
  });

  test.each([
    ['1.0.0', '1.0.0'],
    ['1.0.0', '0.9.9'],
    ['1.0.0', '1.0.0-rc.1'],
    ['1.10.0', '1.9.0'],
  ])('from %s may not be %s, which is not greater', (previous, version) => {
    const error = thrownBy(() => {
      requireVersion(version, previous, { bump: 'patch', reason: '' });
    });
    expect(error).toMatchObject({ code: 'version-not-greater' });
  });

  test.each(['', '1', '1.0', 'v1.0.0', '1.0.0.0', '01.0.0', '1.0.0+build', ' 1.0.0', '1.0.0/..'])(
    'may not be %p',
    (version) => {
      const error = thrownBy(() => {
        requireSemantic(version);
      });
      expect(error).toBeInstanceOf(ReleaseError);
      expect(error).toMatchObject({ code: 'version-invalid' });
    },
  );
});
