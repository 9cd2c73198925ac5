import type { ModelCard } from './model-card.js';

/** The parts of a card that are known; the names of the flags that give them. */
export interface CardDraft {
  inputName?: string;
  size?: ModelCard['input']['size'];
  layout?: ModelCard['input']['layout'];
  channels?: ModelCard['input']['channels'];
  scale?: number;
  mean?: readonly [number, number, number];
  std?: readonly [number, number, number];
  mode?: ModelCard['resize']['mode'];
  interpolation?: ModelCard['resize']['interpolation'];
  antialias?: boolean;
  cropFraction?: number;
  classes?: ModelCard['classes'];
  outputName?: string;
  outputKind?: ModelCard['output']['kind'];
}
