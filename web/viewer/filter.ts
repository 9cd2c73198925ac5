import type { Lists, ModelResults, Overview } from '../../src/viewer/answers.js';
import type { Result, View } from './address.js';
import type { SetAnswers } from './answers.js';

/** The images that a view shows, by their places in the set, in its order. */
export function filterImages(
  { index, results, versus }: SetAnswers,
  view: View,
  classes: Overview['classes'],
): number[] {
  const tests: ((image: number) => boolean)[] = [];
  if (view.k.length > 0) tests.push((image) => view.k.includes(index.k[image]!));
  for (const wanted of view.classes)
    tests.push((image) => has(index.labels, image, (label) => label === wanted));
  view.models.forEach(({ result }, at) => {
    const scores = results[at];
    if (result && scores) tests.push((image) => isResult(scores, image, result));
  });
  const { differs } = view;
  if (versus && differs) {
    tests.push((image) => {
      const difference = versus.differences[image];
      return differs === 'any' ? difference !== 'none' : difference === differs;
    });
  }
  for (const word of wordsOf(view.text)) {
    const inClass = classes.map(({ name, wnid }) => `${name} ${wnid}`.toLowerCase().includes(word));
    const inSource = index.sourceNames.map((name) => name.toLowerCase().includes(word));
    tests.push(
      (image) =>
        index.ids[image]!.toLowerCase().includes(word) ||
        has(index.labels, image, (label) => inClass[label] === true) ||
        has(index.sources, image, (source) => inSource[source] === true),
    );
  }
  const shown: number[] = [];
  for (let image = 0; image < index.ids.length; image += 1) {
    if (tests.every((test) => test(image))) shown.push(image);
  }
  return shown;
}

function has({ ends, values }: Lists, at: number, test: (value: number) => boolean): boolean {
  for (let from = ends[at - 1] ?? 0; from < ends[at]!; from += 1) {
    if (test(values[from]!)) return true;
  }
  return false;
}

/** The labels of an image. */
export function labelsOf({ ends, values }: Lists, image: number): number[] {
  return values.slice(ends[image - 1] ?? 0, ends[image]);
}

function isResult({ found, of }: ModelResults, image: number, result: Result): boolean {
  const [hits, labels] = [found[image]!, of[image]!];
  if (hits === -1) return false;
  switch (result) {
    case 'all':
      return hits === labels;
    case 'some':
      return hits > 0 && hits < labels;
    case 'none':
      return hits === 0;
    case 'missed':
      return hits < labels;
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}
