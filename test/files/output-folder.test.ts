import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { writeWhole } from '../../src/files/output-file.js';
import {
  buildFolder,
  type OutputKind,
  requirePlace,
  withOneOf,
} from '../../src/files/output-folder.js';
import { recordSyncs } from '../support/record-syncs.js';
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
    const expected = [folder, partial, ...names.map((name) => join(partial, name))];
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

describe('requirePlace', () => {
  const report: OutputKind = {
    what: 'a report',
    code: 'output-not-empty',
    foreign: withOneOf('report.json'),
  };

  it.each([
    ['absent', {}],
    ['empty, with an unfinished one of ours beside it', { 'out.partial/origin.json': '{}' }],
    ['absent, with half of a removed one beside it', { 'out.replaced/origin.json': '{}' }],
  ])('takes a place that is %s', async (_, tree: Record<string, string>) => {
    const place = join(writeTree(tree), 'out');
    expect(await requirePlace(place, report)).toBe('free');
    mkdirSync(place);
    expect(await requirePlace(`${place}/`, report)).toBe('free');
  });

  it('tells one of its kind, and refuses it where the kind is never overwritten', async () => {
    const place = join(writeTree({ 'out/report.json': '{}', 'out/a': 'x' }), 'out');
    expect(await requirePlace(place, report)).toBe('taken');
    const never = requirePlace(place, { what: 'a report', code: 'output-exists' });
    await expect(never).rejects.toMatchObject({ code: 'output-exists', path: place });
    await expect(never).rejects.toThrow('this folder is not empty; choose another output folder');
  });

  it.each(['out', 'out.partial', 'out.replaced'])('refuses what else is at %s', async (name) => {
    const folder = writeTree({ [`${name}/thesis.tex`]: 'x' });
    for (const place of [join(folder, 'out'), `${folder}/out/`]) {
      const refused = requirePlace(place, report);
      await expect(refused).rejects.toMatchObject({ name: 'OutputError', code: report.code });
      await expect(refused).rejects.toThrow('thesis.tex');
    }
  });

  it.each(['to nothing', 'to an empty folder'])('refuses a link %s', async (leads) => {
    const [folder, elsewhere] = [temporaryFolder(), join(temporaryFolder(), 'there')];
    const place = join(folder, 'out');
    symlinkSync(elsewhere, place);
    if (leads === 'to an empty folder') mkdirSync(elsewhere);
    const refusal = { code: 'output-is-link', path: place };
    await expect(requirePlace(place, report)).rejects.toMatchObject(refusal);
    await expect(buildFolder(place, fillNone)).rejects.toMatchObject(refusal);
    expect(readdirSync(folder)).toEqual(['out']);
    expect(existsSync(elsewhere)).toBe(leads === 'to an empty folder');
  });

  it('and buildFolder refuse a file, and a place below a link to nothing', async () => {
    const folder = writeTree({ file: 'x' });
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    await expect(requirePlace(join(folder, 'file'), report)).rejects.toMatchObject({
      code: 'enotdir',
    });
    const below = buildFolder(join(folder, 'link', 'deep', 'out'), fillNone);
    await expect(below).rejects.toMatchObject({
      code: 'output-is-link',
      path: join(folder, 'link'),
    });
    expect(readdirSync(folder).sort()).toEqual(['file', 'link']);
  });
});

function fillNone(): Promise<void> {
  return Promise.resolve();
}

describe('buildFolder of a kind', () => {
  const kind: OutputKind = {
    what: 'a report',
    code: 'output-not-empty',
    foreign: withOneOf('report.json'),
  };
  const stopped = (folder: string, origin?: object): Promise<void> =>
    buildFolder(
      join(folder, 'out'),
      async (partial) => {
        await writeWhole(join(partial, 'rows'), 'x');
        throw new Error('stopped');
      },
      { kind, origin },
    ).catch(() => undefined);
  const finished = async (folder: string, origin?: object): Promise<string[]> => {
    const place = join(folder, 'out');
    await buildFolder(place, (partial) => writeWhole(join(partial, 'report.json'), '{}'), {
      kind,
      origin,
    });
    expect(readdirSync(folder)).toEqual(['out']);
    return readdirSync(place).sort();
  };

  it('continues an interrupted run of the same origin, and clears that of another', async () => {
    const folder = temporaryFolder();
    await stopped(folder, { seed: 1 });
    expect(await finished(folder, { seed: 1 })).toEqual(['report.json', 'rows']);
    await stopped(folder, { seed: 1 });
    expect(await finished(folder, { seed: 2 })).toEqual(['report.json']);
    await stopped(folder);
    expect(await finished(folder)).toEqual(['report.json']);
  });

  it('finishes the removal of a former one that a run was killed in', async () => {
    const folder = writeTree({
      'out.replaced/origin.json': '"being cleared"',
      'out.replaced/a': '',
    });
    expect(await finished(folder)).toEqual(['report.json']);
  });

  it('keeps what has come to its place during the run, if it is something else', async () => {
    const folder = temporaryFolder();
    const place = join(folder, 'out');
    const late = (): Promise<void> => {
      writeTree({ 'out/thesis.tex': 'x' }, folder);
      return Promise.resolve();
    };
    await expect(buildFolder(place, late, { kind })).rejects.toMatchObject({ code: kind.code });
    expect(readdirSync(place)).toEqual(['thesis.tex']);
    rmSync(place, { recursive: true });
    expect(await finished(folder)).toEqual(['report.json']);
  });

  it('does not clear through a link in the place of its note', async () => {
    const folder = writeTree({ precious: 'precious', 'out.partial/a': '' });
    symlinkSync(join(folder, 'precious'), join(folder, 'out.partial', 'origin.json'));
    const refused = buildFolder(join(folder, 'out'), fillNone, { kind });
    await expect(refused).rejects.toMatchObject({ code: 'output-is-link' });
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
    expect(readdirSync(join(folder, 'out.partial')).sort()).toEqual(['a', 'origin.json']);
  });
});
