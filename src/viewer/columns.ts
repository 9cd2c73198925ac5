import { DatasetError } from '../errors.js';
import type { ImageDetail, ObjectDetail } from './answers.js';

/** What a set says of an image before it is put into columns. */
export interface ViewedImage {
  id: string;
  /** Its file, relative to the folder; absent where it has none of its own. */
  file?: string | undefined;
  k: number;
  labels: readonly number[];
  objects: readonly ObjectDetail[];
  /** The SHA-256 of its pixels; absent where it is not known. */
  pixels?: string | undefined;
}

/** The images of a set, held in columns: of a million images with 2.5 objects each some 150 MB. */
export interface ImageColumns {
  readonly images: number;
  /** The ids, in the order of the images. */
  ids: () => Iterable<string>;
  labels: () => Iterable<number[]>;
  /** Of each image the digest of its pixels, 64 hex digits; only where it is known. */
  pixels: () => Iterable<string>;
  idOf: (image: number) => string;
  fileOf: (image: number) => string | undefined;
  labelsOf: (image: number) => number[];
  pixelsOf: (image: number) => string;
  detailOf: (image: number) => ImageDetail;
  /** `SetIndex` as JSON, in pieces. */
  index: () => Generator<string>;
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
  const [ids, files] = [new TextColumn(), new TextColumn()];
  const [k, digests] = [new NumberColumn(Uint32Array), new NumberColumn(Uint8Array)];
  const [labels, sources] = [new ListColumn(Uint16Array), new ListColumn(Uint32Array)];
  const [patches, classes] = [new NumberColumn(Uint32Array), new NumberColumn(Uint16Array)];
  const boxes = new NumberColumn(Int32Array);
  const [sourceNames, patchNames] = [openNames(), openNames()];
  let boxIn: ObjectDetail['boxIn'] = 'image';

  const pixelsOf = (image: number): string =>
    Buffer.from(digests.slice(DIGEST_BYTES * image, DIGEST_BYTES * (image + 1))).toString('hex');
  const fileOf = (image: number): string | undefined => files.at(image) || undefined;
  const objectsOf = (image: number): ObjectDetail[] => {
    const [from, to] = sources.rangeOf(image);
    return Array.from({ length: to - from }, (_, index) => {
      const at = from + index;
      const box = boxes.slice(4 * at, 4 * at + 4) as ObjectDetail['box'];
      const source = sourceNames.names[sources.values.at(at)]!;
      const patch = patchNames.names[patches.at(at)]!;
      return { class: classes.at(at), box, boxIn, patch, source };
    });
  };
  const columns: ImageColumns = {
    get images() {
      return ids.length;
    },
    ids: () => ids,
    labels: () => each(ids.length, (image) => labels.at(image)),
    pixels: () => each(ids.length, pixelsOf),
    idOf: (image) => ids.at(image),
    fileOf,
    labelsOf: (image) => labels.at(image),
    pixelsOf,
    detailOf(image) {
      const file = fileOf(image);
      return {
        id: ids.at(image),
        k: k.at(image),
        ...(file === undefined ? {} : { file }),
        labels: labels.at(image),
        objects: objectsOf(image),
      };
    },
    *index() {
      yield '{"ids":';
      yield* listJson(ids);
      yield ',"k":';
      yield* listJson(k);
      yield ',"labels":';
      yield* labels.json();
      yield ',"sourceNames":';
      yield* listJson(sourceNames.names);
      yield ',"sources":';
      yield* sources.json();
      yield '}';
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
      files.push(image.file ?? '');
      k.push(image.k);
      const digest = new Uint8Array(DIGEST_BYTES);
      Buffer.from(digest.buffer).write(image.pixels ?? '', 'hex');
      digests.push(...digest);
      labels.push(image.labels);
      sources.push(image.objects.map(({ source }) => sourceNames.numberOf(source)));
      for (const object of image.objects) {
        patches.push(patchNames.numberOf(object.patch));
        classes.push(object.class);
        boxes.push(...object.box);
        boxIn = object.boxIn;
      }
    },
  };
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

/** Of SHA-256. */
const DIGEST_BYTES = 32;

type Numbers = typeof Uint8Array | typeof Uint16Array | typeof Uint32Array | typeof Int32Array;

/** As many numbers are in one piece of memory: no growth copies those that are there. */
const PIECE = 2 ** 16;

/** Numbers in a row, in a fraction of an array's memory. */
class NumberColumn implements Iterable<number> {
  #pieces: InstanceType<Numbers>[] = [];
  length = 0;

  constructor(private readonly kind: Numbers) {}

  push(...values: readonly number[]): void {
    for (const value of values) {
      if (this.length === PIECE * this.#pieces.length) this.#pieces.push(new this.kind(PIECE));
      this.#pieces.at(-1)![this.length % PIECE] = value;
      this.length += 1;
    }
  }

  at(index: number): number {
    return this.#pieces[Math.floor(index / PIECE)]![index % PIECE]!;
  }

  slice(from: number, to: number): number[] {
    return Array.from({ length: to - from }, (_, index) => this.at(from + index));
  }

  [Symbol.iterator](): Iterator<number> {
    return each(this.length, (index) => this.at(index));
  }
}

/** Lists of different lengths, as `Lists` has them. */
class ListColumn {
  readonly values: NumberColumn;
  #ends = new NumberColumn(Uint32Array);

  constructor(kind: Numbers) {
    this.values = new NumberColumn(kind);
  }

  push(list: readonly number[]): void {
    this.values.push(...list);
    this.#ends.push(this.values.length);
  }

  rangeOf(index: number): [from: number, to: number] {
    return [index === 0 ? 0 : this.#ends.at(index - 1), this.#ends.at(index)];
  }

  at(index: number): number[] {
    return this.values.slice(...this.rangeOf(index));
  }

  *json(): Generator<string> {
    yield '{"ends":';
    yield* listJson(this.#ends);
    yield ',"values":';
    yield* listJson(this.values);
    yield '}';
  }
}

/** As many texts are in one string: a string of its own takes more than an id's characters. */
const BLOCK = 256;

/** Texts in a row. */
class TextColumn implements Iterable<string> {
  #blocks: string[] = [];
  #ends = new NumberColumn(Uint32Array);
  #last: string[] = [];

  get length(): number {
    return this.#ends.length;
  }

  push(text: string): void {
    const start = this.#last.length === 0 ? 0 : this.#ends.at(this.length - 1);
    this.#last.push(text);
    this.#ends.push(start + text.length);
    if (this.#last.length < BLOCK) return;
    this.#blocks.push(this.#last.join(''));
    this.#last = [];
  }

  at(index: number): string {
    const block = this.#blocks[Math.floor(index / BLOCK)];
    const place = index % BLOCK;
    if (block === undefined) return this.#last[place]!;
    return block.slice(place === 0 ? 0 : this.#ends.at(index - 1), this.#ends.at(index));
  }

  [Symbol.iterator](): Iterator<string> {
    return each(this.length, (index) => this.at(index));
  }
}

function* each<Value>(count: number, at: (index: number) => Value): Generator<Value> {
  for (let index = 0; index < count; index += 1) yield at(index);
}

/** About as many characters of JSON are sent at once. */
const SENT = 2 ** 16;

/** A list as JSON, in pieces. */
function* listJson(values: Iterable<number | string>): Generator<string> {
  let text = '[';
  let comma = '';
  for (const value of values) {
    text += `${comma}${JSON.stringify(value)}`;
    comma = ',';
    if (text.length < SENT) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}
