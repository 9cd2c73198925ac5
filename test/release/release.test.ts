import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { AbortedError, DatasetError, ReleaseError } from '../../src/errors.js';
import { loadRecipe, recipeDigest, type RecipeOverrides } from '../../src/recipe/load.js';
import type { ReleaseSummary } from '../../src/release/release-folder.js';
import { releaseDataset } from '../../src/release/release.js';
import { copyOf, openGenerator, smallInput } from '../support/unit-releases.js';
import { verifyRelease } from '../../src/release/verify-release.js';
import { contentsOf, openWorkspace, pathsIn, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
let make: (fields?: RecipeOverrides) => Promise<string>;
let dataset: string;

beforeAll(async () => {
  make = openGenerator(await smallInput(newFolder('input')), newFolder);
  dataset = await make();
});

describe('A release', () => {
  test('holds the dataset byte for byte, and all that goes with it', async () => {
    const to = newFolder('releases');
    const { folder, release, isNew } = await releaseDataset({ dataset, version: '1.0.0', to });
    expect([folder, isNew]).toEqual([join(to, 'made-1.0.0'), true]);
    expect(contentsOf(join(folder, 'dataset'))).toEqual(contentsOf(dataset));
    expect(readdirSync(folder).sort()).toEqual([
      'CHANGELOG.md',
      'CITATION.cff',
      'README.md',
      'SHA256SUMS',
      'croissant.json',
      'dataset',
      'recipe.yaml',
      'release.json',
    ]);
    const lock = readJson<ReleaseSummary>(join(dataset, 'patchml.lock.json'));
    expect(release).toMatchObject({ kind: 'full', dataset: lock.dataset, previous: null });
    expect(recipeDigest(await loadRecipe(join(folder, 'recipe.yaml')))).toBe(lock.recipe);
    execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder });
    expect(readdirSync(to)).toEqual(['made-1.0.0']);
  });

  test('is the same bytes when made again, wherever and from wherever', async () => {
    const options = { version: '1.0.0', date: '2026-01-31', authors: ['Doe, Jane', 'A lab'] };
    const first = await releaseDataset({ dataset, to: newFolder('to'), ...options });
    const elsewhere = copyOf(dataset, join(newFolder('elsewhere'), 'name'));
    const second = await releaseDataset({ dataset: elsewhere, to: newFolder('to'), ...options });
    expect(contentsOf(second.folder)).toEqual(contentsOf(first.folder));
  });

  test('takes no space for the images where the file system has links, and copies all else', async () => {
    const { folder } = await releaseDataset({ dataset, version: '1.0.0', to: newFolder('to') });
    const [name] = readdirSync(join(dataset, 'images'));
    const isLinked = (file: string): boolean =>
      statSync(join(dataset, file)).ino === statSync(join(folder, 'dataset', file)).ino;
    expect(isLinked(join('images', name!))).toBe(true);
    for (const file of ['metadata.jsonl', 'dataset.json', 'classes.json', 'patchml.lock.json']) {
      expect(isLinked(file)).toBe(false);
    }
  });

  test('says what it is to the Hub and to who cites it', async () => {
    const { folder } = await releaseDataset({
      dataset,
      version: '1.0.0',
      to: newFolder('to'),
      authors: ['Doe, Jane', 'A lab'],
      repository: 'https://example.org/made',
      date: '2026-01-31',
      doi: '10.5281/zenodo.1234567',
    });
    const card = readFileSync(join(folder, 'README.md'), 'utf8');
    const header = parse(card.split('---\n')[1]!) as {
      configs: { config_name: string; features: { name: string }[] }[];
    };
    expect(header).toMatchObject({ license: 'other', task_categories: ['image-classification'] });
    expect(header.configs.map(({ config_name: name }) => name)).toEqual(['default', 'k2', 'k3']);
    const [all, two] = header.configs;
    expect(all).toMatchObject({ data_files: [{ split: 'val' }] });
    expect(two).toMatchObject({
      data_files: [{ path: ['dataset/metadata.jsonl', 'dataset/images/k2-*'] }],
      filters: [['k', '==', 2]],
    });
    const { features } = two!;
    const labels = features.find(({ name }) => name === 'labels') as unknown as {
      sequence: { class_label: { names: Record<string, string> } };
    };
    const names = Object.values(labels.sequence.class_label.names);
    expect([names.length, new Set(names).size]).toEqual([1000, 1000]);
    expect(card).toContain('load_dataset("FOLDER", "k2", split="val")');
    expect(parse(readFileSync(join(folder, 'CITATION.cff'), 'utf8'))).toMatchObject({
      'cff-version': '1.2.0',
      version: '1.0.0',
      'date-released': '2026-01-31',
      doi: '10.5281/zenodo.1234567',
      authors: [{ 'family-names': 'Doe', 'given-names': 'Jane' }, { name: 'A lab' }],
    });
    expect(card).toContain('  doi = {10.5281/zenodo.1234567},\n');
    expect(readJson(join(folder, 'croissant.json'))).toMatchObject({
      datePublished: '2026-01-31',
      sameAs: 'https://doi.org/10.5281/zenodo.1234567',
    });
    expect((await verifyRelease({ release: folder })).findings).toEqual([]);
  });

  test('reports its progress and can be stopped, and nothing is left in its place', async () => {
    const to = newFolder('to');
    const seen: string[] = [];
    await releaseDataset(
      { dataset, version: '1.0.0', to },
      { onProgress: ({ stage, done, total }) => seen.push(`${stage} ${done}/${total}`) },
    );
    expect(seen).toEqual(['verify 12/12', 'release 13/13']);
    const stopped = releaseDataset(
      { dataset, version: '1.0.1', to, previous: join(to, 'made-1.0.0') },
      { signal: AbortSignal.abort() },
    );
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
    expect(existsSync(join(to, 'made-1.0.1'))).toBe(false);
  });
});

describe('A recipe release', () => {
  test('holds no pixels, but all that they are made from', async () => {
    const to = newFolder('to');
    const input = { dataset, version: '1.0.0', to, recipeOnly: true };
    const { folder, release } = await releaseDataset(input);
    expect(release.kind).toBe('recipe');
    expect(readdirSync(folder).sort()).toEqual([
      'CHANGELOG.md',
      'CITATION.cff',
      'README.md',
      'SHA256SUMS',
      'classes.json',
      'dataset.json',
      'metadata.jsonl',
      'patchml.lock.json',
      'plan',
      'recipe.yaml',
      'release.json',
    ]);
    expect(pathsIn(folder).filter((path) => path.endsWith('.png'))).toEqual([]);
    const [work] = readdirSync(join(dataset, '..', '..')).filter((name) => name.endsWith('-work'));
    const plans = join(dataset, '..', '..', work!, 'plan');
    const made = readdirSync(plans).map((name) => contentsOf(join(plans, name)));
    expect(made).toContainEqual(contentsOf(join(folder, 'plan')));
  });

  test('has no exports, which hold pixels', async () => {
    const input = { dataset, version: '1.0.0', to: newFolder('to'), recipeOnly: true };
    const refused = releaseDataset({ ...input, exports: ['csv'] });
    await expect(refused).rejects.toThrow('a recipe-only release has no pixels');
  });
});

describe('A dataset that is not whole', () => {
  test.each<[string, (folder: string) => void, string]>([
    [
      'with a changed image',
      (folder) => {
        writeFileSync(join(folder, 'images', 'k2-000001.png'), 'x');
      },
      '1 problem: changed images/k2-000001.png',
    ],
    [
      'with a foreign file',
      (folder) => {
        writeFileSync(join(folder, 'note.txt'), 'x');
      },
      '1 problem: extra note.txt',
    ],
    [
      'without its metadata',
      (folder) => {
        rmSync(join(folder, 'metadata.jsonl'));
      },
      'missing metadata.jsonl',
    ],
    [
      'with an edited lock',
      (folder) => {
        const path = join(folder, 'patchml.lock.json');
        const lock = readJson<object>(path);
        writeFileSync(path, JSON.stringify({ ...lock, dataset: '0'.repeat(64) }));
      },
      'its own digest does not match its fields',
    ],
    [
      'with a name that leads elsewhere',
      (folder) => {
        const path = join(folder, 'dataset.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace('"made"', '"../../made"'));
      },
      "its name differs from its recipe's",
    ],
  ])('%s is refused, and nothing is written', async (_, damage, problem) => {
    const folder = copyOf(dataset, newFolder('damaged'));
    damage(folder);
    const to = newFolder('to');
    const refused = releaseDataset({ dataset: folder, version: '1.0.0', to });
    await expect(refused).rejects.toMatchObject({ code: 'dataset-damaged' });
    await expect(refused).rejects.toThrow(problem);
    expect(readdirSync(to)).toEqual([]);
  });

  test('because it is none is refused', async () => {
    const input = { dataset: newFolder('none'), version: '1.0.0', to: newFolder('to') };
    await expect(releaseDataset(input)).rejects.toBeInstanceOf(DatasetError);
  });
});

describe('The place of a release', () => {
  test('where this very release is already is left as it is', async () => {
    const input = { dataset, version: '1.0.0', to: newFolder('to') };
    const { folder } = await releaseDataset(input);
    const before = statSync(folder).ino;
    expect(await releaseDataset(input)).toMatchObject({ folder, isNew: false });
    expect(statSync(folder).ino).toBe(before);
  });

  test('where the same version of another dataset is, is never written over', async () => {
    const to = newFolder('to');
    const { folder } = await releaseDataset({ dataset, version: '1.0.0', to });
    const before = contentsOf(folder);
    const other = await make({ seed: '7' });
    const refused = releaseDataset({ dataset: other, version: '1.0.0', to });
    await expect(refused).rejects.toMatchObject({ code: 'release-exists' });
    await expect(refused).rejects.toThrow('a published version never changes');
    expect(contentsOf(folder)).toEqual(before);
  });

  test('to which another run brings the same version meanwhile keeps that one', async () => {
    const to = newFolder('to');
    const other = await make({ seed: '7' });
    const faster = await releaseDataset({ dataset: other, version: '1.0.0', to: newFolder('to') });
    const place = join(to, 'made-1.0.0');
    const slower = releaseDataset(
      { dataset, version: '1.0.0', to },
      {
        onProgress: ({ stage }) => {
          if (stage === 'verify' && !existsSync(place)) copyOf(faster.folder, place);
        },
      },
    );
    await expect(slower).rejects.toMatchObject({ code: 'release-exists' });
    expect(contentsOf(place)).toEqual(contentsOf(faster.folder));
  });

  test('where this release is, but damaged, is left to be looked at', async () => {
    const input = { dataset, version: '1.0.0', to: newFolder('to') };
    const { folder } = await releaseDataset(input);
    writeFileSync(join(folder, 'README.md'), 'x');
    const refused = releaseDataset(input);
    await expect(refused).rejects.toThrow('already exists, but is incomplete or was changed');
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('x');
  });

  test('where something else is, is left alone', async () => {
    const to = newFolder('to');
    mkdirSync(join(to, 'made-1.0.0'));
    writeFileSync(join(to, 'made-1.0.0', 'thesis.tex'), 'x');
    const refused = releaseDataset({ dataset, version: '1.0.0', to });
    await expect(refused).rejects.toThrow('holds thesis.tex, which is not part of a release');
  });

  test('where something else is unfinished, is left alone', async () => {
    const to = newFolder('to');
    mkdirSync(join(to, 'made-1.0.0.partial'));
    writeFileSync(join(to, 'made-1.0.0.partial', 'thesis.tex'), 'x');
    const refused = releaseDataset({ dataset, version: '1.0.0', to });
    await expect(refused).rejects.toThrow('thesis.tex: this was not left by an interrupted run');
    expect(pathsIn(to)).toContain('made-1.0.0.partial/thesis.tex');
  });

  test('inside of the dataset is refused', async () => {
    const folder = copyOf(dataset, newFolder('copy'));
    for (const to of [folder, join(folder, 'releases'), join(folder, 'images')]) {
      const refused = releaseDataset({ dataset: folder, version: '1.0.0', to });
      await expect(refused).rejects.toMatchObject({ code: 'release-in-dataset' });
      await expect(refused).rejects.toThrow(`this is inside the dataset ${folder}, which`);
    }
    expect(contentsOf(folder)).toEqual(contentsOf(dataset));
  });
});

test('A place in another release is refused, by its name', async () => {
  const { folder } = await releaseDataset({ dataset, version: '1.0.0', to: newFolder('to') });
  const before = contentsOf(folder);
  for (const to of [folder, join(folder, 'a', 'b')]) {
    const refused = releaseDataset({ dataset, version: '1.0.0', to });
    await expect(refused).rejects.toMatchObject({ code: 'output-in-release', path: to });
    await expect(refused).rejects.toThrow(`this is inside the release ${folder}`);
  }
  expect(contentsOf(folder)).toEqual(before);
});

test('A place that cannot be is a named error', async () => {
  const to = join(newFolder('to'), 'file');
  writeFileSync(to, '');
  const refused = releaseDataset({ dataset, version: '1.0.0', to });
  await expect(refused).rejects.toMatchObject({ code: 'enotdir' });
});

describe('What a release is to say of itself', () => {
  test.each([
    [{ version: '1.0' }, 'not a semantic version'],
    [{ date: '2026-02-30' }, 'expected a date'],
    [{ date: 'today' }, 'expected a date'],
    [{ repository: 'javascript:alert(1)' }, 'expected a URL'],
    [{ doi: 'https://doi.org/10.5281/zenodo.1' }, 'expected a DOI'],
    [{ doi: '10.5281/a\nb' }, 'expected a DOI'],
    [{ doi: '11.5281/zenodo.1' }, 'expected a DOI'],
    [{ authors: ['a\nb'] }, "an author's name on one line"],
    [{ shardSize: 0 }, 'expected a shard size'],
  ])('is checked: %j', async (some, problem) => {
    const to = newFolder('to');
    const refused = releaseDataset({ dataset, version: '1.0.0', to, ...some });
    await expect(refused).rejects.toBeInstanceOf(ReleaseError);
    await expect(refused).rejects.toThrow(problem);
    expect(readdirSync(to)).toEqual([]);
  });
});

test('What an interrupted run left is cleared, and the release comes out the same', async () => {
  const [to, other] = [newFolder('to'), newFolder('to')];
  const { folder } = await releaseDataset({ dataset, version: '1.0.0', to: other });
  const partial = join(to, 'made-1.0.0.partial');
  cpSync(folder, partial, { recursive: true });
  rmSync(join(partial, 'SHA256SUMS'));
  writeFileSync(join(partial, 'dataset', 'images', 'old.png'), 'x');
  await releaseDataset({ dataset, version: '1.0.0', to });
  expect(readdirSync(to)).toEqual(['made-1.0.0']);
  expect(contentsOf(join(to, 'made-1.0.0'))).toEqual(contentsOf(folder));
});
