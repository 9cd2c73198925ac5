import { DatasetError } from '../errors.js';
import type { Lists, ObjectDetail } from './answers.js';

/** What a set says of an image before it is put into columns. */
export interface ViewedImage {
  id: string;
  k: number;
  labels: readonly number[];
  objects: readonly ObjectDetail[];
  /** What differs where the pixels do; empty where it is not known. */
  pixels: string;
}

/** The images of a set, held in columns: of 100,000 images some 60 MB. */
export interface ImageColumns {
  ids: string[];
  k: number[];
  labels: Lists;
  pixels: string[];
  sourceNames: string[];
  sources: Lists;
  objectsOf(image: number): ObjectDetail[];
}

/** More images or objects than this are not shown: they would take gigabytes, here and in the page. */
const MAX_IMAGES = 1e6;
const MAX_OBJECTS = 1e7;

/**
 * Collects images into columns.
 * @param path as errors name it
 * @throws DatasetError `view-too-large`
 */
export function openColumns(path: string): {
  add: (image: ViewedImage) => void;
  columns: ImageColumns;
} {
  const [ids, k, pixels]: [string[], number[], string[]] = [[], [], []];
  const [labels, sources, patches] = [newLists(), newLists(), newLists()];
  const [sourceNames, patchNames] = [openNames(), openNames()];
  const [classes, boxes]: [number[], number[]] = [[], []];
  let boxIn: ObjectDetail['boxIn'] = 'image';
  const columns: ImageColumns = {
    ids,
    k,
    labels,
    pixels,
    sourceNames: sourceNames.names,
    sources,
    objectsOf(image) {
      const [from, to] = rangeOf(sources, image);
      return Array.from({ length: to - from }, (_, index) => {
        const at = from + index;
        const box = boxes.slice(4 * at, 4 * at + 4) as ObjectDetail['box'];
        const source = sourceNames.names[sources.values[at]!]!;
        const patch = patchNames.names[patches.values[at]!]!;
        return { class: classes[at]!, box, boxIn, patch, source };
      });
    },
  };
  return {
    columns,
    add(image) {
      if (ids.length === MAX_IMAGES || classes.length + image.objects.length > MAX_OBJECTS) {
        throw new DatasetError(`it has more than ${MAX_IMAGES} images or ${MAX_OBJECTS} objects`, {
          code: 'view-too-large',
          path,
          fix: 'view a smaller one',
        });
      }
      ids.push(image.id);
      k.push(image.k);
      pixels.push(image.pixels);
      addList(labels, image.labels);
      addList(
        sources,
        image.objects.map(({ source }) => sourceNames.numberOf(source)),
      );
      addList(
        patches,
        image.objects.map(({ patch }) => patchNames.numberOf(patch)),
      );
      for (const object of image.objects) {
        classes.push(object.class);
        boxes.push(...object.box);
        boxIn = object.boxIn;
      }
    },
  };
}

/** The values of one of many lists. */
export function listAt(lists: Lists, index: number): number[] {
  return lists.values.slice(...rangeOf(lists, index));
}

function rangeOf({ ends }: Lists, index: number): [from: number, to: number] {
  return [ends[index - 1] ?? 0, ends[index]!];
}

function newLists(): Lists {
  return { ends: [], values: [] };
}

function addList({ ends, values }: Lists, list: readonly number[]): void {
  for (const value of list) values.push(value);
  ends.push(values.length);
}

/** Each name once: a patch is in many images. */
function openNames(): { names: string[]; numberOf: (name: string) => number } {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  return {
    names,
    numberOf(name) {
      let number = numbers.get(name);
      if (number === undefined) {
        number = names.length;
        numbers.set(name, number);
        names.push(name);
      }
      return number;
    },
  };
}
