import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { EvaluationError } from '../../src/errors.js';
import { sha256 } from '../../src/files/digest.js';
import {
  choosePreprocessing,
  findModelCard,
  loadModelCard,
  matchCards,
  modelCardJsonSchema,
  parseModelCard,
} from '../../src/models/card.js';
import { cardFields, cardWith } from '../support/unit-cards.js';
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
    ['['.repeat(60), 'nested too deeply to be a card'],
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

  it('finds the card of a moved model by the digest that the card holds', async () => {
    const moved = stringify({ ...cardFields(), model: 'gone.onnx', sha256: sha256('moved') });
    const folder = writeTree({ 'card.yaml': moved, 'model.onnx': 'moved' });
    expect(await findModelCard(join(folder, 'model.onnx'))).toMatchObject({ name: 'card' });
  });

  it('prefers the card that was made for these bytes to one of the file before it', async () => {
    const made = (sha: string, model: string): string =>
      stringify({ ...cardFields(), model, sha256: sha });
    const folder = writeTree({
      'new.yaml': made(sha256('new'), 'elsewhere.onnx'),
      'old.yaml': made(sha256('old'), 'model.onnx'),
      'model.onnx': 'new',
    });
    expect(await findModelCard(join(folder, 'model.onnx'))).toMatchObject({ name: 'new' });
    rmSync(join(folder, 'new.yaml'));
    // Which is then refused, when the model is run.
    expect(await findModelCard(join(folder, 'model.onnx'))).toMatchObject({ name: 'old' });
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
      fix: 'create one with "patchml model add models/none.onnx"',
    });
  });
});

describe('matchCards', () => {
  it('lists what patterns match, each once, in byte order', async () => {
    const folder = writeTree({ 'b.yaml': '', 'a.yaml': '', 'B.yaml': '', 'c.txt': '' });
    const cards = await matchCards([join(folder, '*.yaml'), join(folder, 'a.*')]);
    expect(cards).toEqual(['B.yaml', 'a.yaml', 'b.yaml'].map((name) => join(folder, name)));
    const [sample] = await matchCards(['configs/models/sam*.yaml', 'configs/models/*.yaml']);
    expect(sample).toBe('configs/models/sample.yaml'); // relative as it was given
  });

  it('says that nothing matches', async () => {
    await expect(matchCards(['none/*.yaml'])).rejects.toMatchObject({ code: 'cards-missing' });
  });
});

const someCard = cardWith();

describe('choosePreprocessing', () => {
  it('takes PatchML images whole, in the interpolation of the card', () => {
    expect(choosePreprocessing(someCard, { kind: 'patchml' }).resize).toEqual({
      ...someCard.resize,
      mode: 'squash',
      cropFraction: 1,
    });
  });

  it('takes others as the card says', () => {
    expect(choosePreprocessing(someCard, { kind: 'imagenet' }).resize).toEqual(someCard.resize);
  });

  it('does as it is told', () => {
    expect(choosePreprocessing(someCard, { kind: 'patchml' }, 'card').resize).toEqual(
      someCard.resize,
    );
    const whole = choosePreprocessing(someCard, { kind: 'imagenet-v2' }, 'whole');
    expect(whole.resize).toMatchObject({ mode: 'squash', cropFraction: 1 });
    expect(whole.input).toEqual(someCard.input);
  });
});
