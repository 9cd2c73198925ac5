import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ReleaseError } from '../../src/errors.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import type { ImageChanges } from '../../src/release/diff.js';
import { releaseDataset } from '../../src/release/release.js';
import {
  type Bump,
  requiredBump,
  requireSemantic,
  requireVersion,
} from '../../src/release/versions.js';
import { thrownBy } from '../support/unit-errors.js';
import { copyOf, editRelease, openGenerator, smallInput } from '../support/unit-releases.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

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

const newFolder = openWorkspace();
let make: (fields?: RecipeOverrides) => Promise<string>;
/** Eight images, those with four more, and those with another background. */
let [dataset, larger, other] = ['', '', ''];
let previous: string;

beforeAll(async () => {
  make = openGenerator(await smallInput(newFolder('input')), newFolder);
  dataset = await make();
  larger = await make({ sampling: { counts: { 2: 6, 3: 6 } } });
  other = await make({ canvas: { background: 'black' } });
  const to = newFolder('to');
  ({ folder: previous } = await releaseDataset({ dataset, version: '1.0.0', to }));
});

describe('A release after another', () => {
  test('of the same images may be a patch', async () => {
    const to = newFolder('to');
    const { release } = await releaseDataset({ dataset, version: '1.0.1', to, previous });
    expect(release.previous).toMatchObject({ version: '1.0.0', dataset: release.dataset });
  });

  test('with more images is a minor one', async () => {
    const input = { dataset: larger, to: newFolder('to'), previous };
    const refused = releaseDataset({ ...input, version: '1.0.1' });
    await expect(refused).rejects.toThrow(
      'version 1.0.1 is too small a step from 1.0.0: 4 images added, which is a minor change; the lowest allowed is 1.1.0',
    );
    expect(readdirSync(input.to)).toEqual([]);
    const { folder, diff } = await releaseDataset({ ...input, version: '1.1.0' });
    expect(diff?.images.added).toEqual(['k2-000004', 'k2-000005', 'k3-000004', 'k3-000005']);
    const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8');
    expect(changelog).toMatch(
      /^# Changelog of made\n\n## 1\.1\.0\n\nSince 1\.0\.0:\n[^]*\n## 1\.0\.0\n\nFirst release: 8 images\.\n$/,
    );
    expect(changelog).toContain('- `sampling.counts.2`: `4` to `6`\n');
    expect(changelog).toContain('- 4 images added: k2-000004, k2-000005, k3-000004, k3-000005\n');
    expect(changelog).toContain('| images | 8 | 12 |\n');
    expect(changelog).toContain('|  | made 1.0.0 | made 1.1.0 |\n');
  });

  test.each<[string, () => string]>([
    ['other pixels', () => other],
    ['fewer images', () => dataset],
  ])('with %s is a major one', async (_, next) => {
    const input = { dataset: next(), to: newFolder('to'), previous };
    if (next() === dataset) {
      const first = { dataset: larger, version: '1.0.0', to: newFolder('larger') };
      input.previous = (await releaseDataset(first)).folder;
    }
    const refused = releaseDataset({ ...input, version: '1.9.0' });
    await expect(refused).rejects.toMatchObject({ code: 'version-too-small' });
    await expect(refused).rejects.toThrow('the lowest allowed is 2.0.0');
    expect((await releaseDataset({ ...input, version: '2.0.0' })).isNew).toBe(true);
  });

  test('whose images are JPEGs of another quality is a major one: they look different', async () => {
    const counts = { sampling: { counts: { 2: 2 } } };
    const first = await make({ encode: { format: 'jpeg', quality: 95 }, ...counts });
    const second = await make({ encode: { format: 'jpeg', quality: 50 }, ...counts });
    const to = newFolder('to');
    const { folder } = await releaseDataset({ dataset: first, version: '1.0.0', to });
    const input = { dataset: second, to, previous: folder };
    const refused = releaseDataset({ ...input, version: '1.0.1' });
    await expect(refused).rejects.toThrow('2 images changed in pixels');
  });

  test('whose images are WebP without loss, not PNG, is a patch: they look the same', async () => {
    const webp = await make({ encode: { format: 'webp' } });
    const input = { dataset: webp, version: '1.0.1', to: newFolder('to'), previous };
    expect((await releaseDataset(input)).diff?.images).toMatchObject({
      unchanged: 8,
      encodedAnew: 8,
    });
  });

  test('may be a recipe release of what was published in full, and the other way round', async () => {
    const to = newFolder('to');
    const input = { dataset, to, recipeOnly: true };
    const { folder } = await releaseDataset({ ...input, version: '1.0.1', previous });
    await releaseDataset({ dataset, to, version: '1.0.2', previous: folder });
  });

  test('must be greater than it', async () => {
    const refused = releaseDataset({ dataset, version: '1.0.0', to: newFolder('to'), previous });
    await expect(refused).rejects.toMatchObject({ code: 'version-not-greater' });
  });
});

describe('The previous release', () => {
  test('of another name is refused', async () => {
    const renamed = await make({ name: 'another' });
    const input = { dataset: renamed, version: '2.0.0', to: newFolder('to'), previous };
    const refused = releaseDataset(input);
    await expect(refused).rejects.toMatchObject({ code: 'previous-other-name' });
    await expect(refused).rejects.toThrow('is named "made", not "another"');
  });

  test('must be named where there is one beside', async () => {
    const to = newFolder('to');
    const { folder } = await releaseDataset({ dataset, version: '1.0.0', to });
    const refused = releaseDataset({ dataset: other, version: '1.0.1', to });
    await expect(refused).rejects.toMatchObject({ code: 'previous-not-named' });
    await expect(refused).rejects.toThrow(`compare against it: --previous ${folder}`);
  });

  test('must be the last of those beside, whatever their folders are called', async () => {
    const to = newFolder('to');
    const first = await releaseDataset({ dataset, version: '1.0.0', to });
    const second = await releaseDataset({
      dataset: larger,
      version: '1.1.0',
      to,
      previous: first.folder,
    });
    const last = join(to, 'the-last-one');
    renameSync(second.folder, last);
    const input = { dataset, to, version: '1.2.0' };
    const older = releaseDataset({ ...input, previous: first.folder });
    await expect(older).rejects.toMatchObject({ code: 'previous-not-last' });
    await expect(older).rejects.toThrow(`1.1.0, but --previous names another`);
    for (const refused of [older, releaseDataset(input)]) {
      await expect(refused).rejects.toThrow(`compare against it: --previous ${last}`);
    }
    const copy = copyOf(last, newFolder('copy'));
    const made = await releaseDataset({ ...input, version: '2.0.0', previous: copy });
    expect(made.release.previous).toMatchObject({ version: '1.1.0' });
    // What lies between is compared with its own last one, not with those after it.
    const between = releaseDataset({ ...input, version: '1.0.1', previous: first.folder });
    expect((await between).isNew).toBe(true);
  });

  test('that is a dataset, or whose release.json is gone, is refused', async () => {
    const bare = copyOf(previous, newFolder('bare'));
    rmSync(join(bare, 'release.json'));
    for (const folder of [larger, bare]) {
      const input = { dataset, version: '2.0.0', to: newFolder('to'), previous: folder };
      await expect(releaseDataset(input)).rejects.toMatchObject({ code: 'previous-not-a-release' });
    }
  });

  test.each<[string, (folder: string) => void]>([
    [
      'its metadata',
      (folder) => {
        editRelease(folder, 'dataset/metadata.jsonl', (text) => text.replace(/.*\n/, ''));
      },
    ],
    [
      'its changelog',
      (folder) => {
        appendFileSync(join(folder, 'CHANGELOG.md'), 'x');
      },
    ],
    [
      'its SHA256SUMS, which is gone',
      (folder) => {
        rmSync(join(folder, 'SHA256SUMS'));
      },
    ],
    [
      'its version',
      (folder) => {
        const path = join(folder, 'release.json');
        appendFileSync(path, ' ');
      },
    ],
    [
      'its lock, with SHA256SUMS in agreement',
      (folder) => {
        editRelease(folder, 'dataset/patchml.lock.json', (text) =>
          text.replace(/("metadata.jsonl": ")[0-9a-f]{4}/, '$10000'),
        );
      },
    ],
    [
      'the pool that its lock names, with SHA256SUMS in agreement',
      (folder) => {
        editRelease(folder, 'dataset/patchml.lock.json', (text) =>
          text.replace(/("pool": ")[0-9a-f]{4}/, '$10000'),
        );
      },
    ],
  ])('that was changed is not compared with: %s', async (_, damage) => {
    const folder = copyOf(previous, newFolder('damaged'));
    damage(folder);
    const input = { dataset, version: '1.0.1', to: newFolder('to'), previous: folder };
    await expect(releaseDataset(input)).rejects.toMatchObject({ code: 'release-incomplete' });
  });

  test('is only read', async () => {
    const before = contentsOf(previous);
    await releaseDataset({ dataset: larger, version: '1.1.0', to: newFolder('to'), previous });
    expect(contentsOf(previous)).toEqual(before);
  });
});
