import { execFileSync } from 'node:child_process';
import { symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ImageError } from '../../src/errors.js';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import { openImages } from '../../src/imagenet/images.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { thrownBy } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

function archive(bytes: Buffer): string {
  return join(writeTree({ 'images.tar': bytes }), 'images.tar');
}

/** Every image at a path by its id, read as the pool reads it. */
async function readAll(path: string): Promise<Record<string, string>> {
  const { places } = await openImages(path);
  const reader = new ImageReader(path);
  const found: Record<string, string> = {};
  for (const [id, place] of places) found[id] = reader.read(place).toString();
  reader.close();
  return found;
}

describe('openImages on a folder', () => {
  it.each([
    ['flat', ['a.JPEG', 'b.JPEG']],
    ['by synset', ['n01440764/a.JPEG', 'n01443537/b.JPEG']],
    [
      "in Kaggle's tree",
      ['ILSVRC/Data/CLS-LOC/val/a.JPEG', 'ILSVRC/Data/CLS-LOC/train/n01443537/b.JPEG'],
    ],
  ])('finds images that lie %s', async (_, [a, b]) => {
    const folder = writeTree({ [a!]: 'bytes of a', [b!]: 'bytes of b', 'x.txt': 'no image' });
    expect(await readAll(folder)).toEqual({ a: 'bytes of a', b: 'bytes of b' });
  });

  it('finds JPEG, PNG and WebP by any spelling of their extension', async () => {
    const names = [
      'a.JPEG',
      'b.jpg',
      'c.jpeg',
      'd.PNG',
      'e.webp',
      'f.Jpg',
      'g.gif',
      'jpeg',
      'h.xml',
    ];
    const folder = writeTree(Object.fromEntries(names.map((name) => [name, 'x'])));
    expect(Object.keys(await readAll(folder))).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('keeps the dots of an id', async () => {
    expect(await readAll(writeTree({ 'a.b.c.JPEG': 'x' }))).toEqual({ 'a.b.c': 'x' });
  });

  it('takes of two files with one id the first in byte order of their paths', async () => {
    const folder = writeTree({ 'b/a.JPEG': 'second', 'a/a.JPEG': 'first', 'a.png': 'zeroth' });
    expect(await readAll(folder)).toEqual({ a: 'zeroth' });
  });

  it('follows links that the user put there, to files and to folders, and ends in circles', async () => {
    const outside = writeTree({ 'blobs/0a': 'bytes', 'n01440764/b.JPEG': 'b' });
    const folder = writeTree({ 'c.JPEG': 'c' });
    symlinkSync(join(outside, 'blobs', '0a'), join(folder, 'a.JPEG'));
    symlinkSync(join(outside, 'n01440764'), join(folder, 'n01440764'));
    symlinkSync(folder, join(outside, 'n01440764', 'back'));
    symlinkSync('.', join(folder, 'self'));
    expect(await readAll(folder)).toEqual({ a: 'bytes', b: 'b', c: 'c' });
  });

  it('does not read a link to nowhere', async () => {
    const folder = writeTree({ 'a.JPEG': 'x' });
    symlinkSync('none', join(folder, 'b.JPEG'));
    const { places } = await openImages(folder);
    const reader = new ImageReader(folder);
    expect(thrownBy(() => reader.read(places.get('b')!))).toMatchObject({
      name: 'ImageError',
      code: 'image-unreadable',
      path: join(folder, 'b.JPEG'),
    });
  });

  it('counts hidden images and does not take them', async () => {
    const files = ['n1/a.JPEG', 'n1/.ipynb_checkpoints/a-checkpoint.JPEG', '._a.JPEG', '.DS_Store'];
    const folder = writeTree(Object.fromEntries(files.map((file) => [file, 'x'])));
    const { places, hidden } = await openImages(folder);
    expect([[...places.keys()], hidden]).toEqual([['a'], 2]);
    const tar = await packTar(files.map((file) => [`./${file}`, 'x'] as const));
    const packed = await openImages(archive(tar));
    expect([[...packed.places.keys()], packed.hidden]).toEqual([['a'], 2]);
  });

  it('reads an image by way of a link inside the folder', async () => {
    const folder = writeTree({ 'store/x.bin': 'bytes' });
    symlinkSync(join(folder, 'store', 'x.bin'), join(folder, 'a.JPEG'));
    expect(await readAll(folder)).toEqual({ a: 'bytes' });
  });
});

describe('openImages on a .tar', () => {
  const sizes = [0, 1, 511, 512, 513, 1024, 7000];
  const contents = sizes.map((size, i) => [`x/${i}.JPEG`, String(i).repeat(size)] as const);
  const expected = Object.fromEntries(contents.map(([, content], i) => [String(i), content]));

  it('finds where the bytes of each image are', async () => {
    expect(await readAll(archive(await packTar(contents)))).toEqual(expected);
  });

  it('finds them behind names too long for a header', async () => {
    const long = 'folder/'.repeat(40);
    const renamed = contents.map(([name, content]) => [`${long}${name}`, content] as const);
    expect(await readAll(archive(await packTar(renamed)))).toEqual(expected);
  });

  it('finds them in the archives that it holds: one a synset, as in the train set', async () => {
    const bytes = await packTar([
      ['n01440764.tar', await packTar(contents.slice(0, 3))],
      ['README', 'x'.repeat(700)],
      ['n01443537.tar', await packTar(contents.slice(3))],
    ]);
    expect(await readAll(archive(bytes))).toEqual(expected);
  });

  it('takes of two members with one id the first in byte order of their names', async () => {
    const bytes = await packTar([
      ['b/a.JPEG', 'second'],
      ['a/a.JPEG', 'first'],
    ]);
    expect(await readAll(archive(bytes))).toEqual({ a: 'first' });
  });

  it('uses the last part alone of a name, and passes over links', async () => {
    const bytes = await packTar([
      ['../../up.JPEG', 'up'],
      ['/abs/root.JPEG', 'root'],
      [{ name: 'link.JPEG', type: 'symlink', linkname: '/etc/passwd' }, ''],
    ]);
    expect(await readAll(archive(bytes))).toEqual({ root: 'root', up: 'up' });
  });

  it.each<[string, string | Buffer]>([
    ['8 GB', '77777777777\0'],
    ['2 to the 63', Buffer.from('800000007fffffffffffffff', 'hex')],
    ['letters', 'abcdefghijk\0'],
  ])('refuses an archive with a member whose size is %s', async (_, size) => {
    const path = archive(Buffer.concat([tarHeader('a.JPEG', size), Buffer.alloc(4096)]));
    await expect(openImages(path)).rejects.toMatchObject({
      name: 'ImageError',
      code: 'images-corrupt-archive',
      path,
    });
  });

  it('reads nothing outside a member whose size is negative', async () => {
    const bytes = Buffer.concat([tarHeader('a.JPEG', Buffer.alloc(12, 0xff)), Buffer.alloc(4096)]);
    const found = await readAll(archive(bytes)).catch(
      (error: unknown) => (error as ImageError).code,
    );
    expect([{ a: '' }, 'images-corrupt-archive']).toContainEqual(found);
  });

  it.each([1, 511, 700, 1400, -1100, -4000])('refuses one cut off at %d', async (end) => {
    const bytes = await packTar([['n.tar', await packTar(contents)]]);
    const path = archive(bytes.subarray(0, end));
    await expect(openImages(path)).rejects.toMatchObject({
      name: 'ImageError',
      code: 'images-corrupt-archive',
      path,
      fix: 'download it again',
    });
  });

  it('refuses what is no archive, outside and inside', async () => {
    const inside = await packTar([['a.tar', 'not an archive'.repeat(100)]]);
    for (const bytes of [Buffer.alloc(2048, 'text '), inside]) {
      await expect(openImages(archive(bytes))).rejects.toMatchObject({
        code: 'images-corrupt-archive',
      });
    }
  });
});

describe('openImages', () => {
  it('says that there is no image', async () => {
    const none = { name: 'ImageError', code: 'images-none', fix: 'check --images' };
    for (const path of [
      temporaryFolder(),
      writeTree({ 'a.xml': 'x' }),
      archive(await packTar([['a.xml', 'x']])),
      archive(Buffer.alloc(0)),
    ]) {
      await expect(openImages(path)).rejects.toMatchObject({ ...none, path });
    }
  });

  it('says what it takes where it is given something else', async () => {
    const path = join(writeTree({ 'a.zip': 'x' }), 'a.zip');
    await expect(openImages(path)).rejects.toMatchObject({
      name: 'ImageError',
      code: 'images-unknown-form',
      path,
      fix: expect.stringContaining('.tar') as unknown,
    });
  });

  it('waits for no pipe in the place of an archive', async () => {
    const path = join(temporaryFolder(), 'images.tar');
    execFileSync('mkfifo', [path]);
    await expect(openImages(path)).rejects.toMatchObject({ code: 'file-not-regular', path });
  });

  it('says that nothing is at the path', async () => {
    const path = join(temporaryFolder(), 'none');
    await expect(openImages(path)).rejects.toMatchObject({ code: 'enoent', path });
  });

  it('has a fingerprint that changes with the names, sizes and times of the files', async () => {
    const folder = writeTree({ 'a.JPEG': 'x' });
    const fingerprints = [(await openImages(folder)).fingerprint];
    expect((await openImages(folder)).fingerprint).toBe(fingerprints[0]);
    utimesSync(join(folder, 'a.JPEG'), 1, 1);
    fingerprints.push((await openImages(folder)).fingerprint);
    writeTree({ 'b.JPEG': 'x' }, folder);
    fingerprints.push((await openImages(folder)).fingerprint);
    expect(new Set(fingerprints).size).toBe(3);
  });
});

describe('ImageReader', () => {
  it('does not read what is too large to be a photograph', () => {
    const reader = new ImageReader(writeTree({ 'a.JPEG': 'x' }));
    const place = { file: 'a.JPEG', size: 2 ** 40 };
    for (const at of [place, { ...place, offset: 0 }]) {
      expect(thrownBy(() => reader.read(at))).toMatchObject({ code: 'image-unreadable' });
    }
  });

  it('gives what is there of a stretch that has been cut off since', () => {
    const reader = new ImageReader(archive(Buffer.from('0123456789')));
    const bytes = reader.read({ file: 'images.tar', offset: 6, size: 100 });
    expect(bytes.toString()).toBe('6789');
    reader.close();
  });
});
