import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  forgetProgress,
  noteProgress,
  PROGRESS_FILE,
  type Resumable,
  takeUpProgress,
} from '../../src/files/resume.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

const ROWS: Resumable<{ bytes: number }> = {
  schema: z.object({ bytes: z.int().min(0) }),
  lengths: ({ bytes }) => ({ rows: bytes }),
};

describe('takeUpProgress', () => {
  it('gives what was noted last, and cuts off what was written after it', async () => {
    const folder = writeTree({ rows: 'abcdef' });
    await noteProgress(folder, { bytes: 2 });
    await noteProgress(folder, { bytes: 4 }, ['rows']);
    expect(await takeUpProgress(folder, ROWS)).toEqual({ bytes: 4 });
    expect(readFileSync(join(folder, 'rows'), 'utf8')).toBe('abcd');
    expect(readdirSync(folder).sort()).toEqual([PROGRESS_FILE, 'rows']);
  });

  it.each<[string, (folder: string) => void]>([
    [
      'nothing was noted',
      (folder) => {
        rmSync(join(folder, PROGRESS_FILE));
      },
    ],
    [
      'the note is cut',
      (folder) => {
        writeFileSync(join(folder, PROGRESS_FILE), '{"bytes": ');
      },
    ],
    [
      'the note is another',
      (folder) => {
        writeFileSync(join(folder, PROGRESS_FILE), '{"bytes": -1}');
      },
    ],
    [
      'a file is shorter',
      (folder) => {
        writeFileSync(join(folder, 'rows'), 'abc');
      },
    ],
    [
      'a file is missing',
      (folder) => {
        rmSync(join(folder, 'rows'));
      },
    ],
  ])('gives nothing, and leaves no note, where %s', async (_, damage) => {
    const folder = writeTree({ rows: 'abcdef' });
    await noteProgress(folder, { bytes: 4 });
    damage(folder);
    expect(await takeUpProgress(folder, ROWS)).toBeUndefined();
    expect(readdirSync(folder)).not.toContain(PROGRESS_FILE);
  });

  it('gives nothing where what the files hold is damaged, or cannot be looked through', async () => {
    for (const isIntact of [() => Promise.resolve(false), () => Promise.reject(new Error('no'))]) {
      const folder = writeTree({ rows: 'abcdef' });
      await noteProgress(folder, { bytes: 4 });
      expect(await takeUpProgress(folder, { ...ROWS, isIntact })).toBeUndefined();
    }
  });
});

describe('noteProgress and forgetProgress', () => {
  it('write no note through a link, and leave none', async () => {
    const folder = temporaryFolder();
    const precious = join(writeTree({ precious: 'precious' }), 'precious');
    symlinkSync(precious, join(folder, PROGRESS_FILE));
    await noteProgress(folder, { bytes: 0 });
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    await forgetProgress(folder);
    await forgetProgress(folder);
    expect(readdirSync(folder)).toEqual([]);
  });
});
