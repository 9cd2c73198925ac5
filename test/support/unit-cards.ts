import type { ModelCard } from '../../src/evaluate/model-card.js';

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
