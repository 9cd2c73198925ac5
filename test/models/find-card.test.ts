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

  it('finds the card beside a model, and runs the file that was named', async () => {
    const folder = writeTree({ 'a.yaml': card, 'a.onnx': '' });
    const found = await findModelCard(join(folder, 'a.onnx'));
    expect(found).toMatchObject({ name: 'a', model: join(folder, 'a.onnx') });
  });

  it('finds the bundled card in configs/models', async () => {
    const found = await findModelCard(join(writeTree({ 'sample.onnx': '' }), 'sample.onnx'));
    expect(found.name).toBe('sample');
    expect(found.classes).toHaveLength(40);
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
