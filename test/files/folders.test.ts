import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  buildFolder,
  exists,
  freeSpace,
  isEmptyPlace,
  partialFolder,
  requireSpace,
  toJson,
} from '../../src/files/folders.js';
import { writeWhole } from '../../src/files/output-file.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

describe('buildFolder', () => {
  it('fills a folder beside its place, makes the parents of both, and leaves nothing else', async () => {
    const work = temporaryFolder();
    const place = join(work, 'pool', 'key');
    await buildFolder(place, async (partial) => {
      expect(partial).toBe(`${place}.partial`);
      expect(existsSync(place)).toBe(false);
      await writeWhole(join(partial, 'rows'), 'x');
    });
    expect(readdirSync(join(work, 'pool'))).toEqual(['key']);
    expect(readdirSync(place)).toEqual(['rows']);
  });

  it('hands over what an interrupted run left', async () => {
    const folder = writeTree({ 'out.partial/rows': 'x' });
    await buildFolder(join(folder, 'out'), (partial) => {
      expect(readdirSync(partial)).toEqual(['rows']);
      return Promise.resolve();
    });
    expect(readdirSync(join(folder, 'out'))).toEqual(['rows']);
  });

  it('keeps what it has filled so far, and nothing in its place, where filling fails', async () => {
    const folder = temporaryFolder();
    const failed = buildFolder(join(folder, 'out'), async (partial) => {
      await writeWhole(join(partial, 'rows'), 'x');
      throw new Error('stopped');
    });
    await expect(failed).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual(['out.partial']);
    expect(readdirSync(join(folder, 'out.partial'))).toEqual(['rows']);
  });

  it('replaces what was in its place, with nothing left of it', async () => {
    const folder = writeTree({ 'out/old': 'x', 'out.partial/new': 'x' });
    await buildFolder(join(folder, 'out'), () => Promise.resolve());
    expect(readdirSync(folder)).toEqual(['out']);
    expect(readdirSync(join(folder, 'out'))).toEqual(['new']);
  });

  it('removes what a run that was killed while it replaced left', async () => {
    const folder = writeTree({
      'out.partial/new': 'x',
      'out.replaced/older': 'x',
      'out2/mine': 'x',
    });
    await buildFolder(join(folder, 'out'), () => Promise.resolve());
    expect(readdirSync(folder).sort()).toEqual(['out', 'out2']);
    expect(readdirSync(join(folder, 'out'))).toEqual(['new']);
  });

  it('keeps what is in its place, if told to, but for an empty folder', async () => {
    const folder = writeTree({ 'out.partial/new': 'x', 'out.replaced/mine': 'x' });
    const place = join(folder, 'out');
    const late = (): Promise<void> => {
      writeTree({ 'out/first': 'x' }, folder);
      return Promise.resolve();
    };
    const refused = buildFolder(place, late, { replace: false });
    await expect(refused).rejects.toMatchObject({ code: 'output-exists', path: place });
    expect(readdirSync(place)).toEqual(['first']);
    rmSync(join(place, 'first'));
    await buildFolder(place, () => Promise.resolve(), { replace: false });
    expect(readdirSync(place)).toEqual(['new']);
    expect(readdirSync(join(folder, 'out.replaced'))).toEqual(['mine']);
  });

  it('puts every file and folder on the disk before it renames, and the name after', async () => {
    const folder = temporaryFolder();
    const place = join(folder, 'out');
    const { synced, stop } = await recordSyncs(() => existsSync(place));
    const names = [
      'rows',
      'images',
      'images/1.png',
      'images/2.png',
      'images/deep',
      'images/deep/a',
    ];
    await buildFolder(place, (partial) => {
      mkdirSync(join(partial, 'images', 'deep'), { recursive: true });
      for (const name of names) {
        if (!existsSync(join(partial, name))) writeFileSync(join(partial, name), name);
      }
      return Promise.resolve();
    });
    stop();
    const [last, ...before] = synced.reverse();
    expect(last).toEqual([folder, true]);
    const partial = `${place}.partial`;
    const expected = [partial, ...names.map((name) => join(partial, name))];
    expect(before.map(([path]) => path).sort()).toEqual(expected.sort());
    expect(before.every(([, isRenamed]) => !isRenamed)).toBe(true);
  });

  it('lets one run at a time fill', async () => {
    const place = join(temporaryFolder(), 'out');
    await buildFolder(place, async () => {
      await expect(buildFolder(place, () => Promise.resolve())).rejects.toMatchObject({
        name: 'OutputError',
        code: 'output-in-use',
        path: place,
      });
    });
    await expect(buildFolder(place, () => Promise.resolve())).resolves.toBeUndefined();
  });
});

/** Notes what is put on the disk from now on, and what was so at that moment. */
async function recordSyncs(
  isRenamed: () => boolean,
): Promise<{ synced: [path: string, isRenamed: boolean][]; stop: () => void }> {
  const file = await open(temporaryFolder(), 'r');
  const handles = Object.getPrototypeOf(file) as { sync: (this: FileHandle) => Promise<void> };
  await file.close();
  const { sync } = handles;
  const synced: [string, boolean][] = [];
  handles.sync = function () {
    synced.push([readlinkSync(`/proc/self/fd/${this.fd}`), isRenamed()]);
    return sync.call(this);
  };
  const stop = (): void => {
    handles.sync = sync;
  };
  return { synced, stop };
}

describe('writeWhole', () => {
  it('puts a file on the disk before it renames it, and the name after', async () => {
    const folder = temporaryFolder();
    const { synced, stop } = await recordSyncs(() => existsSync(join(folder, 'a')));
    await writeWhole(join(folder, 'a'), 'new');
    stop();
    expect(synced).toEqual([
      [join(folder, 'a.tmp'), false],
      [folder, true],
    ]);
  });

  it('writes a file, or replaces it, and leaves no other', async () => {
    const folder = writeTree({ a: 'old and longer' });
    await writeWhole(join(folder, 'a'), 'new');
    await writeWhole(join(folder, 'b'), Buffer.from([1, 2]));
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect([...readFileSync(join(folder, 'b'))]).toEqual([1, 2]);
  });

  it('never writes where a link in the place of its unfinished file leads', async () => {
    const folder = writeTree({ precious: 'precious' });
    symlinkSync(join(folder, 'precious'), join(folder, 'a.tmp'));
    await writeWhole(join(folder, 'a'), 'new');
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
  });

  it('leaves what was there, and no other file, where it cannot be written', async () => {
    const folder = writeTree({ 'a/b': 'a folder' });
    await expect(writeWhole(join(folder, 'a'), 'new')).rejects.toMatchObject({ code: 'eisdir' });
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

describe('exists and isEmptyPlace', () => {
  it('tell an absent, an empty and a full folder apart', async () => {
    const folder = writeTree({ 'full/a': 'x' });
    mkdirSync(join(folder, 'empty'));
    const places = ['absent', 'empty', 'full'].map((name) => join(folder, name));
    expect(await Promise.all(places.map(exists))).toEqual([false, true, true]);
    expect(await Promise.all(places.map(isEmptyPlace))).toEqual([true, true, false]);
  });
});

describe('partialFolder and toJson', () => {
  it('are what is on disk', () => {
    expect(partialFolder('work/pool/key')).toBe('work/pool/key.partial');
    expect(toJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  });
});

describe('freeSpace', () => {
  it('of a place that is not there yet is that of its nearest parent', async () => {
    const folder = temporaryFolder();
    expect(await freeSpace(join(folder, 'not', 'yet'))).toBeGreaterThan(0);
  });
});

describe('requireSpace', () => {
  it('says nothing where there is enough', async () => {
    await expect(requireSpace(temporaryFolder(), 1, 'the pool')).resolves.toBeUndefined();
  });

  it('says what is needed and what is free where there is not', async () => {
    const path = temporaryFolder();
    await expect(requireSpace(path, 1e18, 'the pool')).rejects.toMatchObject({
      name: 'OutputError',
      code: 'not-enough-space',
      path,
      message: expect.stringMatching(
        /the pool needs about 1000 PB, [\d.]+ (?:[kMGTP]?B|bytes) are free; free some space/,
      ),
    });
  });
});
