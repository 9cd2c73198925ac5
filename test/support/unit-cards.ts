import { resolve } from 'node:path';
import type { ModelCard } from '../../src/models/card.js';

/** The fields of a card as they stand in its file: the usual ImageNet preprocessing at 224 px. */
export function cardFields(): Record<string, unknown> & Pick<ModelCard, 'input' | 'resize'> {
  return {
    model: 'model.onnx',
    input: {
      size: 224,
      layout: 'NCHW',
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
    resize: {
      mode: 'shorter-side',
      interpolation: 'bilinear',
      antialias: true,
      cropFraction: 0.875,
      fill: 114,
    },
    classes: 'imagenet-1k',
    output: { kind: 'logits' },
  };
}

/** A card with some of its input's and resize's fields replaced. */
export function cardWith(
  input: Partial<ModelCard['input']> = {},
  resize: Partial<ModelCard['resize']> = {},
  others: Partial<ModelCard> = {},
): ModelCard {
  const fields = cardFields();
  return {
    ...(fields as unknown as ModelCard),
    name: 'test',
    input: { ...fields.input, ...input },
    resize: { ...fields.resize, ...resize },
    ...others,
  };
}

/** The classes that the tiny models of test/models/graphs have, in the order of their outputs. */
export const TINY_CLASSES = ['n07753592', 'n01440764', 'n02391049', 'n03895866'];

/** The path of a tiny model; scripts/model-fixtures.py says what they compute. */
export function tinyModel(name: string): string {
  return resolve('test', 'models', 'graphs', `${name}.onnx`);
}

/** The card of a tiny model, for pixels as they are: output j is (j + 1) x the mean of channel j mod 3. */
export function tinyCard(
  name: string,
  input: Partial<ModelCard['input']> = {},
  others: Partial<ModelCard> = {},
): ModelCard {
  const asIs = { size: 8, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  return cardWith(
    { ...asIs, ...input } as ModelCard['input'],
    { mode: 'squash', cropFraction: 1 },
    { name, model: tinyModel(name), classes: TINY_CLASSES, ...others },
  );
}
