import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { copyWhole, openOutput, writeWhole } from '../../src/files/output-file.js';
import { recordSyncs } from '../support/record-syncs.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

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

describe('copyWhole', () => {
  it('copies a file, and never to where a link in the place of the copy leads', async () => {
    const folder = writeTree({ a: 'new', b: 'old', precious: 'precious' });
    symlinkSync(join(folder, 'precious'), join(folder, 'b.tmp'));
    await copyWhole(join(folder, 'a'), join(folder, 'b'));
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('new');
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
    expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'precious']);
  });
});

describe('openOutput', () => {
  it('resumes what a run before left, and is at its place when it is closed', async () => {
    const folder = temporaryFolder();
    const options = { aside: join(folder, 'part'), resume: true };
    const first = await openOutput(join(folder, 'a'), options);
    await first.write(Buffer.from('one'));
    await first.leave();
    expect(readdirSync(folder)).toEqual(['part']);
    const second = await openOutput(join(folder, 'a'), options);
    expect(second.length).toBe(3);
    await second.write(Buffer.from(', '), Buffer.from('two'));
    expect(second.length).toBe(8);
    await second.close();
    expect(readdirSync(folder)).toEqual(['a']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('one, two');
  });

  it('does not resume through a link', async () => {
    const folder = writeTree({ precious: 'precious' });
    symlinkSync(join(folder, 'precious'), join(folder, 'part'));
    const aside = join(folder, 'part');
    const opened = openOutput(join(folder, 'a'), { aside, resume: true });
    await expect(opened).rejects.toMatchObject({ code: 'eloop' });
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
  });
});
