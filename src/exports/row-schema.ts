import type { SchemaElement } from 'hyparquet';
import { huggingFaceFeatures, IMAGE_COLUMN } from '../dataset/hugging-face.js';
import type { MetadataRow, RowFields, Shape } from '../dataset/row.js';

/** How Parquet stores the rows of a dataset. */
export interface ParquetSchema {
  /**
   * The columns, those of `imagefolder` in its order. Nothing in them is ever null, but `datasets`
   * takes declared features only for columns that may be.
   */
  elements: readonly SchemaElement[];
  /** The names of the columns beside the image, in their order. */
  columns: readonly string[];
  /** The features that Hugging Face `datasets` reads from the file's metadata. */
  features: string;
  /** A row's values by `columns`: integers are 64 bits wide. */
  valuesOf: (row: MetadataRow) => Record<string, unknown>;
}

/** The schema of a dataset whose rows have these fields. */
export function parquetSchemaOf(fields: RowFields): ParquetSchema {
  const plain = Object.entries(fields).filter(([, { shape }]) => shape.kind !== 'image');
  return {
    elements: Object.entries(fields).flatMap(([name, { shape }]) => parquetElements(name, shape)),
    columns: plain.map(([name]) => name),
    features: huggingFaceFeatures(fields),
    valuesOf(row) {
      const values: Readonly<Record<string, unknown>> = row;
      return Object.fromEntries(
        plain.map(([name, { shape }]) => [name, parquetValue(shape, values[name])]),
      );
    },
  };
}

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
