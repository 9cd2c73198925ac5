import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readOriginalLabels } from '../../src/sets/original-labels.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
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
