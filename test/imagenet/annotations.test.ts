import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Annotation, MalformedAnnotation } from '../../src/imagenet/annotation.js';
import { openAnnotations } from '../../src/imagenet/annotations.js';
import { annotationXml } from '../support/unit-annotations.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

async function read(path: string): Promise<(Annotation | MalformedAnnotation)[]> {
  return collect((await openAnnotations(path)).read());
}

function archive(name: string, bytes: Buffer): string {
  return join(writeTree({ [name]: bytes }), name);
}

const XML = {
  'n01443537_2.xml': annotationXml([['n01443537', 1, 2, 3, 4]]),
  'n01440764_10.xml': annotationXml([['n01440764', 5, 6, 7, 8]]),
  'n01440764_9.xml': annotationXml([]),
};

const EXPECTED = [
  {
    imageId: 'n01440764_10',
    size: [500, 375],
    objects: [{ wnid: 'n01440764', box: [5, 6, 7, 8] }],
  },
  { imageId: 'n01440764_9', size: [500, 375], objects: [] },
  { imageId: 'n01443537_2', size: [500, 375], objects: [{ wnid: 'n01443537', box: [1, 2, 3, 4] }] },
];

/** The same annotations in every form; folders as ImageNet has them: last in byte order first. */
const forms: Record<string, () => string | Promise<string>> = {
  'a flat folder': () => writeTree(XML),
  'a folder a synset': () =>
    writeTree({
      'z/n01440764_10.xml': XML['n01440764_10.xml'],
      'n01440764/n01440764_9.xml': XML['n01440764_9.xml'],
      'n01443537/n01443537_2.xml': XML['n01443537_2.xml'],
    }),
  'a .tar': async () => archive('a.tar', await packXml()),
  'a .tgz': async () => archive('ILSVRC2012_bbox_val_v3.tgz', gzipSync(await packXml())),
  'a .tar.gz': async () => archive('a.tar.gz', gzipSync(await packXml())),
};

function packXml(): Promise<Buffer> {
  return packTar(Object.entries(XML).map(([name, xml]) => [`val/${name}`, xml] as const));
}

describe('openAnnotations', () => {
  it.each(Object.keys(forms))('gives the same, in byte order of the ids, from %s', async (form) => {
    expect(await read(await forms[form]!())).toEqual(EXPECTED);
  });

  it('gives the rows of a CSV in byte order of the ids', async () => {
    const rows = 'b,n01443537 1 2 3 4 \na,n01440764 5 6 7 8 \n';
    const folder = writeTree({ 'LOC_val_solution.csv': `ImageId,PredictionString\n${rows}` });
    expect(await read(join(folder, 'LOC_val_solution.csv'))).toEqual([
      { imageId: 'a', size: null, objects: [{ wnid: 'n01440764', box: [5, 6, 7, 8] }] },
      { imageId: 'b', size: null, objects: [{ wnid: 'n01443537', box: [1, 2, 3, 4] }] },
    ]);
  });

  it('reads them again from the start each time', async () => {
    const source = await openAnnotations(await forms['a .tgz']!());
    expect(await collect(source.read())).toEqual(await collect(source.read()));
  });

  it('knows how many a folder has before it reads them', async () => {
    expect((await openAnnotations(writeTree(XML))).total).toBe(3);
  });

  it('notes each malformed one with its problem, and reads the others', async () => {
    const folder = writeTree({
      'a.xml': '',
      'b.xml': annotationXml([]),
      'c.xml': Buffer.alloc(2 << 20, ' '),
      'not an id.xml': annotationXml([]),
    });
    expect(await read(folder)).toEqual([
      { imageId: 'a', problem: expect.stringContaining('not well-formed') as unknown },
      { imageId: 'b', size: [500, 375], objects: [] },
      { imageId: 'c', problem: 'larger than 1048576 bytes' },
      { imageId: 'not an id', problem: expect.stringContaining('image id') as unknown },
    ]);
  });

  it('follows a link that the user put there, and notes one to nowhere', async () => {
    const outside = writeTree({ 'secret.xml': annotationXml([['n01440764', 1, 2, 3, 4]]) });
    const folder = writeTree({ 'a.xml': annotationXml([]) });
    symlinkSync(join(outside, 'secret.xml'), join(folder, 'b.xml'));
    symlinkSync('none', join(folder, 'c.xml'));
    expect(await read(folder)).toEqual([
      { imageId: 'a', size: [500, 375], objects: [] },
      {
        imageId: 'b',
        size: [500, 375],
        objects: [{ wnid: 'n01440764', box: [1, 2, 3, 4] }],
      },
      { imageId: 'c', problem: 'not a regular file, or a broken link' },
    ]);
  });

  it('takes one annotation of an image and notes any other, so that patch ids stay unique', async () => {
    const [one, other] = [XML['n01440764_10.xml'], XML['n01443537_2.xml']];
    const folder = writeTree({ 'x/a.xml': one, 'y/a.xml': other });
    const tar = archive(
      'a.tar',
      await packTar([
        ['x/a.xml', one],
        ['y/a.xml', other],
      ]),
    );
    const rows = 'a,n01440764 5 6 7 8 \na,n01443537 1 2 3 4 \n';
    const csv = archive('a.csv', Buffer.from(`ImageId,PredictionString\n${rows}`));
    for (const path of [folder, tar, csv]) {
      const found = await read(path);
      expect(found.map((annotation) => 'problem' in annotation)).toEqual([false, true]);
      expect(found[0]).toMatchObject({ imageId: 'a', objects: [{ wnid: 'n01440764' }] });
    }
  });

  it('uses the last part alone of a name in an archive, and notes one that is no id', async () => {
    const xml = annotationXml([]);
    const names = ['../../b.xml', '/abs/a.xml', 'val/..xml', 'c\\d.xml', 'x y.xml'];
    const path = archive('a.tar', await packTar(names.map((name) => [name, xml] as const)));
    const found = await read(path);
    expect(found.map(({ imageId }) => imageId)).toEqual(['a', 'b', 'c\\d', 'x y']);
    const malformed = found.filter((annotation) => 'problem' in annotation);
    expect(malformed.map(({ imageId }) => imageId)).toEqual(['c\\d', 'x y']);
  });

  it('notes a member larger than an annotation without reading it', async () => {
    const bytes = await packTar([
      ['big.xml', Buffer.alloc(2 << 20, ' ')],
      ['a.xml', annotationXml([])],
    ]);
    expect(await read(archive('a.tgz', gzipSync(bytes)))).toEqual([
      { imageId: 'a', size: [500, 375], objects: [] },
      { imageId: 'big', problem: 'larger than 1048576 bytes' },
    ]);
  });

  it('passes over members that are no XML', async () => {
    const bytes = await packTar([
      ['README', 'x'],
      ['a.xml', annotationXml([])],
    ]);
    expect(await read(archive('a.tar', bytes))).toHaveLength(1);
  });

  it.each<[string, string, () => Buffer | Promise<Buffer>]>([
    ['a cut-off .tgz', 'a.tgz', async () => gzipSync(await packXml()).subarray(0, 200)],
    ['a cut-off .tar', 'a.tar', async () => (await packXml()).subarray(0, 800)],
    ['an empty .tgz', 'a.tgz', () => Buffer.alloc(0)],
    ['a .tgz that is none', 'a.tgz', () => Buffer.from('hello')],
    ['a .tar that is none', 'a.tar', () => Buffer.alloc(2048, 'hello ')],
    [
      'a member of 8 GB that is not there',
      'a.tar',
      () => Buffer.concat([tarHeader('a.xml', '77777777777\0'), Buffer.alloc(2048)]),
    ],
  ])('says that an archive cannot be read: %s', async (_, name, bytes) => {
    const path = archive(name, await bytes());
    await expect(read(path)).rejects.toMatchObject({
      name: 'AnnotationError',
      code: 'annotations-corrupt-archive',
      path,
      fix: 'download it again',
    });
  });

  it('says that there are none: in a folder, an archive, a CSV', async () => {
    const none = { name: 'AnnotationError', code: 'annotations-none' };
    const tar = archive('a.tar', await packTar([['a.txt', 'x']]));
    const csv = archive('a.csv', Buffer.from('ImageId,PredictionString\n'));
    for (const path of [temporaryFolder(), writeTree({ 'a.txt': '' }), tar, csv]) {
      await expect(read(path)).rejects.toMatchObject({ ...none, path });
    }
  });

  it('says what it takes where it is given something else', async () => {
    const path = archive('a.json', Buffer.from('{}'));
    await expect(openAnnotations(path)).rejects.toMatchObject({
      name: 'AnnotationError',
      code: 'annotations-unknown-form',
      path,
      fix: expect.stringContaining('folder of XML') as unknown,
    });
  });

  it('says that nothing is at the path', async () => {
    const path = join(temporaryFolder(), 'none');
    await expect(openAnnotations(path)).rejects.toMatchObject({ code: 'enoent', path });
  });

  describe('fingerprint', () => {
    const fingerprintOf = async (path: string): Promise<string> =>
      (await openAnnotations(path)).fingerprint;

    it('stays where nothing changes, and where the folder is moved', async () => {
      const parent = temporaryFolder();
      mkdirSync(join(parent, 'a'));
      writeTree(XML, join(parent, 'a'));
      const before = await fingerprintOf(join(parent, 'a'));
      expect(await fingerprintOf(join(parent, 'a'))).toBe(before);
      renameSync(join(parent, 'a'), join(parent, 'b'));
      expect(await fingerprintOf(join(parent, 'b'))).toBe(before);
    });

    it.each<[string, (folder: string) => void]>([
      ['is added', (folder) => void writeTree({ 'd.xml': '' }, folder)],
      ['grows', (folder) => void writeTree({ 'n01440764_9.xml': 'longer'.repeat(500) }, folder)],
      [
        'is touched',
        (folder) => {
          utimesSync(join(folder, 'n01440764_9.xml'), 1, 1);
        },
      ],
    ])('changes where a file %s', async (_, change) => {
      const folder = writeTree(XML);
      const before = await fingerprintOf(folder);
      change(folder);
      expect(await fingerprintOf(folder)).not.toBe(before);
    });

    it('of an archive changes with its size and time', async () => {
      const path = archive('a.tar', await packXml());
      const before = await fingerprintOf(path);
      utimesSync(path, 1, 1);
      const touched = await fingerprintOf(path);
      writeFileSync(path, 'x');
      utimesSync(path, 1, 1);
      expect(new Set([before, touched, await fingerprintOf(path)]).size).toBe(3);
    });
  });
});
