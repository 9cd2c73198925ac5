import type { SchemaElement } from 'hyparquet';
import { type MetadataRow, ROW_FIELDS, type Shape, type ShapedField } from '../dataset/row.js';
import { classNames } from '../imagenet/synsets.js';

/** A column of the formats that hold images: in place of its file's path, the image. */
const IMAGE_COLUMN = 'image';

type NamedField = [name: string, field: ShapedField];

const FIELDS: readonly NamedField[] = Object.entries(ROW_FIELDS);

/** The columns beside the image, in their order. */
const PLAIN_FIELDS = FIELDS.filter(([, { shape }]) => shape.kind !== 'image');

/** Their names. */
export const PLAIN_COLUMNS: readonly string[] = PLAIN_FIELDS.map(([name]) => name);

/**
 * The columns as Parquet stores them, those of `imagefolder` in its order. Nothing in them is ever
 * null, but `datasets` takes declared features only for columns that may be.
 */
export const PARQUET_SCHEMA: readonly SchemaElement[] = FIELDS.flatMap(([name, { shape }]) =>
  parquetElements(name, shape),
);

function parquetElements(name: string, shape: Shape): SchemaElement[] {
  switch (shape.kind) {
    case 'image':
      return [
        group(IMAGE_COLUMN, 2),
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        text('path'),
      ];
    case 'text':
      return [text(name)];
    case 'integer':
    case 'class':
      return [integer(name)];
    case 'box':
      return list(name, [integer('element')]);
    case 'list':
      return list(name, parquetElements('element', shape.of));
    case 'struct': {
      const fields = Object.entries(shape.fields);
      return [
        group(name, fields.length),
        ...fields.flatMap(([inner, field]) => parquetElements(inner, field.shape)),
      ];
    }
  }
}

function group(name: string, children: number): SchemaElement {
  return { name, repetition_type: 'OPTIONAL', num_children: children };
}

function integer(name: string): SchemaElement {
  return { name, type: 'INT64', repetition_type: 'OPTIONAL' };
}

function text(name: string): SchemaElement {
  return {
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'OPTIONAL',
  };
}

/** The three levels that Parquet has for a list. */
function list(name: string, element: SchemaElement[]): SchemaElement[] {
  return [
    {
      name,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
      repetition_type: 'OPTIONAL',
      num_children: 1,
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ];
}

/** A row's values as Parquet has them, by {@link PLAIN_COLUMNS}: integers are 64 bits wide. */
export function parquetValues(row: MetadataRow): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = row;
  return Object.fromEntries(
    PLAIN_FIELDS.map(([name, { shape }]) => [name, parquetValue(shape, values[name])]),
  );
}

function parquetValue(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'image':
    case 'text':
      return value;
    case 'integer':
    case 'class':
      return BigInt(value as number);
    case 'box':
      return (value as number[]).map(BigInt);
    case 'list':
      return (value as unknown[]).map((element) => parquetValue(shape.of, element));
    case 'struct':
      return Object.fromEntries(
        Object.entries(shape.fields).map(([name, field]) => [
          name,
          parquetValue(field.shape, (value as Record<string, unknown>)[name]),
        ]),
      );
  }
}

/**
 * The features that Hugging Face `datasets` reads from a file's metadata. `Sequence` is what every
 * version of it understands; since 4.0 it becomes `List`.
 */
export function huggingFaceFeatures(): string {
  return JSON.stringify({ info: { features: featuresOf(FIELDS) } });
}

function featuresOf(fields: readonly NamedField[]): object {
  return Object.fromEntries(
    fields.map(([name, { shape }]) => [columnOf(name, shape), featureOf(shape)]),
  );
}

function featureOf(shape: Shape): object {
  switch (shape.kind) {
    case 'image':
      return { _type: 'Image' };
    case 'text':
      return { dtype: 'string', _type: 'Value' };
    case 'integer':
      return { dtype: 'int64', _type: 'Value' };
    case 'class':
      return { names: classNames(), _type: 'ClassLabel' };
    case 'box':
      return { feature: { dtype: 'int64', _type: 'Value' }, _type: 'Sequence' };
    case 'list':
      return { feature: featureOf(shape.of), _type: 'Sequence' };
    case 'struct':
      return featuresOf(Object.entries(shape.fields));
  }
}

/** The same features as a dataset card declares them, in its YAML. */
export function cardFeatures(): object[] {
  return FIELDS.map(cardFeature);
}

function cardFeature([name, { shape }]: NamedField): object {
  const type = cardType(shape);
  const isPlain = typeof type === 'string' || shape.kind === 'class';
  return { name: columnOf(name, shape), ...(isPlain ? { dtype: type } : type) };
}

function cardType(shape: Shape): string | object {
  switch (shape.kind) {
    case 'image':
      return 'image';
    case 'text':
      return 'string';
    case 'integer':
      return 'int64';
    case 'class':
      return { class_label: { names: Object.fromEntries(classNames().entries()) } };
    case 'box':
      return { sequence: 'int64' };
    case 'list':
      return { sequence: cardType(shape.of) };
    case 'struct':
      return { struct: Object.entries(shape.fields).map(cardFeature) };
  }
}

function columnOf(name: string, { kind }: Shape): string {
  return kind === 'image' ? IMAGE_COLUMN : name;
}
