import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type DatasetLock, type DatasetSummary, lockDigest } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { type Finding, verifyDataset } from '../../src/dataset/verify.js';
import { AbortedError, DatasetError } from '../../src/errors.js';
import { codecVersions } from '../../src/image/codecs.js';
import type { Progress } from '../../src/progress.js';
import { PATCHML_VERSION } from '../../src/version.js';
import { makeDataset } from '../support/made-dataset.js';
import { contentsOf, openWorkspace, readJson, readRows, sha256Of } from '../support/workspace.js';

const newFolder = openWorkspace();
let clean: string;

beforeAll(async () => {
  clean = (await makeDataset(newFolder('clean'))).folder;
});

/** A copy of the clean dataset to damage. */
function copy(): string {
  const folder = newFolder('copy');
  cpSync(clean, folder, { recursive: true });
  return folder;
}

async function findingsIn(folder: string): Promise<Finding[]> {
  return (await verifyDataset({ dataset: folder })).findings;
}

/** Writes the lock again after a change, with its own digest in agreement: an insider's edit. */
function editLock(folder: string, edit: (lock: DatasetLock) => void): void {
  const path = join(folder, 'patchml.lock.json');
  const lock = readJson<DatasetLock>(path);
  edit(lock);
  lock.lock = lockDigest(lock);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}

/** Damages the lock: its own digest stays what it was. */
function damageLock(folder: string, change: object): void {
  const path = join(folder, 'patchml.lock.json');
  const lock = { ...readJson<DatasetLock>(path), ...change };
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}

/** Makes the lock into one as of patchml 0.1, which lists the images too. */
function listImages(folder: string): void {
  editLock(folder, (lock) => {
    for (const { file_name, sha256 } of rowsIn(folder)) lock.files[file_name] = sha256;
  });
}

function rowsIn(folder: string): MetadataRow[] {
  return readRows<MetadataRow>(join(folder, 'metadata.jsonl'));
}

/** A copy with a lock of either kind. */
type Kind = 'of today' | 'whose lock lists the images';
const KINDS: readonly Kind[] = ['of today', 'whose lock lists the images'];

function copyOf(kind: Kind): string {
  const folder = copy();
  if (kind !== 'of today') listImages(folder);
  return folder;
}

/** Writes the metadata again after a change, with the lock in agreement: an insider's edit. */
function editRows(folder: string, edit: (rows: MetadataRow[]) => unknown): void {
  const path = join(folder, 'metadata.jsonl');
  const rows = rowsIn(folder);
  edit(rows);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  editLock(folder, (lock) => {
    lock.files['metadata.jsonl'] = sha256Of(path);
  });
}

const CODECS = await codecVersions();

describe('A lock', () => {
  const VERSIONS = { node: process.versions.node, patchml: PATCHML_VERSION, ...CODECS };
  const other = '0'.repeat(64);
  test.each<[string, object]>([
    ['the pool', { pool: other }],
    ['the plan', { plan: other }],
    ['the versions', { versions: { ...VERSIONS, sharp: 'none' } }],
    ['its own digest', { lock: other }],
  ])('vouches for %s', async (_, change) => {
    const folder = copy();
    damageLock(folder, change);
    expect(await findingsIn(folder)).toEqual([
      {
        problem: 'invalid',
        file: 'patchml.lock.json',
        detail: expect.stringContaining('its own digest') as unknown,
      },
    ]);
  });

  test('of an older patchml, without its own digest, is said to be unchecked', async () => {
    const folder = copy();
    damageLock(folder, { lock: undefined });
    expect(await verifyDataset({ dataset: folder })).toMatchObject({
      lockChecked: false,
      findings: [],
    });
    expect(await verifyDataset({ dataset: clean })).toMatchObject({
      lockChecked: true,
      findings: [],
    });
  });
});

describe('A dataset as it was made', () => {
  test('is whole, and checking it changes nothing', async () => {
    const before = contentsOf(clean);
    const lock = readJson<DatasetLock>(join(clean, 'patchml.lock.json'));
    expect(await verifyDataset({ dataset: clean })).toEqual({
      dataset: lock.dataset,
      files: 28, // 24 images, the metadata, the summary, the classes and the card
      images: 24,
      lockChecked: true,
      findings: [],
    });
    expect(contentsOf(clean)).toEqual(before);
  });

  test.each(KINDS)('%s is whole at another place', async (kind) => {
    expect(await verifyDataset({ dataset: copyOf(kind) })).toMatchObject({
      files: 28,
      images: 24,
      findings: [],
    });
  });

  test('has the digest that sha256sum gives of its files, in byte order', () => {
    const lock = readJson<DatasetLock>(join(clean, 'patchml.lock.json'));
    const files = Object.entries(contentsOf(clean)).filter(
      ([path, digest]) => digest !== 'folder' && path !== 'patchml.lock.json',
    );
    const texts = files.filter(([path]) => !path.startsWith('images/'));
    expect(lock.files).toEqual(Object.fromEntries(texts));
    const listing = join(newFolder('listing'), 'sums');
    writeFileSync(listing, files.map(([path, digest]) => `${digest}  ${path}\n`).join(''));
    expect(lock.dataset).toBe(sha256Of(listing));
  });

  test('reports its progress and can be stopped', async () => {
    const seen: Progress[] = [];
    await verifyDataset({ dataset: clean }, { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ stage: 'verify', done: 28, total: 28, unit: 'files' });
    const stopped = verifyDataset({ dataset: clean }, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });
});

describe.each(KINDS)('A damaged dataset %s', (kind) => {
  test.each(['images/k2-000004.png', 'metadata.jsonl', 'dataset.json'])(
    'with one changed byte in %s is found out',
    async (file) => {
      const folder = copyOf(kind);
      const bytes = readFileSync(join(folder, file));
      bytes[Math.floor(bytes.length / 2)]! ^= 1;
      writeFileSync(join(folder, file), bytes);
      expect(await findingsIn(folder)).toEqual([{ problem: 'changed', file }]);
    },
  );

  test.each(['images/k3-000011.png', 'metadata.jsonl', 'dataset.json'])(
    'without %s is found out',
    async (file) => {
      const folder = copyOf(kind);
      rmSync(join(folder, file));
      expect(await findingsIn(folder)).toEqual([{ problem: 'missing', file }]);
    },
  );

  test('with files that do not belong to it is found out', async () => {
    const folder = copyOf(kind);
    writeFileSync(join(folder, 'images', 'k9-000000.png'), 'x');
    writeFileSync(join(folder, '.hidden'), '');
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep', 'note.txt'), '');
    expect(await findingsIn(folder)).toEqual([
      { problem: 'extra', file: '.hidden' },
      { problem: 'extra', file: 'deep/note.txt' },
      { problem: 'extra', file: 'images/k9-000000.png' },
    ]);
  });

  test('with an image that is now a link to a file elsewhere is found out', async () => {
    const folder = copyOf(kind);
    const file = 'images/k2-000000.png';
    rmSync(join(folder, file));
    symlinkSync(join(clean, file), join(folder, file));
    expect(await findingsIn(folder)).toEqual([
      { problem: 'missing', file, detail: 'link-leads-out' },
    ]);
  });

  test('with an image that is now a link to nowhere is found out', async () => {
    const folder = copyOf(kind);
    const file = 'images/k2-000000.png';
    rmSync(join(folder, file));
    symlinkSync('nowhere', join(folder, file));
    expect(await findingsIn(folder)).toEqual([
      { problem: 'missing', file, detail: 'link-leads-nowhere' },
    ]);
  });

  test('is described whole: every finding, in byte order of the files', async () => {
    const folder = copyOf(kind);
    rmSync(join(folder, 'images', 'k3-000000.png'));
    writeFileSync(join(folder, 'images', 'k2-000000.png'), 'x');
    writeFileSync(join(folder, 'extra'), '');
    expect(await findingsIn(folder)).toEqual([
      { problem: 'extra', file: 'extra' },
      { problem: 'changed', file: 'images/k2-000000.png' },
      { problem: 'missing', file: 'images/k3-000000.png' },
    ]);
  });
});

const OTHER_DIGEST: Finding = {
  problem: 'invalid',
  file: 'patchml.lock.json',
  detail: 'its dataset digest does not match its files',
};

describe('An edited lock', () => {
  test.each<[string, (lock: DatasetLock) => void, Finding[]]>([
    [
      'with another dataset digest',
      (lock) => {
        lock.dataset = '0'.repeat(64);
      },
      [OTHER_DIGEST],
    ],
    [
      'with another digest of an image',
      (lock) => {
        lock.files['images/k2-000001.png'] = 'f'.repeat(64);
      },
      [
        { problem: 'changed', file: 'images/k2-000001.png' },
        {
          problem: 'invalid',
          file: 'images/k2-000001.png',
          detail: 'its row has a different digest in the lock',
        },
        OTHER_DIGEST,
      ],
    ],
    [
      'with another recipe digest',
      (lock) => {
        lock.recipe = 'a'.repeat(64);
      },
      [
        {
          problem: 'invalid',
          file: 'dataset.json',
          detail: "its recipe differs from the lock's",
        },
      ],
    ],
  ])('%s is found out', async (_, edit, findings) => {
    const folder = copyOf('whose lock lists the images');
    editLock(folder, edit);
    expect(await findingsIn(folder)).toEqual(findings);
  });

  test('with another dataset digest, where it lists no images, is found out', async () => {
    const folder = copy();
    editLock(folder, (lock) => (lock.dataset = '0'.repeat(64)));
    expect(await findingsIn(folder)).toEqual([OTHER_DIGEST]);
  });

  test('that leaves an image out is found out', async () => {
    const folder = copyOf('whose lock lists the images');
    editLock(folder, (lock) => {
      delete lock.files['images/k2-000001.png'];
    });
    const findings = await findingsIn(folder);
    expect(findings).toContainEqual({ problem: 'extra', file: 'images/k2-000001.png' });
    expect(findings.map(({ file }) => file)).toContain('patchml.lock.json');
  });

  test.each<[string, (lock: Record<string, unknown>) => void]>([
    ['without its files', (lock) => delete lock['files']],
    ['with files that are no mapping', (lock) => (lock['files'] = 7)],
    ['with a digest that is none', (lock) => (lock['files'] = { 'dataset.json': null })],
    ['without a dataset digest', (lock) => delete lock['dataset']],
    ['of another format', (lock) => (lock['format'] = 'another')],
  ])('%s is a named error', async (_, edit) => {
    const folder = copy();
    editLock(folder, edit);
    await expect(verifyDataset({ dataset: folder })).rejects.toThrow(DatasetError);
    await expect(verifyDataset({ dataset: folder })).rejects.toThrow(
      join(folder, 'patchml.lock.json'),
    );
  });

  test.each(['', '{', '[]', 'null', '"lock"'])('that reads %p is a named error', async (text) => {
    const folder = copy();
    writeFileSync(join(folder, 'patchml.lock.json'), text);
    await expect(verifyDataset({ dataset: folder })).rejects.toThrow(DatasetError);
    await expect(verifyDataset({ dataset: folder })).rejects.toThrow(
      'patchml.lock.json: expected a patchml-lock',
    );
  });
});

describe('Metadata that was edited together with the lock', () => {
  const file = 'images/k2-000000.png'; // that of the first row
  const edits: readonly [string, (rows: MetadataRow[]) => unknown][] = [
    ['another label', ([row]) => (row!.labels = [998, 999])],
    ['an object too few', ([row]) => row!.objects.patch.pop()],
    ['another digest', ([row]) => (row!.sha256 = 'b'.repeat(64))],
    ['a row too few', (rows) => rows.shift()],
    ['the name of another class', ([row]) => (row!.label_names![0] = 'unicorn')],
    ['a row twice', (rows) => rows.push(rows[0]!)],
    [
      'a field of another type',
      ([row]) => ((row as unknown as Record<string, unknown>)['k'] = 'two'),
    ],
    ['a path that leads out of the folder', ([row]) => (row!.file_name = 'images/../../x.png')],
  ];
  const inMetadata = (start: string): Partial<Finding> => ({
    file: 'metadata.jsonl',
    detail: expect.stringContaining(start) as unknown as string,
  });
  const findings: Record<Kind, Partial<Finding>[]> = {
    'of today': [
      { file, detail: 'its labels do not match its objects' },
      { file, detail: 'expected 2 objects' },
      { problem: 'changed', file },
      { problem: 'extra', file },
      { file, detail: 'its label_names do not match its labels' },
      { file, detail: 'its row is duplicated' },
      inMetadata('line 1: k: '),
      inMetadata('line 1: file_name: '),
    ],
    'whose lock lists the images': [
      { file, detail: 'its labels do not match its objects' },
      { file, detail: 'expected 2 objects' },
      { file, detail: 'its row has a different digest in the lock' },
      { file, detail: 'it has no row' },
      { file, detail: 'its label_names do not match its labels' },
      { file, detail: 'its row is duplicated, or the lock does not list it' },
      inMetadata('line 1: k: '),
      inMetadata('line 1: file_name: '),
    ],
  };
  const cases = KINDS.flatMap((kind) =>
    edits.map(([what, edit], i) => [what, kind, edit, findings[kind][i]!] as const),
  );
  test.each(cases)('with %s, of a dataset %s, is found out', async (_, kind, edit, finding) => {
    const folder = copyOf(kind);
    editRows(folder, edit);
    expect(await findingsIn(folder)).toContainEqual({ problem: 'invalid', ...finding });
  });

  test('with other images is found out by the digest of the dataset', async () => {
    for (const at of [2, 3, 5]) {
      const folder = copy();
      editRows(folder, edits[at]![1]);
      expect(await findingsIn(folder)).toContainEqual(OTHER_DIGEST);
    }
  });

  test('with its rows in another order is found out by nothing else', async () => {
    const folder = copy();
    editRows(folder, (rows) => rows.reverse());
    expect(await findingsIn(folder)).toEqual([OTHER_DIGEST]);
  });

  test('in a summary that counts other images is found out', async () => {
    const folder = copy();
    const path = join(folder, 'dataset.json');
    const summary = readJson<DatasetSummary>(path);
    writeFileSync(path, JSON.stringify({ ...summary, images: 7 }));
    editLock(folder, (lock) => (lock.files['dataset.json'] = sha256Of(path)));
    expect(await findingsIn(folder)).toContainEqual({
      problem: 'invalid',
      file: 'dataset.json',
      detail: 'it says 7 images, but there are 24',
    });
  });

  test('in a summary without a recipe is found out', async () => {
    const folder = copy();
    const path = join(folder, 'dataset.json');
    writeFileSync(path, JSON.stringify({ ...readJson<object>(path), recipe: undefined }));
    editLock(folder, (lock) => (lock.files['dataset.json'] = sha256Of(path)));
    const findings = await findingsIn(folder);
    expect(findings).toContainEqual(
      expect.objectContaining({ problem: 'invalid', file: 'dataset.json' }),
    );
  });
});

describe('A folder that is no dataset', () => {
  test('is a named error that says what makes one', async () => {
    const folder = newFolder('none');
    const verified = verifyDataset({ dataset: folder });
    await expect(verified).rejects.toThrow(DatasetError);
    await expect(verified).rejects.toThrow(`${folder}: patchml.lock.json is missing`);
  });
});
