import { cpSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { digestOf } from '../../src/files/digest.js';
import { writeListing } from '../../src/imagenet/images.js';
import type { PaintedImage } from '../../src/sets/evaluation-set.js';
import { type EvaluationSetInput, openEvaluationSet } from '../../src/sets/open-set.js';
import { editFile, makeDataset } from '../support/made-dataset.js';
import { valName, writeImages, writeLabels, writeOriginals } from '../support/unit-evaluation.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { openWorkspace, readJson, readRows } from '../support/workspace.js';

describe('openEvaluationSet', () => {
  it.each<[string, EvaluationSetInput, RegExp]>([
    ['nothing', {}, /--dataset.*--images.*--labels.*--originals/],
    ['a rule alone', { multiLabelRule: 'tfds' }, /--dataset/],
    ['two sets', { dataset: 'a', images: 'b' }, /--dataset and --images/],
    ['originals of another set', { dataset: 'a', originals: 'b' }, /--originals.*--dataset/],
  ])('refuses %s and names the flags', async (_, input, message) => {
    await expect(openEvaluationSet(input)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: expect.stringMatching(/^evaluation-(nothing-given|contradiction)$/) as unknown,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('refuses originals of the validation set beside labels of other images', async () => {
    const input = {
      labels: writeLabels({ 'a.jpg': 1 }),
      originals: writeOriginals(['n01440764']),
    };
    await expect(openEvaluationSet(input)).rejects.toMatchObject({
      code: 'evaluation-contradiction',
      message: expect.stringMatching(/--originals.*--labels/) as unknown,
    });
  });

  it.each([
    ['images in no class folder', ['a.jpg', 'val/b.jpg']],
    ['no image at all', ['a.txt']],
  ])('says of a folder of %s which forms are known', async (_, files) => {
    const dataset = writeImages(files);
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'evaluation-unknown-form',
      path: dataset,
      fix: expect.stringMatching(/PatchML.*ImageNetV2.*n01440764.*--labels/) as unknown,
    });
  });

  it('refuses a file where a folder belongs', async () => {
    const file = join(writeTree({ 'v2.tar': 'x' }), 'v2.tar');
    const refused = { name: 'EvaluationError', code: 'evaluation-unknown-form', path: file };
    await expect(openEvaluationSet({ dataset: file })).rejects.toMatchObject(refused);
    const labels = writeLabels({ 'a.jpg': 1 });
    await expect(openEvaluationSet({ images: file, labels })).rejects.toMatchObject(refused);
  });

  it('says that a folder or file is not there', async () => {
    const path = join(temporaryFolder(), 'none');
    for (const input of [
      { dataset: path },
      { images: path, labels: writeLabels({ 'a.jpg': 1 }) },
      { labels: path },
      { originals: path },
    ]) {
      await expect(openEvaluationSet(input)).rejects.toMatchObject({ code: 'enoent', path });
    }
  });

  it('gives a digest over ids, labels, originals and rule, and over nothing else', async () => {
    const files = [`n01440764/${valName(1)}.JPEG`, `n01443537/${valName(2)}.JPEG`];
    const rule = 'original';
    const labels = [[0], [1]];
    const set = await openEvaluationSet({ dataset: writeImages(files) });
    const ids = [`n01440764/${valName(1)}`, `n01443537/${valName(2)}`];
    expect(set.digest).toBe(digestOf({ ids, labels, originals: [0, 1], rule }));
    const elsewhere = await openEvaluationSet({ dataset: writeImages(files) });
    expect(elsewhere.digest).toBe(set.digest);
    expect(elsewhere.images?.path).not.toBe(set.images?.path);
  });

  it('leaves originals out of the digest where there are none', async () => {
    const set = await openEvaluationSet({ labels: writeLabels({ 'a.jpg': [2, 1] }) });
    expect(set.originals).toBeUndefined();
    expect(set.digest).toBe(digestOf({ ids: ['a'], labels: [[1, 2]], rule: 'given' }));
  });
});

const newFolder = openWorkspace();
let clean: string;

beforeAll(async () => {
  clean = (await makeDataset(newFolder('clean'))).folder;
});

/** A copy of the dataset to damage. */
function copy(): string {
  const folder = newFolder('copy');
  cpSync(clean, folder, { recursive: true });
  return folder;
}

describe('A PatchML dataset', () => {
  it('is a set with the labels of its metadata and no original labels', async () => {
    const rows = readRows<MetadataRow>(join(clean, 'metadata.jsonl'));
    const { version } = readJson<{ version: string }>(join(clean, 'dataset.json'));
    const set = await openEvaluationSet({ dataset: clean });
    expect(set).toMatchObject({
      name: `made ${version}`,
      kind: 'patchml',
      ids: rows.map(({ id }) => id),
      labels: rows.map(({ labels }) => labels),
      originals: undefined,
      rule: 'patchml',
      leftOut: {},
    });
    expect(set.ids).toHaveLength(24);
    expect(new Set(set.labels.map(({ length }) => length))).toEqual(new Set([2, 3]));
    expect(set.images).toEqual({
      path: clean,
      fingerprint: readJson<DatasetLock>(join(clean, 'patchml.lock.json')).dataset,
      places: rows.map(({ file_name: file }) => ({ file, size: statSync(join(clean, file)).size })),
    });
  });

  it('knows what was painted where, from its metadata and its recipe', async () => {
    const rows = readRows<MetadataRow>(join(clean, 'metadata.jsonl'));
    const { painted } = await openEvaluationSet({ dataset: clean });
    expect(painted!.layout).toBe('grid');
    expect(painted!.images.map(({ objects }) => objects.map(({ patch }) => patch))).toEqual(
      rows.map(({ objects }) => objects.patch),
    );
    const [{ objects, number }] = painted!.images as [PaintedImage];
    const [, , width, height] = rows[0]!.objects.bbox[0]!;
    expect(objects[0]).toMatchObject({
      category: rows[0]!.objects.category[0],
      side: Math.sqrt(width * height),
      cell: { columns: 2, rows: 2 },
    });
    expect(number).toBeUndefined(); // not paired
    // The grid has a cell for each of the two or three objects.
    for (const image of painted!.images) {
      const cells = image.objects.map(({ cell }) => `${cell.column} ${cell.row}`);
      expect(new Set(cells).size).toBe(image.objects.length);
    }
  });

  it('is another set where the same labels are of other images', async () => {
    const dataset = copy();
    const { digest, labels } = await openEvaluationSet({ dataset });
    const [{ pixels_sha256: pixels }] = readRows<MetadataRow>(join(dataset, 'metadata.jsonl')) as [
      MetadataRow,
    ];
    editFile(join(dataset, 'metadata.jsonl'), pixels, '0'.repeat(64));
    const other = await openEvaluationSet({ dataset });
    expect(other.labels).toEqual(labels);
    expect(other.digest).not.toBe(digest);
  });

  it('knows in a paired dataset which images are of one number', async () => {
    const dataset = copy();
    editFile(join(dataset, 'dataset.json'), '"paired": false', '"paired": true');
    const { ids, painted } = await openEvaluationSet({ dataset });
    expect(ids[13]).toBe('k3-000001');
    expect(painted!.images.map(({ number }) => number)).toEqual([
      ...Array.from({ length: 12 }, (_, at) => at),
      ...Array.from({ length: 12 }, (_, at) => at),
    ]);
  });

  it('says whose objects are not complete', async () => {
    const dataset = copy();
    editFile(join(dataset, 'metadata.jsonl'), /"category":\[\d+,/, '"category":[');
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      code: 'evaluation-dataset-damaged',
      message: expect.stringMatching(/objects of k2-000000/) as unknown,
    });
  });

  it('follows links that lead out of it, as those of a Hugging Face cache do', async () => {
    const dataset = copy();
    const [first] = readRows<MetadataRow>(join(dataset, 'metadata.jsonl'));
    const file = join(dataset, first!.file_name);
    rmSync(file);
    symlinkSync(join(clean, first!.file_name), file);
    expect((await openEvaluationSet({ dataset })).images?.places[0]?.size).toBeGreaterThan(0);
  });

  it('takes no other labels', async () => {
    const labels = writeLabels({ a: 1 });
    await expect(openEvaluationSet({ dataset: clean, labels })).rejects.toMatchObject({
      code: 'evaluation-contradiction',
      message: expect.stringContaining('--labels') as unknown,
    });
  });

  it('is the same as a local copy that has none of its images yet', async () => {
    const dataset = copy();
    const { images, ids, digest } = await openEvaluationSet({ dataset: clean });
    const stored = images!.places.map(({ file, size }) => ({
      path: file,
      size,
      modified: 0,
      etag: '',
    }));
    await writeListing(dataset, stored);
    rmSync(join(dataset, 'images'), { recursive: true });
    const copied = await openEvaluationSet({ dataset });
    expect(copied).toMatchObject({ ids, digest });
    expect(copied.images?.places).toEqual(images!.places);
  });

  it('says which image is not there', async () => {
    const dataset = copy();
    const [, second] = readRows<MetadataRow>(join(dataset, 'metadata.jsonl'));
    rmSync(join(dataset, second!.file_name));
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'evaluation-dataset-damaged',
      path: dataset,
      message: expect.stringContaining(`${second!.file_name} is missing`) as unknown,
      fix: expect.stringContaining('patchml verify') as unknown,
    });
  });

  it('says that rows are missing', async () => {
    const dataset = copy();
    const path = join(dataset, 'metadata.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, 20).join('\n'));
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'dataset-invalid',
      path: dataset,
      message: expect.stringContaining(
        'its metadata has 20 rows, but dataset.json says 24',
      ) as unknown,
    });
  });

  it.each([
    ['', 'expected a patchml-dataset'],
    ['{"format": "patchml-dataset", "na', 'expected a patchml-dataset'],
    ['{"format": "patchml-dataset"}', 'name: '],
  ])(
    'says that its dataset.json is damaged, also where nothing else is left: %j',
    async (text, problem) => {
      const dataset = newFolder('left');
      writeFileSync(join(dataset, 'dataset.json'), text);
      await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
        name: 'DatasetError',
        code: 'stage-invalid',
        path: join(dataset, 'dataset.json'),
        message: expect.stringContaining(problem) as unknown,
      });
    },
  );

  it.each(['patchml.lock.json', 'dataset.json'])('without its %s is no dataset', async (file) => {
    const dataset = copy();
    rmSync(join(dataset, file));
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'stage-missing',
      path: dataset,
    });
  });
});
