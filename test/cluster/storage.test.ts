// src/cluster/storage.ts: a folder that all machines share, and the paths that are refused.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openStorage } from '../../src/cluster/storage.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { contentsOf } from '../support/workspace.js';

const FILES = { 'part.json': '{}', 'images/a.png': 'a', 'images/b.png': 'b' };

describe('A shared folder', () => {
  test('takes a folder or a file, and gives its own path back', async () => {
    const root = temporaryFolder();
    const storage = await openStorage(root);
    const local = writeTree(FILES);
    expect(await storage.exists('work/parts/1-of-2')).toBe(false);
    await storage.publish(local, 'work/parts/1-of-2');
    expect(await storage.exists('work/parts/1-of-2')).toBe(true);
    const place = await storage.fetch('work/parts/1-of-2');
    expect(place).toBe(join(root, 'work/parts/1-of-2'));
    expect(contentsOf(place)).toEqual(contentsOf(local));
    await storage.publish(join(local, 'part.json'), 'inputs/recipe.yaml');
    expect(readFileSync(await storage.fetch('inputs/recipe.yaml'), 'utf8')).toBe('{}');
    await storage.remove('work/parts/1-of-2');
    expect(readdirSync(join(root, 'work/parts'))).toEqual([]);
    await expect(storage.fetch('work/parts/1-of-2')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('keeps what is there, whoever publishes it again', async () => {
    const root = temporaryFolder();
    const storage = await openStorage(root);
    const [first, second] = [writeTree(FILES), writeTree({ ...FILES, 'part.json': '{"a":1}' })];
    await Promise.all([storage.publish(first, 'x/part'), storage.publish(first, 'x/part')]);
    await storage.publish(second, 'x/part');
    await storage.publish(join(root, 'x/part'), 'x/part');
    expect(contentsOf(join(root, 'x/part'))).toEqual(contentsOf(first));
    expect(readdirSync(join(root, 'x'))).toEqual(['part']);
  });

  test('has nothing of what was stopped, or cannot be copied', async () => {
    const root = temporaryFolder();
    const storage = await openStorage(root);
    const local = writeTree(FILES);
    const stop = AbortSignal.abort();
    await expect(storage.publish(local, 'x/part', stop)).rejects.toMatchObject({ code: 'aborted' });
    symlinkSync('/etc/passwd', join(local, 'images/z.png'));
    await expect(storage.publish(local, 'x/part')).rejects.toMatchObject({ code: 'not-a-file' });
    expect(readdirSync(join(root, 'x'))).toEqual([]);
  });

  test('moves what was made in its scratch folder, once', async () => {
    const storage = await openStorage(temporaryFolder());
    const own = ['a', 'b'].map((name) => join(storage.scratch!, name));
    for (const folder of own) cpSync(writeTree(FILES), folder, { recursive: true });
    const inodes = own.map((folder) => statSync(folder).ino);
    await Promise.all(own.map((folder) => storage.publish(folder, 'x/part')));
    const place = await storage.fetch('x/part');
    expect(contentsOf(place)).toEqual(contentsOf(writeTree(FILES)));
    expect(inodes).toContain(statSync(place).ino);
    expect(own.filter((folder) => existsSync(folder))).toHaveLength(1); // its worker removes it
    symlinkSync('/etc/passwd', join(storage.scratch!, 'link'));
    const linked = storage.publish(join(storage.scratch!, 'link'), 'x/link');
    await expect(linked).rejects.toMatchObject({ code: 'not-a-file' });
  });

  test('loses with what is removed what a machine that died left of it', async () => {
    const storage = await openStorage(
      writeTree({
        'x/part/part.json': '{}',
        'x/part.01234567-89ab-4def-8123-456789abcdef.partial/images/a.png': 'a',
        'x/part.other': '',
      }),
    );
    await storage.remove('x/part');
    expect(readdirSync(storage.resolve('x'))).toEqual(['part.other']);
  });

  test('must be there', async () => {
    const root = join(temporaryFolder(), 'none');
    await expect(openStorage(root)).rejects.toMatchObject({ code: 'enoent', path: root });
  });
});

test.each([
  's3://bucket',
  's3://bucket/',
  's3://',
  'hf://datasets/me/x',
  'http://a:b@c/d',
  's3://bucket/a/../b',
])('A storage has no root at %s', async (root) => {
  const error: unknown = await openStorage(root).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'bad-address' });
  expect(String(error)).not.toContain('a:b@');
});

test('A storage in S3 refuses paths before it asks the store', async () => {
  const storage = await openStorage('s3://bucket/prefix', { cache: temporaryFolder() });
  expect(storage.resolve('a/b')).toBe('s3://bucket/prefix/a/b');
  const code = { code: 'storage-outside' };
  for (const path of ['../other/a', '/a', 'a//b', '']) {
    await expect(storage.fetch(path)).rejects.toMatchObject(code);
    await expect(storage.publish('x', path)).rejects.toMatchObject(code);
    await expect(storage.remove(path)).rejects.toMatchObject(code);
    await expect(storage.exists(path)).rejects.toMatchObject(code);
  }
});

describe('A path in the storage', () => {
  const OUTSIDE = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '.',
    'a/../../b',
    'a/..',
    './a',
    'a//b',
    'a/',
    'a\\..\\b',
    'C:/x',
    'a\0b',
    'a\nb',
    ' a',
    'a ',
    'a.',
    '\u2028',
    'x'.repeat(256),
    `${'x/'.repeat(500)}x`,
    '\ud800',
  ];

  test.each(OUTSIDE)('is refused by every method where it is %j', async (path) => {
    const root = writeTree({ 'root/a': 'a', 'b/kept': 'kept' });
    const storage = await openStorage(join(root, 'root'));
    const code = { code: 'storage-outside' };
    expect(() => storage.resolve(path)).toThrow(expect.objectContaining(code));
    await expect(storage.fetch(path)).rejects.toMatchObject(code);
    await expect(storage.publish(join(root, 'b'), path)).rejects.toMatchObject(code);
    await expect(storage.exists(path)).rejects.toMatchObject(code);
    await expect(storage.remove(path)).rejects.toMatchObject(code);
    expect(contentsOf(root)).toEqual(contentsOf(writeTree({ 'root/a': 'a', 'b/kept': 'kept' })));
  });

  test.each(['link', 'link/kept', 'link/new/deep', 'nowhere', 'nowhere/new', 'circle', 'up'])(
    'is refused where a link leads out of the root: %s',
    async (path) => {
      const above = writeTree({ 'root/a': 'a', 'root-b/kept': 'kept' });
      const root = join(above, 'root');
      symlinkSync(join(above, 'root-b'), join(root, 'link'));
      symlinkSync(join(above, 'none'), join(root, 'nowhere'));
      symlinkSync('circle', join(root, 'circle'));
      symlinkSync('..', join(root, 'up'));
      const storage = await openStorage(root);
      const code = { code: 'storage-outside' };
      await expect(storage.publish(writeTree(FILES), path)).rejects.toMatchObject(code);
      await expect(storage.fetch(path)).rejects.toMatchObject(code);
      await expect(storage.remove(path)).rejects.toMatchObject(code);
      expect(readdirSync(above).sort()).toEqual(['root', 'root-b']);
      expect(readdirSync(join(above, 'root-b'))).toEqual(['kept']);
    },
  );

  test('may go through a link inside the root, which may be a link itself', async () => {
    const above = temporaryFolder();
    mkdirSync(join(above, 'real/data'), { recursive: true });
    writeFileSync(join(above, 'real/data/a'), 'a');
    symlinkSync('data', join(above, 'real/inputs'));
    symlinkSync('real', join(above, 'root'));
    const storage = await openStorage(join(above, 'root'));
    expect(storage.root).toBe(join(above, 'real'));
    expect(existsSync(await storage.fetch('inputs/a'))).toBe(true);
  });

  test.each(['inputs/train', 'my images/ILSVRC 2012', '.cache/x', 'Bilder/Größe', '...x'])(
    'may be %s',
    async (path) => {
      const root = temporaryFolder();
      expect((await openStorage(root)).resolve(path)).toBe(join(root, path));
    },
  );
});
