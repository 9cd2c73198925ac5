import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  buildFolder,
  exists,
  isEmptyPlace,
  partialFolder,
  toJson,
  writeWhole,
} from '../../src/files/folders.js';
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

describe('writeWhole', () => {
  it('writes a file, or replaces it, and leaves no other', async () => {
    const folder = writeTree({ a: 'old and longer' });
    await writeWhole(join(folder, 'a'), 'new');
    await writeWhole(join(folder, 'b'), Buffer.from([1, 2]));
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect([...readFileSync(join(folder, 'b'))]).toEqual([1, 2]);
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
