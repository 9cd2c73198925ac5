import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  evaluateModel,
  evaluateModels,
  openAllScores,
  openScores,
  scoreFile,
} from '../../src/index.js';
import { encode } from '../../src/image/encode.js';
import { tinyCard } from '../support/unit-cards.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';
import { madeSet } from '../support/unit-scores.js';

const set = madeSet([[1], [2]], { ids: ['a', 'b'] });
const ranks = 'id,rank_1\na,1\nb,3\n';

describe('scoreFile', () => {
  it('scores a file in one call, and writes nothing unless told where', async () => {
    const predictions = join(writeTree({ 'ranks.csv': ranks }), 'ranks.csv');
    const { scorecard, perImage } = await scoreFile({ predictions, set }, { resamples: 20 });
    expect(scorecard.model).toEqual({ name: 'ranks' });
    expect([...perImage.real]).toEqual([1, 0]);
    expect(scorecard.metrics.real).toMatchObject({ value: 1 / 2, n: 2 });
    const out = join(temporaryFolder(), 'scores');
    const written = await scoreFile({ predictions, set, model: 'm', out }, { resamples: 20 });
    expect((await openScores(out)).scorecard).toMatchObject(written.scorecard);
    const [found] = await openAllScores([out, `${out}/`, join(out, '..')]);
    expect(found!.folder).toBe(out);
    expect(await openAllScores([out, `${out}/`, join(out, '..')])).toHaveLength(1);
  });

  it.each([
    ['no file', undefined, { code: 'enoent' }],
    ['a file that is cut', 'id,rank_1\na,1\n', { code: 'predictions-missing-ids' }],
    ['a file of no known form', 'x', { name: 'EvaluationError' }],
  ])('refuses %s', async (_, text, expected) => {
    const predictions = join(temporaryFolder(), 'ranks.csv');
    if (text !== undefined) writeFileSync(predictions, text);
    await expect(scoreFile({ predictions, set })).rejects.toMatchObject(expected);
  });
});

describe('openAllScores', () => {
  it.each([
    ['a damaged scorecard', { 'scorecard.json': '{' }, 'stage-invalid'],
    ['no scorecard', { 'notes.txt': 'x' }, 'scores-none'],
  ])('refuses %s', async (_, files, code) => {
    const error = { name: 'EvaluationError', code };
    await expect(openAllScores([writeTree(files)])).rejects.toMatchObject(error);
  });

  it('refuses a file as one that is no folder', async () => {
    const file = join(writeTree({ 'notes.txt': 'x' }), 'notes.txt');
    await expect(openAllScores([file])).rejects.toMatchObject({ code: 'enotdir' });
  });
});

describe('evaluateModels', () => {
  it('says which models failed, and why', async () => {
    const folder = temporaryFolder();
    const cards = [join(folder, 'none.yaml'), join(folder, 'none.onnx')];
    const seen: [string, number][] = [];
    const { evaluated, failures } = await evaluateModels(
      { cards, set, work: join(folder, 'work'), out: join(folder, 'out') },
      { onModel: (card, index) => seen.push([card, index]) },
    );
    expect(evaluated).toEqual([]);
    expect(failures.map(({ card, error }) => [card, error.code])).toEqual([
      [cards[0], 'enoent'],
      [cards[1], 'card-missing'],
    ]);
    expect(seen).toEqual([
      [cards[0], 0],
      [cards[1], 1],
    ]);
  });
});

describe('evaluateModel', () => {
  it('ranks whole numbers, and gives nothing that would compare them between images', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.png'), await encode(flatImage(8, 8, [1, 10, 100]), 'png', 100));
    const images = { path: folder, places: [{ file: 'a.png', size: 1 }], fingerprint: 'f' };
    const one = madeSet([[340]], { ids: ['a'], images }); // the third output, the highest
    const input = { set: one, work: join(folder, 'work'), out: join(folder, 'out') };
    const card = tinyCard('whole');
    const { scorecard } = await evaluateModel({ ...input, card }, { resamples: 20 });
    expect(scorecard).toMatchObject({ scores: 'quantised', metrics: { real: { value: 1 } } });
    expect(scorecard.metrics.mapMicro).toBeUndefined();
    expect(scorecard.unavailable).toMatchObject({ mapMicro: expect.stringContaining('integers') });
    const output = { kind: 'logits', step: 4, zeroPoint: -128 } as const;
    const known = await evaluateModel({ ...input, card: { ...card, output } }, { resamples: 20 });
    expect(known.scorecard.scores).toBe('logits');
    expect(known.scorecard.metrics.mapMicro).toMatchObject({ value: 1 });
  });

  it.each([{ batch: 0 }, { jobs: 1.5 }])('refuses %p', async (options) => {
    const folder = temporaryFolder();
    const places = [{ file: 'a.png' }, { file: 'b.png' }];
    const images = { path: folder, places, fingerprint: 'f' } as never;
    const known = madeSet([[0], [954]], { ids: ['a', 'b'], images });
    const input = { card: tinyCard('nchw'), set: known, work: folder };
    await expect(
      evaluateModel({ ...input, out: join(folder, 'out') }, options),
    ).rejects.toMatchObject({ name: 'EvaluationError', code: 'option-out-of-range' });
  });
});
