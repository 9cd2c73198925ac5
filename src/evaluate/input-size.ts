import type { ModelCard } from './model-card.js';

// Apart from the card's schema, which the worker threads need not load.

/** Width and height of a model's input, px. */
export function inputSize({
  size,
}: Pick<ModelCard['input'], 'size'>): [width: number, height: number] {
  return typeof size === 'number' ? [size, size] : size;
}
