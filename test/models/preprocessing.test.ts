import { describe, expect, it } from '@jest/globals';
import { choosePreprocessing } from '../../src/models/card.js';
import { cardWith } from '../support/unit-cards.js';

const card = cardWith();

describe('choosePreprocessing', () => {
  it('takes PatchML images whole, in the interpolation of the card', () => {
    expect(choosePreprocessing(card, { kind: 'patchml' }).resize).toEqual({
      ...card.resize,
      mode: 'squash',
      cropFraction: 1,
    });
  });

  it('takes others as the card says', () => {
    expect(choosePreprocessing(card, { kind: 'imagenet' }).resize).toEqual(card.resize);
  });

  it('does as it is told', () => {
    expect(choosePreprocessing(card, { kind: 'patchml' }, 'card').resize).toEqual(card.resize);
    const whole = choosePreprocessing(card, { kind: 'imagenet-v2' }, 'whole');
    expect(whole.resize).toMatchObject({ mode: 'squash', cropFraction: 1 });
    expect(whole.input).toEqual(card.input);
  });
});
