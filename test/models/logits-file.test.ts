import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LOGITS_FILE, openLogitsFile } from '../../src/models/logits-file.js';
import { npyHeader } from '../../src/predictions/npy-format.js';
import { temporaryFolder } from '../support/unit-folder.js';

/** Rows of which every value is the number of its image. */
function rows(...images: readonly number[]): Float32Array {
  return Float32Array.from(images.flatMap((image) => Array<number>(1000).fill(image)));
}

/** The file that holds these images. */
function holding(...images: readonly number[]): Buffer {
  return Buffer.concat([npyHeader([images.length, 1000]), Buffer.from(rows(...images).buffer)]);
}

const bad = { id: 'x', problem: 'no image' };

describe('openLogitsFile', () => {
  it('goes on behind what was noted, whatever a killed run wrote after it', async () => {
    const folder = temporaryFolder();
    const first = await openLogitsFile(folder);
    await first.add(rows(0, 1), [bad]);
    await first.stop();
    appendFileSync(join(folder, LOGITS_FILE), 'half a row');
    const second = await openLogitsFile(folder);
    expect(second.progress).toEqual({ done: 3, bad: [bad] });
    await second.add(rows(3), []);
    await second.finish();
    expect(readFileSync(join(folder, LOGITS_FILE)).equals(holding(0, 1, 3))).toBe(true);
    expect(existsSync(join(folder, 'progress.json'))).toBe(false);
  });

  it.each([
    [
      'the note is torn',
      (folder: string) => {
        writeFileSync(join(folder, 'progress.json'), '{"done":');
      },
    ],
    [
      'rows are missing',
      (folder: string) => {
        writeFileSync(join(folder, LOGITS_FILE), 'short');
      },
    ],
  ])('begins anew where %s', async (_, damage) => {
    const folder = temporaryFolder();
    const first = await openLogitsFile(folder);
    await first.add(rows(7, 8), []);
    await first.stop();
    damage(folder);
    const second = await openLogitsFile(folder);
    expect(second.progress).toEqual({ done: 0, bad: [] });
    await second.add(rows(1), []);
    await second.finish();
    expect(readFileSync(join(folder, LOGITS_FILE)).equals(holding(1))).toBe(true);
  });

  it('notes how far it is every so many images', async () => {
    const folder = temporaryFolder();
    const file = await openLogitsFile(folder);
    await file.add(rows(...Array.from({ length: 511 }, (_, at) => at)), []);
    expect(existsSync(join(folder, 'progress.json'))).toBe(false);
    await file.add(rows(511), []);
    expect(JSON.parse(readFileSync(join(folder, 'progress.json'), 'utf8'))).toEqual({
      done: 512,
      bad: [],
    });
    await file.stop();
  });
});
