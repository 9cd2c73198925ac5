import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Dataset } from '../../src/dataset/dataset.js';
import { type CroissantInput, croissantOf } from '../../src/exports/croissant.js';
import { makeDataset } from '../support/made-dataset.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'), { encode: { format: 'jpeg' } });
});

function describeRelease(fields: Partial<CroissantInput> = {}): Record<string, unknown> {
  return croissantOf({
    dataset,
    name: 'made',
    version: '1.2.0',
    description: 'Made.',
    license: 'https://spdx.org/licenses/MIT.html',
    citation: '@misc{made}',
    files: [{ path: 'dataset/metadata.jsonl', sha256: 'ab', bytes: 7 }],
    ...fields,
  }) as Record<string, unknown>;
}

describe('The Croissant description of a release', () => {
  test('lists the files with their digests, and the images as a set', () => {
    expect(describeRelease()['distribution']).toMatchObject([
      {
        '@type': 'cr:FileObject',
        '@id': 'dataset/metadata.jsonl',
        contentUrl: 'dataset/metadata.jsonl',
        contentSize: '7 B',
        encodingFormat: 'application/jsonlines',
        sha256: 'ab',
      },
      {
        '@type': 'cr:FileSet',
        encodingFormat: 'image/jpeg',
        includes: 'dataset/images/*.jpg',
      },
    ]);
  });

  test('names a second type beside WebP, without which mlcroissant opens no image', () => {
    const recipe = { ...dataset.summary.recipe, encode: { format: 'webp' as const, quality: 95 } };
    const webp = { ...dataset, summary: { ...dataset.summary, recipe } };
    const { distribution } = describeRelease({ dataset: webp }) as { distribution: object[] };
    expect(distribution.at(-1)).toMatchObject({
      encodingFormat: ['image/webp', 'image/png'],
      includes: 'dataset/images/*.webp',
    });
  });

  test('says a date and a place only where they are given', () => {
    expect(Object.keys(describeRelease())).not.toContain('datePublished');
    expect(Object.keys(describeRelease())).not.toContain('url');
    const date = '2026-01-31';
    const url = 'https://example.org/made';
    expect(describeRelease({ date, url })).toMatchObject({ datePublished: date, url });
  });

  test('has records of the images and of the classes', () => {
    const sets = describeRelease()['recordSet'] as { '@id': string; data?: object[] }[];
    expect(sets.map((set) => set['@id'])).toEqual(['images', 'classes']);
    expect(sets[1]?.data).toHaveLength(Object.keys(dataset.summary.classes).length);
  });

  test('is the same every time', () => {
    expect(JSON.stringify(describeRelease())).toBe(JSON.stringify(describeRelease()));
  });

  test('needs the metadata among the files, in the folder that is said', () => {
    expect(() => describeRelease({ files: [] })).toThrow('expected dataset/metadata.jsonl');
    expect(() => describeRelease({ folder: 'other' })).toThrow('expected other/metadata.jsonl');
  });
});
