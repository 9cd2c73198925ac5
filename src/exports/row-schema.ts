import type { SchemaElement } from 'hyparquet';
import { classNames } from '../imagenet/synsets.js';

/**
 * The columns as Parquet stores them, those of `imagefolder` in its order. Nothing in them is ever
 * null, but `datasets` takes declared features only for columns that may be.
 */
export const PARQUET_SCHEMA: readonly SchemaElement[] = [
  struct('image', 2),
  { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  text('path'),
  text('id'),
  integer('k'),
  ...list('labels', integer('element')),
  ...list('wnids', text('element')),
  struct('objects', 4),
  ...list('bbox', ...list('element', integer('element'))),
  ...list('category', integer('element')),
  ...list('patch', text('element')),
  ...list('source', text('element')),
  text('sha256'),
  text('pixels_sha256'),
];

/**
 * The features that Hugging Face `datasets` reads from a file's metadata. `Sequence` is what every
 * version of it understands; since 4.0 it becomes `List`.
 */
export function huggingFaceFeatures(): string {
  const text = value('string');
  const classLabel = { names: classNames(), _type: 'ClassLabel' };
  const features = {
    image: { _type: 'Image' },
    id: text,
    k: value('int64'),
    labels: sequence(classLabel),
    wnids: sequence(text),
    objects: {
      bbox: sequence(sequence(value('int64'))),
      category: sequence(classLabel),
      patch: sequence(text),
      source: sequence(text),
    },
    sha256: text,
    pixels_sha256: text,
  };
  return JSON.stringify({ info: { features } });
}

function value(dtype: 'string' | 'int64'): object {
  return { dtype, _type: 'Value' };
}

function sequence(feature: object): object {
  return { feature, _type: 'Sequence' };
}

function struct(name: string, children: number): SchemaElement {
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
function list(name: string, ...element: SchemaElement[]): SchemaElement[] {
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
