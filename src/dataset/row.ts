import { z } from 'zod';
import { sha256Schema } from '../files/sha256-schema.js';
import { classIndexSchema, wnidSchema } from '../imagenet/synsets.js';

/**
 * What a change in a field means to somebody who compares two datasets: the image goes by another
 * name, has other labels or other pixels, or its file is other bytes. A derived field follows from
 * the others.
 */
export type RowPart = 'name' | 'labels' | 'pixels' | 'file' | 'derived';

/** What a value is: how it is checked, and what every other format makes of it. */
export type Shape<T = unknown> = { zod: z.ZodType<T> } & (
  | { kind: 'image' | 'text' | 'integer' | 'class' | 'box' }
  | { kind: 'list'; of: Shape }
  | { kind: 'struct'; fields: Readonly<Record<string, ShapedField>> }
);

/** A field of a row, or of a struct in it. */
export interface ShapedField {
  shape: Shape;
  /** What it holds, as readers of the dataset see it described. */
  description: string;
}

/** A field of a row. */
export interface RowField extends ShapedField {
  part: RowPart;
  /** Set where the datasets of patchml 0.1 lack the field. */
  absentIn?: '0.1';
}

/** The fields of a row, in their order. */
export type RowFields = Readonly<Record<string, RowField>>;

type ValueOf<S> = S extends { zod: z.ZodType<infer T> } ? T : never;

/** The image: the path of its file in the dataset. Formats that hold images hold its bytes. */
const image = shape(
  'image',
  z.string().regex(/^images\/(k\d+\/\d+\/)?[\w-]+\.\w+$/, 'expected images/<name>'),
);
const text = shape('text', z.string());
const digest = shape('text', sha256Schema);
const count = shape('integer', z.int().positive());
/** An ImageNet class index. */
const classIndex = shape('class', classIndexSchema);
const wnid = shape('text', wnidSchema);
/** `[x, y, w, h]`, px. */
const box = shape('box', z.tuple([z.int(), z.int(), z.int(), z.int()]));

/**
 * The one list of what a dataset says of an image. `metadata.jsonl` and its check, the Parquet
 * schema, the Hugging Face features, the dataset card, Croissant and the comparison of two datasets
 * all follow it: a field that is added here is in all of them.
 */
export const ROW_FIELDS = {
  file_name: { shape: image, part: 'name', description: 'Name of the image file.' },
  id: { shape: text, part: 'name', description: 'Id of the image.' },
  k: { shape: count, part: 'labels', description: 'Number of objects.' },
  labels: {
    shape: list(classIndex),
    part: 'labels',
    description: 'Class indices in the image, ascending, each once.',
  },
  label_names: {
    shape: list(text),
    part: 'derived',
    absentIn: '0.1',
    description: 'Names of the labels, in their order.',
  },
  wnids: {
    shape: list(wnid),
    part: 'labels',
    description: 'Synsets of the labels, in their order.',
  },
  objects: {
    shape: struct({
      bbox: {
        shape: list(box),
        description: 'Boxes of the objects: x, y, width, height in px.',
      },
      category: { shape: list(classIndex), description: 'Class indices of the objects.' },
      patch: { shape: list(text), description: 'Patches the objects were painted from.' },
      source: { shape: list(text), description: 'Source images of the objects.' },
    }),
    part: 'labels',
    description: 'The objects in the order they were painted in, a list for each property.',
  },
  sha256: { shape: digest, part: 'file', description: 'SHA-256 of the image file.' },
  pixels_sha256: {
    shape: digest,
    part: 'pixels',
    description: 'SHA-256 of the pixels: RGB, row by row.',
  },
} satisfies RowFields;

type Fields = typeof ROW_FIELDS;
type LaterField = {
  [N in keyof Fields]: Fields[N] extends { absentIn: '0.1' } ? N : never;
}[keyof Fields];

/**
 * One row of `metadata.jsonl`: an image, its label set (class indices, ascending, each once), the
 * names and synsets of the labels in the same order, and its objects with their boxes
 * `[x, y, w, h]`, px, in the order they were painted in. Rows of patchml 0.1 have no names.
 */
export type MetadataRow = {
  [Name in Exclude<keyof Fields, LaterField>]: ValueOf<Fields[Name]['shape']>;
} & { [Name in LaterField]?: ValueOf<Fields[Name]['shape']> };

/** The fields that the datasets of patchml 0.1 have. */
export function fieldsOf01(): RowFields {
  const fields: RowFields = ROW_FIELDS;
  return Object.fromEntries(Object.entries(fields).filter(([, { absentIn }]) => !absentIn));
}

/** The check of these fields' values: all of them are there, and no others. */
export function objectSchema(fields: Readonly<Record<string, ShapedField>>): z.ZodType {
  return z.strictObject(
    Object.fromEntries(Object.entries(fields).map(([name, { shape }]) => [name, shape.zod])),
  );
}

function shape<Kind extends 'image' | 'text' | 'integer' | 'class' | 'box', T>(
  kind: Kind,
  zod: z.ZodType<T>,
): { kind: Kind; zod: z.ZodType<T> } {
  return { kind, zod };
}

function list<T>(of: Shape<T>): { kind: 'list'; of: Shape; zod: z.ZodType<T[]> } {
  return { kind: 'list', of, zod: z.array(of.zod) };
}

function struct<Fields extends Readonly<Record<string, ShapedField>>>(
  fields: Fields,
): {
  kind: 'struct';
  fields: Fields;
  zod: z.ZodType<{ [Name in keyof Fields]: ValueOf<Fields[Name]['shape']> }>;
} {
  return { kind: 'struct', fields, zod: objectSchema(fields) as never };
}
