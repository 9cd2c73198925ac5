import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { classOf } from '../../src/imagenet/synsets.js';
import { classOfDevkitId } from '../../src/sets/devkit-classes.js';
import { parseDevkitLabels, readOriginalLabels } from '../../src/sets/original-labels.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { thrownBy } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

const HEADER = 'ImageId,PredictionString\n';
const BOX = '1 2 30 40';

function fileOf(text: string | Uint8Array): string {
  return join(writeTree({ originals: text }), 'originals');
}

describe('readOriginalLabels', () => {
  it("takes the class of Kaggle's boxes, and puts the images in id order", async () => {
    const path = fileOf(
      `${HEADER}ILSVRC2012_val_00050000,n01443537 ${BOX}\n` +
        `ILSVRC2012_val_00000001,n01440764 ${BOX} n01440764 ${BOX} \n`,
    );
    const originals = await readOriginalLabels(path);
    expect(originals).toHaveLength(50_000);
    expect([originals[0], originals[1], originals[49_999]]).toEqual([0, undefined, 1]);
  });

  it("reads the devkit's file, which orders its synsets in another way", async () => {
    const originals = await readOriginalLabels(fileOf('490\n'.repeat(50_000)));
    expect(new Set(originals)).toEqual(new Set([65]));
  });

  it('passes over images of another split', async () => {
    const rows = `n01440764_18,n01440764 ${BOX}\nILSVRC2012_val_00000001,n01440764 ${BOX}\n`;
    expect((await readOriginalLabels(fileOf(HEADER + rows)))[0]).toBe(0);
  });

  it.each([
    ['two classes', `n01440764 ${BOX} n01443537 ${BOX}`],
    ['no box', ''],
    ['a field too few', 'n01440764 1 2 3'],
    ['an unknown synset', `n99999999 ${BOX}`],
  ])('names the row of an image with %s', async (_, boxes) => {
    const rows = `n01440764_18,\nILSVRC2012_val_00000001,${boxes}\n`;
    const path = fileOf(HEADER + rows);
    await expect(readOriginalLabels(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'originals-row',
      path,
      place: 'row 3',
    });
  });

  it('refuses an image that is listed twice', async () => {
    const row = `ILSVRC2012_val_00000007,n01440764 ${BOX}\n`;
    await expect(readOriginalLabels(fileOf(HEADER + row + row))).rejects.toMatchObject({
      code: 'originals-row',
      place: 'row 3',
      message: expect.stringContaining('ILSVRC2012_val_00000007 is listed twice') as unknown,
    });
  });

  it.each([
    ['another split alone', `${HEADER}n01440764_18,n01440764 ${BOX}\n`, 'originals-none'],
    ['ids beyond 50,000', `${HEADER}ILSVRC2012_val_00050001,\n`, 'originals-none'],
    ['JSON', '[[1]]', 'originals-unknown-form'],
    ['nothing', ' \n', 'labels-empty'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x31), 'labels-not-text'],
  ])('refuses %s', async (_, text, code) => {
    const path = fileOf(text);
    await expect(readOriginalLabels(path)).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path,
    });
  });

  it('says that the file is not there', async () => {
    const path = join(temporaryFolder(), 'none.csv');
    await expect(readOriginalLabels(path)).rejects.toMatchObject({ code: 'enoent', path });
  });
});

describeWithShared("Kaggle's file", () => {
  it('has one of the 1,000 classes for each of the 50,000 images, 50 images a class', async () => {
    const images = new Map<number | undefined, number>();
    for (const label of await readOriginalLabels(sharedInput.csv)) {
      images.set(label, (images.get(label) ?? 0) + 1);
    }
    expect(images.size).toBe(1000);
    expect(new Set(images.values())).toEqual(new Set([50]));
  });
});

/** The first lines of the devkit's ground truth. */
const FIRST_LINES = [490, 361, 171, 822, 297, 482, 13, 704, 599, 164];

describe('classOfDevkitId', () => {
  it('gives each of the 1,000 classes for one id', () => {
    const classes = Array.from({ length: 1000 }, (_, index) => classOfDevkitId(index + 1));
    expect(classes.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it('starts with the kit fox and ends with the dumbbell', () => {
    expect(classOfDevkitId(1)).toBe(classOf('n02119789'));
    expect(classOfDevkitId(1000)).toBe(classOf('n03255030'));
  });

  it.each([0, -1, 1001, 0.5, NaN])('has no class for %d', (id) => {
    expect(classOfDevkitId(id)).toBeUndefined();
  });
});

describe('parseDevkitLabels', () => {
  const ids = Array.from({ length: 50_000 }, (_, i) => FIRST_LINES[i] ?? (i % 1000) + 1);

  it.each([
    ['LF', '\n', '\n'],
    ['CRLF', '\r\n', '\r\n'],
    ['no line end at the end', '\n', ''],
  ])('reads a class a line, with %s', (_, between, end) => {
    const classes = parseDevkitLabels(ids.join(between) + end, 'truth.txt');
    expect(classes).toHaveLength(50_000);
    expect(classes.slice(0, 10)).toEqual([65, 970, 230, 809, 516, 57, 334, 415, 674, 332]);
  });

  it.each(['0', '1001', '', 'n01440764', '1 2', '-5', '1e2', '99999999'])(
    'refuses the line %j and names it',
    (line) => {
      const text = [1, 2, line, ...ids].join('\n');
      expect(thrownBy(() => parseDevkitLabels(text, 'truth.txt'))).toMatchObject({
        name: 'EvaluationError',
        code: 'originals-devkit-id',
        path: 'truth.txt',
        place: 'line 3',
        message: expect.stringContaining('expected an ILSVRC id 1 to 1000') as unknown,
      });
    },
  );

  it.each([1, 49_999, 50_001])('refuses %d lines', (length) => {
    const text = Array.from({ length }, () => '1').join('\n');
    expect(thrownBy(() => parseDevkitLabels(text, 'truth.txt'))).toMatchObject({
      code: 'originals-devkit-length',
      message: expect.stringContaining(`expected 50000 lines, got ${length}`) as unknown,
    });
  });
});

describeWithShared("The devkit's order", () => {
  it("agrees with Kaggle's file on the first ten images", async () => {
    const originals = await readOriginalLabels(sharedInput.csv);
    expect(FIRST_LINES.map(classOfDevkitId)).toEqual(originals.slice(0, 10));
  });
});
