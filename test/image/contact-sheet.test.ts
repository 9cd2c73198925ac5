import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { drawTiles, type Tile } from '../../src/image/contact-sheet.js';
import { flatImage } from '../support/unit-images.js';

function tileOf(
  colour: [number, number, number],
  caption: string[],
  [width, height]: readonly [number, number] = [40, 40],
): Tile {
  return { image: flatImage(width, height, colour), caption };
}

async function pixelAt(png: Buffer, x: number, y: number): Promise<number[]> {
  const area = { left: x, top: y, width: 1, height: 1 };
  return [...(await sharp(png).extract(area).removeAlpha().raw().toBuffer())];
}

describe('drawTiles', () => {
  it('puts pictures in rows, each with room for its caption', async () => {
    const tiles = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ].map((colour) => tileOf(colour as [number, number, number], ['one', 'two']));
    const sheet = await drawTiles(tiles, { columns: 2, side: 40 });
    // a cell: 40 + 12 wide, 40 + 12 + 2 lines of 18 high; 12 px before the first
    expect(await sharp(sheet).metadata()).toMatchObject({
      width: 12 + 2 * 52,
      height: 12 + 2 * 88,
    });
    expect(await pixelAt(sheet, 12, 12)).toEqual([255, 0, 0]);
    expect(await pixelAt(sheet, 12 + 52, 12)).toEqual([0, 255, 0]);
    expect(await pixelAt(sheet, 12 + 39, 12 + 88 + 39)).toEqual([0, 0, 255]);
    expect(await pixelAt(sheet, 5, 5)).toEqual([0xf2, 0xf2, 0xf2]);
  });

  it('is as wide as the tiles there are where they do not fill a row', async () => {
    const sheet = await drawTiles([tileOf([1, 2, 3], ['a'])], { columns: 8, side: 40 });
    expect(await sharp(sheet).metadata()).toMatchObject({ width: 12 + 52, height: 12 + 70 });
  });

  it('shows a wide picture whole', async () => {
    const tile = tileOf([255, 0, 0], ['a'], [80, 20]);
    const sheet = await drawTiles([tile], { columns: 1, side: 40 });
    expect(await pixelAt(sheet, 12 + 39, 12 + 9)).toEqual([255, 0, 0]);
    expect(await pixelAt(sheet, 12 + 20, 12 + 11)).toEqual([0xf2, 0xf2, 0xf2]);
  });

  it('writes the caption under its picture', async () => {
    const sheet = await drawTiles([tileOf([255, 0, 0], ['label'])], { columns: 1, side: 40 });
    const area = { left: 12, top: 12 + 41, width: 40, height: 20 };
    const { channels } = await sharp(sheet).extract(area).removeAlpha().stats();
    expect(channels[0]!.min).toBeLessThan(128); // dark letters on a light ground
  });

  it.each(['black & white', 'a <b> c', 'crane (134)', '</span>', 'é', 'very '.repeat(40)])(
    'takes %j for text, and cuts it to its picture',
    async (caption) => {
      const sheet = await drawTiles([tileOf([9, 9, 9], [caption])], { columns: 1, side: 40 });
      expect(await sharp(sheet).metadata()).toMatchObject({ width: 64, height: 82 });
    },
  );
});
