import type { ImagePlace } from '../imagenet/image-source.js';
import type { MultiLabelRule } from '../imagenet/labels/parse-multi-labels.js';
import type { ClassIndex } from '../imagenet/synsets.js';

/** What kind of set it is: which form it has on disk. */
export type EvaluationSetKind = 'patchml' | 'imagenet' | 'imagenet-v2' | 'labelled-images';

/**
 * Where the valid classes come from: PatchML's metadata, the original label, ReaL, the multi-labels
 * of Shankar et al. by one of two rules, or a list of files and labels that the user gave.
 */
export type LabelRule = 'patchml' | 'original' | 'real' | `multi-label-${MultiLabelRule}` | 'given';

/** The images that models are scored on, and the classes that are right for each. */
export interface EvaluationSet {
  /** As scorecards name it: `paper 1.0.0`, `imagenet-val`, `imagenetv2-matched-frequency`. */
  name: string;
  kind: EvaluationSetKind;
  /** One id an image, in the set's own order, each once. */
  ids: readonly string[];
  /** Where the images are; undefined where only labels were given, which is enough to score. */
  images: EvaluationImages | undefined;
  /** The single original label of each image; undefined where the set has none (PatchML). */
  originals: readonly ClassIndex[] | undefined;
  /** The valid classes of each image; an empty list means "not annotated". */
  labels: readonly (readonly ClassIndex[])[];
  /** What the valid classes are. */
  rule: LabelRule;
  /** SHA-256 over ids, labels, originals and rule: what a score depends on beside predictions. */
  digest: string;
  /**
   * How many images do not count, by reason. Some are not in the set (`not-validation`, `not-listed`,
   * `outside-class-folders`, `unknown-synset`); others are in it with an empty list of labels
   * (`not-annotated`, `problematic`, `no-valid-label`).
   */
  leftOut: Readonly<Record<string, number>>;
}

/** The image files of an evaluation set. */
export interface EvaluationImages {
  /** The folder or archive. */
  path: string;
  /** In the order of the set's ids. */
  places: readonly ImagePlace[];
  /** Changes when the images do. */
  fingerprint: string;
}
