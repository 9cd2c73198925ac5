import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Finding } from '../../src/dataset/verify.js';
import { AbortedError, DatasetError } from '../../src/errors.js';
import { releaseDataset } from '../../src/release/release.js';
import { verifyRelease } from '../../src/release/verify-release.js';
import { copyOf, editRelease, openGenerator, smallInput } from '../support/unit-releases.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let full: string;
let recipeOnly: string;

beforeAll(async () => {
  const dataset = await openGenerator(await smallInput(newFolder('input')), newFolder)();
  const input = { dataset, version: '1.0.0' };
  ({ folder: full } = await releaseDataset({ ...input, to: newFolder('to') }));
  ({ folder: recipeOnly } = await releaseDataset({
    ...input,
    to: newFolder('to'),
    recipeOnly: true,
  }));
});

async function findingsAfter(
  damage: (folder: string) => unknown,
  release = full,
): Promise<Finding[]> {
  const folder = copyOf(release, newFolder('damaged'));
  damage(folder);
  return (await verifyRelease({ release: folder })).findings;
}

describe('A release as it was made', () => {
  test('is whole, and checking it changes nothing', async () => {
    const before = contentsOf(full);
    const { findings, files, images, release } = await verifyRelease({ release: full });
    expect({ findings, images, version: release.version }).toEqual({
      findings: [],
      images: 8,
      version: '1.0.0',
    });
    expect(files).toBe(19); // 8 images, metadata, summary, classes, README, lock; card, citation, changelog,
    // Croissant, recipe, release.json
    expect(contentsOf(full)).toEqual(before);
  });

  test('without pixels is whole too', async () => {
    const { findings, files } = await verifyRelease({ release: recipeOnly });
    expect({ findings, files }).toEqual({ findings: [], files: 11 });
  });

  test('is whole at another place and under another name', async () => {
    expect(await findingsAfter(() => undefined)).toEqual([]);
  });

  test('can be stopped', async () => {
    const stopped = verifyRelease({ release: full }, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });
});

describe('A damaged release', () => {
  test('with a pipe in it, or in place of a file, is found out and not waited for', async () => {
    const found = await findingsAfter((folder) => {
      rmSync(join(folder, 'CITATION.cff'));
      for (const file of ['CITATION.cff', 'pipe']) execFileSync('mkfifo', [join(folder, file)]);
    });
    expect(found).toEqual([
      { problem: 'missing', file: 'CITATION.cff' },
      { problem: 'extra', file: 'pipe' },
    ]);
  });

  test.each([
    'README.md',
    'CITATION.cff',
    'CHANGELOG.md',
    'croissant.json',
    'recipe.yaml',
    'dataset/images/k2-000001.png',
    'dataset/metadata.jsonl',
    'dataset/dataset.json',
  ])('with a change in %s is found out, once', async (file) => {
    const findings = await findingsAfter((folder) => {
      const bytes = readFileSync(join(folder, file));
      bytes[bytes.length - 2]! ^= 1;
      writeFileSync(join(folder, file), bytes);
    });
    expect(findings.filter((finding) => finding.problem === 'changed')).toEqual([
      { problem: 'changed', file },
    ]);
    expect(new Set(findings.map((finding) => finding.file))).toEqual(new Set([file]));
  });

  test.each(['README.md', 'dataset/images/k2-000001.png', 'dataset/metadata.jsonl'])(
    'without %s is found out',
    async (file) => {
      const findings = await findingsAfter((folder) => {
        rmSync(join(folder, file));
      });
      expect(findings).toEqual([{ problem: 'missing', file }]);
    },
  );

  test('without a file and its line is found out', async () => {
    const findings = await findingsAfter((folder) => {
      rmSync(join(folder, 'README.md'));
      const sums = join(folder, 'SHA256SUMS');
      writeFileSync(sums, readFileSync(sums, 'utf8').replace(/.* {2}README.md\n/, ''));
    });
    expect(findings).toEqual([{ problem: 'missing', file: 'README.md' }]);
  });

  test('with foreign files is found out', async () => {
    const findings = await findingsAfter((folder) => {
      writeFileSync(join(folder, 'setup.py'), '');
      mkdirSync(join(folder, 'exports', 'csv'), { recursive: true });
      writeFileSync(join(folder, 'exports', 'csv', 'x.csv'), '');
      writeFileSync(join(folder, 'dataset', 'images', 'cat.png'), '');
    });
    expect(findings).toEqual([
      { problem: 'extra', file: 'dataset/images/cat.png' },
      { problem: 'extra', file: 'exports/csv/x.csv' },
      { problem: 'extra', file: 'setup.py' },
    ]);
  });

  test('with a link to a file elsewhere in the place of an image is found out', async () => {
    const file = 'dataset/images/k2-000000.png';
    const findings = await findingsAfter((folder) => {
      rmSync(join(folder, file));
      symlinkSync(join(full, file), join(folder, file));
    });
    expect(findings).toEqual([{ problem: 'missing', file, detail: 'link-leads-out' }]);
  });

  test('without SHA256SUMS is found out', async () => {
    const findings = await findingsAfter((folder) => {
      rmSync(join(folder, 'SHA256SUMS'));
    });
    expect(findings).toContainEqual({ problem: 'missing', file: 'SHA256SUMS' });
  });

  test.each(['../secret', '/etc/hostname'])(
    'whose SHA256SUMS lists %s is found out, and that file is not read',
    async (path) => {
      const findings = await findingsAfter((folder) => {
        const sums = join(folder, 'SHA256SUMS');
        const line = `${'0'.repeat(64)}  ${path}\n`;
        writeFileSync(sums, line + readFileSync(sums, 'utf8'));
      });
      expect(findings).toEqual([
        {
          problem: 'invalid',
          file: 'SHA256SUMS',
          detail: 'line 1: its path is outside the release',
        },
      ]);
    },
  );

  test.each<[string, string, (text: string) => string, Partial<Finding>]>([
    [
      'a tampered lock',
      'dataset/patchml.lock.json',
      (text) => text.replace(/("metadata.jsonl": ")[0-9a-f]{4}/, '$10000'),
      {
        file: 'dataset/patchml.lock.json',
        detail: 'its own digest does not match its fields: one of them was changed',
      },
    ],
    [
      'another dataset digest in release.json',
      'release.json',
      (text) => text.replace(/("dataset": ")[0-9a-f]{4}/, '$10000'),
      { file: 'release.json', detail: "its dataset digest differs from the lock's" },
    ],
    [
      'another name in release.json',
      'release.json',
      (text) => text.replace('"made"', '"other"'),
      { file: 'release.json', detail: "its name differs from the dataset's" },
    ],
    [
      'another recipe',
      'recipe.yaml',
      (text) => text.replace('background: white', 'background: black'),
      { file: 'recipe.yaml', detail: 'this is a different recipe' },
    ],
    [
      'a recipe that is none',
      'recipe.yaml',
      () => '[1, 2',
      { file: 'recipe.yaml', detail: expect.stringContaining('not YAML') as unknown as string },
    ],
    [
      'other labels',
      'dataset/metadata.jsonl',
      (text) => text.replace(/"labels":\[\d+/, '"labels":[0'),
      { problem: 'changed', file: 'dataset/metadata.jsonl' },
    ],
  ])('with %s is found out, though SHA256SUMS agrees', async (_, file, edit, finding) => {
    const findings = await findingsAfter((folder) => {
      editRelease(folder, file, edit);
    });
    expect(findings).toContainEqual({ problem: 'invalid', ...finding });
  });

  test('without pixels, and with another plan, is found out', async () => {
    const findings = await findingsAfter((folder) => {
      editRelease(folder, 'plan/plan.jsonl', (text) => text.replace(/.*\n/, ''));
    }, recipeOnly);
    expect(findings).toEqual([
      { problem: 'invalid', file: 'plan/plan.jsonl', detail: 'this is a different plan' },
    ]);
  });

  test('whose lock cannot be read is described as far as it goes', async () => {
    const findings = await findingsAfter((folder) => {
      writeFileSync(join(folder, 'dataset', 'patchml.lock.json'), '{');
    });
    expect(findings[0]).toEqual({
      problem: 'changed',
      file: 'dataset/patchml.lock.json',
      detail: expect.stringContaining('expected a patchml-lock') as unknown as string,
    });
  });

  test('whose release.json says nothing is a named error', async () => {
    const folder = copyOf(full, newFolder('damaged'));
    appendFileSync(join(folder, 'release.json'), '}');
    await expect(verifyRelease({ release: folder })).rejects.toBeInstanceOf(DatasetError);
    await expect(verifyRelease({ release: folder })).rejects.toThrow('expected a patchml-release');
  });
});
