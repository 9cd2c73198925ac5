import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { EvaluationError, plotFigure } from '../../src/index.js';
import { countedSet, MOST, writeMadeScores } from '../support/made-scores.js';
import { openWorkspace } from '../support/workspace.js';

const workspace = openWorkspace();

describe('plotFigure', () => {
  let scores: string;
  const draw = async (name: string, options = {}): Promise<Buffer> => {
    const out = join(scores, name);
    await plotFigure({ figure: 'subgroups', scores: [scores], out }, options);
    return readFileSync(out);
  };

  beforeAll(async () => {
    scores = workspace('scores');
    await writeMadeScores(scores, 'model', countedSet('first'), 5);
    await writeMadeScores(scores, 'model', countedSet('second'), 2);
  });

  it('writes an SVG of the width and font that were asked for, the same each time', async () => {
    const svg = await draw('a.svg', { widthMm: 89, fontSize: 6, font: 'Helvetica' });
    expect(svg.toString()).toMatch(/^<svg xmlns="[^"]*"[^>]* width="89mm" height="[\d.]+mm"/);
    expect(svg.toString()).toContain('font-size="8"'); // 6 pt of 1/72 inch are 8 px of 1/96
    expect(svg.toString()).toContain('Helvetica');
    expect(await draw('b.svg', { widthMm: 89, fontSize: 6, font: 'Helvetica' })).toEqual(svg);
  });

  it('writes a PNG with the pixels an inch that were asked for', async () => {
    const png = await draw('a.png', { widthMm: 127, dpi: 100 });
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(500); // 5 inches
  });

  it('of more models than colours names three, with their intervals', async () => {
    const many = workspace('many');
    for (let model = 0; model < 8; model += 1) {
      await writeMadeScores(many, `model ${model}`, countedSet('first'), 2 + model);
    }
    const out = join(many, 'a.svg');
    await plotFigure({ figure: 'subgroups', scores: [many], out });
    const svg = readFileSync(out, 'utf8');
    expect(svg).toContain('>5 others in grey<');
    expect(svg.match(/>model \d<\/text>/g)).toEqual(
      ['model 7', 'model 3', 'model 0'].map((name) => `>${name}</text>`),
    );
    expect(svg.match(/<line [^>]*stroke="#(0072B2|D55E00|009E73)"/g)).toHaveLength(3 * MOST);
  });

  it('draws the chart of the set that is chosen', async () => {
    const [first, second] = [
      await draw('first.svg', { choice: { set: 'first' } }),
      await draw('second.svg', { choice: { set: 'second' } }),
    ];
    expect(first).not.toEqual(second);
    expect(await draw('default.svg')).toEqual(first);
  });

  it.each([
    ['a.pdf', {}, 'plot-unknown-format'],
    ['a.svg', { widthMm: 0 }, 'plot-invalid-size'],
    ['a.svg', { fontSize: NaN }, 'plot-invalid-size'],
    ['a.png', { dpi: 1e6 }, 'plot-invalid-size'],
    ['a.svg', { choice: { set: 'third' } }, 'plot-unknown-choice'],
    ['a.svg', { choice: { colour: 'red' } }, 'plot-unknown-choice'],
  ])('refuses %s with %j', async (name, options, code) => {
    const error = await draw(name, options).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(EvaluationError);
    expect(error).toMatchObject({ code });
  });
});
