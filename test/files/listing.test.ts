import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import {
  byteOrder,
  type ListedFile,
  listFiles,
  listInOrder,
  openListing,
  pairInOrder,
  tryLink,
} from '../../src/files/listing.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

const all = (): boolean => true;

async function pathsIn(
  folder: string,
  accepts: (name: string) => boolean = all,
): Promise<string[]> {
  return (await listFiles(folder, accepts)).map(({ path }) => path);
}

async function sizesIn(folder: string): Promise<Record<string, number>> {
  return Object.fromEntries((await listFiles(folder, all)).map(({ path, size }) => [path, size]));
}

describe('listFiles', () => {
  it('lists files at any depth in byte order of their paths', async () => {
    const paths = ['b', 'a/z', 'a.b', 'B', 'a/b/c', 'é', '9', '10'];
    const folder = writeTree(Object.fromEntries(paths.map((path) => [path, 'x'])));
    expect(await pathsIn(folder)).toEqual(['10', '9', 'B', 'a.b', 'a/b/c', 'a/z', 'b', 'é']);
  });

  it('lists only the files whose name is accepted', async () => {
    const folder = writeTree({ 'a.xml': '', 'a.txt': '', 'x.xml/b.txt': '', 'y/c.xml': '' });
    expect(await pathsIn(folder, (name) => name.endsWith('.xml'))).toEqual(['a.xml', 'y/c.xml']);
  });

  it('says how large each is, and when it was changed', async () => {
    const [file] = await listFiles(writeTree({ a: 'four' }), all);
    expect(file).toEqual({ path: 'a', size: 4, modified: expect.any(Number) });
    expect(file!.modified).toBeGreaterThan(0);
  });

  it('lists nothing in an empty folder', async () => {
    expect(await pathsIn(temporaryFolder())).toEqual([]);
  });

  it('follows a link to a file inside the folder', async () => {
    const folder = writeTree({ 'real/a': 'four' });
    symlinkSync(join(folder, 'real', 'a'), join(folder, 'link'));
    symlinkSync('real/a', join(folder, 'relative'));
    expect(await sizesIn(folder)).toEqual({ 'real/a': 4, link: 4, relative: 4 });
  });

  it('marks a link that leads out of the folder, or nowhere, or to itself', async () => {
    const outside = writeTree({ secret: 'secret' });
    const folder = writeTree({ a: 'four' });
    symlinkSync(join(outside, 'secret'), join(folder, 'out'));
    symlinkSync('../../../../../../../../etc/passwd', join(folder, 'up'));
    symlinkSync('none', join(folder, 'nowhere'));
    symlinkSync('self', join(folder, 'self'));
    expect(await sizesIn(folder)).toEqual({ a: 4, out: -1, up: -1, nowhere: -1, self: -1 });
  });

  it('marks a pipe, which would be waited for', async () => {
    const folder = writeTree({ a: 'four' });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await sizesIn(folder)).toEqual({ a: 4, pipe: -1 });
  });

  it('marks a link that leads out by way of a link that does not', async () => {
    const outside = writeTree({ secret: 'secret' });
    const folder = writeTree({ a: 'four' });
    symlinkSync(join(outside, 'secret'), join(folder, 'first'));
    symlinkSync('first', join(folder, 'second'));
    expect(await sizesIn(folder)).toEqual({ a: 4, first: -1, second: -1 });
  });

  it('marks a link to a folder of the same name start as leading out', async () => {
    const folder = writeTree({ 'in/a': 'x', 'inside/secret': 'secret' });
    symlinkSync(join(folder, 'inside', 'secret'), join(folder, 'in', 'link'));
    expect(await sizesIn(join(folder, 'in'))).toEqual({ a: 1, link: -1 });
  });

  it('does not walk into links to folders, so that a circle of them ends', async () => {
    const folder = writeTree({ 'a/b': 'x' });
    symlinkSync('..', join(folder, 'a', 'up'));
    symlinkSync(join(folder, 'a'), join(folder, 'again'));
    expect(await sizesIn(folder)).toEqual({ 'a/b': 1, 'a/up': -1, again: -1 });
  });

  it('lists a folder that is itself reached by a link', async () => {
    const folder = writeTree({ 'real/a': 'four' });
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    symlinkSync('a', join(folder, 'real', 'b'));
    expect(await sizesIn(join(folder, 'link'))).toEqual({ a: 4, b: 4 });
  });

  it('fails where there is no folder', async () => {
    await expect(pathsIn(join(temporaryFolder(), 'none'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('listInOrder', () => {
  it('has the order of the paths, whatever stands before and behind a folder', async () => {
    const name = fc.stringMatching(/^[a-c.\-0é]{1,3}$/).filter((text) => !/^\.{1,2}$/.test(text));
    const paths = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 3 }), {
      selector: (parts) => parts.join('/'),
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(paths, async (made) => {
        const files: Record<string, string> = {};
        for (const parts of made) {
          const path = parts.join('/');
          const clashes = Object.keys(files).some(
            (other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`),
          );
          if (!clashes) files[path] = 'x';
        }
        const folder = writeTree(files);
        const listed: string[] = [];
        for await (const { path } of listInOrder(folder)) listed.push(path);
        expect(listed).toEqual(Object.keys(files).sort(byteOrder));
      }),
      { numRuns: 30 },
    );
  });

  it('says of each file what a single look says', async () => {
    const folder = writeTree({ 'a/b': 'four', c: '' });
    symlinkSync('nowhere', join(folder, 'link'));
    const listed: ListedFile[] = [];
    for await (const file of listInOrder(folder)) listed.push(file);
    expect(listed.map(({ size }) => size)).toEqual([4, 0, -1]);
    const single = await openListing(folder);
    for (const file of listed) expect(single.file(file.path)).toEqual(file);
    expect(single.file('a/c')).toBeUndefined();
  });
});

describe('pairInOrder', () => {
  it('pairs each path with its like, or with nothing', async () => {
    const paths = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(paths, paths, async (some, others) => {
        const pairs: (readonly [string | undefined, string | undefined])[] = [];
        for await (const [a, b] of pairInOrder(ascending(some), ascending(others))) {
          pairs.push([a?.path, b?.path]);
        }
        const all = [...new Set([...some, ...others])].sort(byteOrder);
        const pick = (from: string[], path: string): string | undefined =>
          from.includes(path) ? path : undefined;
        expect(pairs).toEqual(all.map((path) => [pick(some, path), pick(others, path)]));
      }),
    );
  });
});

async function* ascending(paths: readonly string[]): AsyncGenerator<{ path: string }> {
  for (const path of [...paths].sort(byteOrder)) yield await Promise.resolve({ path });
}

describe('byteOrder', () => {
  it('puts capitals before small letters and accents last, whatever the locale', () => {
    expect(['b', 'a', 'é', 'B', 'a/b', 'a-b', '10', '9'].sort(byteOrder)).toEqual([
      '10',
      '9',
      'B',
      'a',
      'a-b',
      'a/b',
      'b',
      'é',
    ]);
  });

  it('is the order of the bytes, for the characters that ids are made of', () => {
    const id = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '_', '.', '-') });
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(byteOrder(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});

test('A link is a second name of a file, and takes the place of what has that name', () => {
  const folder = writeTree({ a: 'four', b: 'other' });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [string, string, string];
  for (const to of [b, c]) {
    expect(tryLink(a, to)).toBe(true);
    expect(readFileSync(to, 'utf8')).toBe('four');
    expect(statSync(to).ino).toBe(statSync(a).ino);
  }
  expect(() => tryLink(join(folder, 'none'), c)).toThrow('ENOENT');
});

test('A file of another file system cannot have one', () => {
  const folder = writeTree({});
  expect(tryLink('/proc/version', join(folder, 'version'))).toBe(false);
});
