import { EvaluationError } from '../errors.js';
import { isMapping } from '../files/yaml.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import { shownValue, parseClasses } from './label-file.js';
import { matchFiles, refuseAmbiguous } from './match-files.js';

/**
 * Which of the annotators' classes are valid: `authors`, those they called correct; `tfds`, also
 * those they called unclear. Both leave problematic images without labels.
 */
export type MultiLabelRule = 'authors' | 'tfds';

/** What the annotators said of an image. */
export type MultiLabel = readonly ClassIndex[] | 'problematic';

/** The annotations of Shankar et al., for images of the validation set and of ImageNetV2. */
export interface MultiLabels {
  /**
   * What is said of each of these images, see {@link matchFiles}; undefined: not annotated.
   * @throws EvaluationError `labels-ambiguous` where one annotation could be of several images
   */
  labelsOf: (images: readonly string[]) => (MultiLabel | undefined)[];
}

/**
 * Takes the labels from `human_accuracy_v3.0.0.json` of "Evaluating Machine Accuracy on ImageNet"
 * (Shankar et al., ICML 2020).
 * @throws EvaluationError `labels-multi-label-form`, `labels-unknown-class`
 */
export function parseMultiLabels(
  json: Readonly<Record<string, unknown>>,
  rule: MultiLabelRule,
  path: string,
): MultiLabels {
  const { initial_annots: annotations, problematic_images: problematic } = json;
  if (!isMapping(annotations)) throw otherForm('initial_annots', 'an object', annotations, path);
  const states = rule === 'authors' ? ['correct'] : ['correct', 'unclear'];
  const labels = new Map<string, MultiLabel>();
  for (const [file, annotation] of Object.entries(annotations)) {
    const place = `initial_annots[${shownValue(file)}]`;
    if (!isMapping(annotation)) throw otherForm(place, 'an object', annotation, path);
    const lists = states.flatMap((state) =>
      parseClasses(annotation[state] ?? [], { path, place: `${place}.${state}` }),
    );
    labels.set(
      file,
      [...new Set(lists)].sort((a, b) => a - b),
    );
  }
  const isProblematic = new Map(
    namesIn(problematic, path).map((file) => [file, 'problematic'] as const),
  );
  return {
    labelsOf(images) {
      const found = find(labels, images, path);
      return find(isProblematic, images, path).map((label, at) => label ?? found[at]);
    },
  };
}

function find(
  labels: ReadonlyMap<string, MultiLabel>,
  images: readonly string[],
  path: string,
): (MultiLabel | undefined)[] {
  const files = [...labels.keys()];
  const { listed, ambiguous } = matchFiles(files, images);
  refuseAmbiguous(
    ambiguous.map((at) => files[at]!),
    path,
  );
  return listed.map((at) => labels.get(files[at] ?? ''));
}

/** The file has an object whose keys are the images; a list of them is taken too. */
function namesIn(problematic: unknown, path: string): string[] {
  if (isMapping(problematic)) return Object.keys(problematic);
  if (!Array.isArray(problematic)) {
    throw otherForm('problematic_images', 'an object or a list', problematic, path);
  }
  return problematic.map((name: unknown, index) => {
    if (typeof name === 'string') return name;
    throw otherForm(`problematic_images[${index}]`, 'a file name', name, path);
  });
}

function otherForm(place: string, expected: string, got: unknown, path: string): EvaluationError {
  return new EvaluationError(`expected ${expected}, got ${shownValue(got)}`, {
    code: 'labels-multi-label-form',
    path,
    place,
    fix: 'pass human_accuracy_v3.0.0.json as it was published',
  });
}
