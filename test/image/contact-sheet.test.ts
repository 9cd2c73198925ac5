import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { drawTiles, type Tile } from '../../src/image/contact-sheet.js';
import { flatImage } from '../support/unit-images.js';

function tileOf(
  colour: [number, number, number],
  lines: string[],
  [width, height]: readonly [number, number] = [40, 40],
): Tile {
  const blocks = [lines.map((text) => ({ text }))];
  return { image: flatImage(width, height, colour), title: 'id', blocks };
}

/** The height of a row whose pictures are 40 px high, with so many lines under the title. */
function rowHeight(lines: number): number {
  return 40 + (6 + 20) + 6 + 20 * lines + 14;
}

async function pixelAt(png: Buffer, x: number, y: number): Promise<number[]> {
  const area = { left: x, top: y, width: 1, height: 1 };
  return [...(await sharp(png).extract(area).removeAlpha().raw().toBuffer())];
}

/** The last column of a picture's caption in which anything is drawn, from its left, px. */
async function inkWidth(png: Buffer, side: number, line: number): Promise<number> {
  const area = { left: 14, top: 14 + side + 26 + 6 + 20 * line, width: side + 14, height: 18 };
  const { data, info } = await sharp(png)
    .extract(area)
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const isInk = (x: number): boolean =>
    Array.from({ length: info.height }, (_, y) => data[y * info.width + x]!).some((v) => v < 200);
  return Array.from({ length: info.width }, (_, x) => x).findLastIndex(isInk) + 1;
}

describe('drawTiles', () => {
  it('puts pictures in rows, each with room for its caption', async () => {
    const tiles = [
      tileOf([255, 0, 0], ['one']),
      tileOf([0, 255, 0], ['one', 'two', 'three']),
      tileOf([0, 0, 255], ['one']),
    ];
    const sheet = await drawTiles(tiles, { columns: 2, side: 40 });
    // the first row is as high as its longest caption, the second as its own
    expect(await sharp(sheet).metadata()).toMatchObject({
      width: 14 + 2 * 54,
      height: 14 + rowHeight(3) + rowHeight(1),
    });
    expect(await pixelAt(sheet, 14, 14)).toEqual([255, 0, 0]);
    expect(await pixelAt(sheet, 14 + 54, 14)).toEqual([0, 255, 0]);
    expect(await pixelAt(sheet, 14 + 39, 14 + rowHeight(3) + 39)).toEqual([0, 0, 255]);
    expect(await pixelAt(sheet, 5, 5)).toEqual([0xf2, 0xf2, 0xf2]);
  });

  it('is as wide as the tiles there are where they do not fill a row', async () => {
    const sheet = await drawTiles([tileOf([1, 2, 3], ['a'])], { columns: 8, side: 40 });
    expect(await sharp(sheet).metadata()).toMatchObject({
      width: 14 + 54,
      height: 14 + rowHeight(1),
    });
  });

  it('shows a wide picture whole', async () => {
    const tile = tileOf([255, 0, 0], ['a'], [80, 20]);
    const sheet = await drawTiles([tile], { columns: 1, side: 40 });
    expect(await pixelAt(sheet, 14 + 39, 14 + 9)).toEqual([255, 0, 0]);
    expect(await pixelAt(sheet, 14 + 20, 14 + 11)).toEqual([0xf2, 0xf2, 0xf2]);
  });

  it('writes the caption under its picture', async () => {
    const sheet = await drawTiles([tileOf([255, 0, 0], ['label'])], { columns: 1, side: 40 });
    expect(await inkWidth(sheet, 40, 0)).toBeGreaterThan(20); // dark letters on a light ground
  });

  it.each(['black & white', 'a <b> c', 'crane (134)', '</span>', 'é', '', 'very '.repeat(400)])(
    'takes %j for text, and keeps it within its picture',
    async (text) => {
      const sheet = await drawTiles([tileOf([9, 9, 9], [text])], { columns: 1, side: 40 });
      expect(await sharp(sheet).metadata()).toMatchObject({ width: 68, height: 14 + rowHeight(1) });
      expect(await inkWidth(sheet, 40, 0)).toBeLessThanOrEqual(40);
    },
  );

  it('ends a line that is too long in an ellipsis, and no other', async () => {
    const widths = async (side: number, ...texts: string[]): Promise<number[]> => {
      const sheet = await drawTiles([tileOf([9, 9, 9], texts)], { columns: 1, side });
      return Promise.all(texts.map((_, line) => inkWidth(sheet, side, line)));
    };
    const name = 'black and tan coonhound';
    const cuts = Array.from(name, (_, at) => `${name.slice(0, at).trimEnd()}\u2026`);
    // Side by side with all that it could be, on a sheet where nothing is cut:
    const all = await widths(300, name, ...cuts);
    expect(all[0]).toBeGreaterThan(120);
    const [short, cut] = await widths(120, 'black grouse', name);
    expect(short).toBe((await widths(300, 'black grouse'))[0]);
    expect(cut).toBe(Math.max(...all.filter((width) => width <= 120)));
  });
});
