import { EvaluationError } from '../errors.js';
import { lastPart, withoutExtension } from '../imagenet/images.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import { describe, isObject, parseClasses } from './label-file.js';

/**
 * Which of the annotators' classes are valid: `authors`, those they called correct; `tfds`, also
 * those they called unclear. Both leave problematic images without labels.
 */
export type MultiLabelRule = 'authors' | 'tfds';

/** What the annotators said of an image. */
export type MultiLabel = readonly ClassIndex[] | 'problematic';

/** The annotations of Shankar et al., for images of the validation set and of ImageNetV2. */
export interface MultiLabels {
  /** By path or by file name alone, with or without extension; undefined: not annotated. */
  labelOf: (file: string) => MultiLabel | undefined;
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
  if (!isObject(annotations)) throw otherForm('initial_annots', 'an object', annotations, path);
  const states = rule === 'authors' ? ['correct'] : ['correct', 'unclear'];
  const labels = byFileName(
    Object.entries(annotations).map(([file, annotation]) => {
      const place = `initial_annots[${describe(file)}]`;
      if (!isObject(annotation)) throw otherForm(place, 'an object', annotation, path);
      const lists = states.flatMap((state) =>
        parseClasses(annotation[state] ?? [], { path, place: `${place}.${state}` }),
      );
      return [file, [...new Set(lists)].sort((a, b) => a - b)] as const;
    }),
  );
  const isProblematic = byFileName(
    namesIn(problematic, path).map((file) => [file, 'problematic'] as const),
  );
  return { labelOf: (file) => isProblematic(file) ?? labels(file) };
}

/** The file has an object whose keys are the images; a list of them is taken too. */
function namesIn(problematic: unknown, path: string): string[] {
  if (isObject(problematic)) return Object.keys(problematic);
  if (!Array.isArray(problematic)) {
    throw otherForm('problematic_images', 'an object or a list', problematic, path);
  }
  return problematic.map((name: unknown, index) => {
    if (typeof name === 'string') return name;
    throw otherForm(`problematic_images[${index}]`, 'a file name', name, path);
  });
}

/** Finds by path, else by file name alone where no two paths share it. */
function byFileName<T>(
  entries: readonly (readonly [file: string, value: T])[],
): (file: string) => T | undefined {
  const paths = new Map<string, T>();
  const names = new Map<string, T | undefined>();
  for (const [file, value] of entries) {
    const path = withoutExtension(file);
    const name = lastPart(path);
    paths.set(path, value);
    names.set(name, names.has(name) ? undefined : value);
  }
  return (file) => {
    const path = withoutExtension(file);
    return paths.get(path) ?? names.get(lastPart(path));
  };
}

function otherForm(place: string, expected: string, got: unknown, path: string): EvaluationError {
  return new EvaluationError(`expected ${expected}, got ${describe(got)}`, {
    code: 'labels-multi-label-form',
    path,
    place,
    fix: 'give human_accuracy_v3.0.0.json as it was published',
  });
}
