import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { EvaluationError } from '../../src/errors.js';
import { loadModelCard, modelCardJsonSchema, parseModelCard } from '../../src/models/card.js';
import { cardFields } from '../support/unit-cards.js';
import { thrownBy } from '../support/unit-errors.js';
import { writeTree } from '../support/unit-folder.js';

describe('loadModelCard', () => {
  it('finds the model from the folder of the card, and the name from its file', async () => {
    const folder = writeTree({
      'cards/resnet.yaml': stringify({ ...cardFields(), model: '../resnet.onnx' }),
    });
    const card = await loadModelCard(join(folder, 'cards', 'resnet.yaml'));
    expect(card.model).toBe(join(folder, 'resnet.onnx'));
    expect(card.name).toBe('resnet');
    expect(card.resize.fill).toBe(114);
  });

  it.each([
    ['', 'expected fields such as "model: resnet50.onnx"'],
    ['- a\n- b\n', 'expected fields'],
    ['model: [', 'not YAML'],
    ['['.repeat(60), 'nested too deep to be a card'],
    [' '.repeat(1 << 18), 'too large to be a card'],
  ])('says what is wrong with a file that is no card: %j', async (text, problem) => {
    const folder = writeTree({ 'card.yaml': text });
    await expect(loadModelCard(join(folder, 'card.yaml'))).rejects.toThrow(problem);
    await expect(loadModelCard(join(folder, 'card.yaml'))).rejects.toBeInstanceOf(EvaluationError);
  });

  it('says that a card is not there', async () => {
    await expect(loadModelCard('nowhere/card.yaml')).rejects.toMatchObject({ code: 'enoent' });
  });
});

describe('parseModelCard', () => {
  it.each([
    [{ input: undefined }, 'input', 'card-invalid-field'],
    [{ output: undefined }, 'output', 'card-invalid-field'],
    [{ classes: undefined }, 'classes', 'card-invalid-field'],
    [{ input: { ...cardFields().input, mean: undefined } }, 'input.mean', 'card-invalid-field'],
    [{ input: { ...cardFields().input, std: [0, 1, 1] } }, 'input.std', 'card-invalid-field'],
    [{ input: { ...cardFields().input, size: 0 } }, 'input.size', 'card-invalid-field'],
    [{ input: { ...cardFields().input, layout: 'CHW' } }, 'input.layout', 'card-invalid-field'],
    [
      { resize: { ...cardFields().resize, cropFraction: 2 } },
      'resize.cropFraction',
      'card-invalid-field',
    ],
    [{ classes: ['n07753592', 'n07753592'] }, 'classes', 'card-invalid-field'],
    [{ classes: ['n07753592', 'n99999999'] }, 'classes', 'card-invalid-field'],
    [{ name: '../up' }, 'name', 'card-invalid-field'],
    [{ sise: 224 }, undefined, 'card-unknown-field'],
  ])('names the field that is wrong: %j', (fields, place, code) => {
    const thrown = thrownBy(() => parseModelCard({ ...cardFields(), ...fields }, 'card.yaml'));
    expect(thrown).toBeInstanceOf(EvaluationError);
    expect(thrown).toMatchObject({ path: 'card.yaml', place, code });
  });
});

describe('modelCardJsonSchema', () => {
  it('is what configs/model-card.schema.json holds', () => {
    const stored: unknown = JSON.parse(readFileSync('configs/model-card.schema.json', 'utf8'));
    expect(stored).toEqual(JSON.parse(JSON.stringify(modelCardJsonSchema())));
  });
});
