import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { findModelCard, matchCards } from '../../src/models/card.js';
import { cardFields } from '../support/unit-cards.js';
import { writeTree } from '../support/unit-folder.js';

const card = stringify({ ...cardFields(), model: 'other.onnx' });

describe('findModelCard', () => {
  it('reads a card', async () => {
    const folder = writeTree({ 'a.yaml': card });
    expect((await findModelCard(join(folder, 'a.yaml'))).model).toBe(join(folder, 'other.onnx'));
  });

  it('finds the card that names a model, whatever the card is called', async () => {
    const named = stringify({ ...cardFields(), model: 'b/model.onnx' });
    const folder = writeTree({
      'b.yaml': named,
      'b/card.yaml': stringify({ ...cardFields(), model: 'model.onnx' }),
      'b/model.onnx': 'b',
      'data.yaml': 'names: [cat, dog]',
    });
    const found = await findModelCard(join(folder, 'b', 'model.onnx'));
    expect(found).toMatchObject({ name: 'card', model: join(folder, 'b', 'model.onnx') });
  });

  it('takes no card that names another file, though it has the same name', async () => {
    const folder = writeTree({ 'a.yaml': card, 'a.onnx': 'a', 'other.onnx': 'o' });
    await expect(findModelCard(join(folder, 'a.onnx'))).rejects.toMatchObject({
      code: 'card-missing',
    });
  });

  it('finds the card of a copy, by its bytes', async () => {
    const bytes = readFileSync(join('configs', 'models', 'sample.onnx'));
    const folder = writeTree({ 'copy.onnx': bytes });
    const found = await findModelCard(join(folder, 'copy.onnx'));
    expect(found).toMatchObject({ name: 'sample', model: join(folder, 'copy.onnx') });
    expect(found.classes).toHaveLength(40);
  });

  it('asks which, where two cards name a model', async () => {
    const folder = writeTree({ 'a.yaml': card, 'b.yaml': card, 'other.onnx': '' });
    await expect(findModelCard(join(folder, 'other.onnx'))).rejects.toMatchObject({
      code: 'card-ambiguous',
    });
  });

  it('says how to make one where there is none', async () => {
    await expect(findModelCard('models/none.onnx')).rejects.toMatchObject({
      code: 'card-missing',
      fix: 'make one with "patchml model add models/none.onnx"',
    });
  });
});

describe('matchCards', () => {
  it('lists what patterns match, each once, in byte order', async () => {
    const folder = writeTree({ 'b.yaml': '', 'a.yaml': '', 'B.yaml': '', 'c.txt': '' });
    const cards = await matchCards([join(folder, '*.yaml'), join(folder, 'a.*')]);
    expect(cards.map((path) => path.slice(-6))).toEqual(['B.yaml', 'a.yaml', 'b.yaml']);
  });

  it('says that nothing matches', async () => {
    await expect(matchCards(['none/*.yaml'])).rejects.toMatchObject({ code: 'cards-missing' });
  });
});
