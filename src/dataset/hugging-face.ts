import { classNames } from '../imagenet/synsets.js';
import type { RowFields, Shape, ShapedField } from './row.js';

/** A column of what loaders give: in place of its file's path, the image. */
export const IMAGE_COLUMN = 'image';

type NamedField = [name: string, field: ShapedField];

/**
 * The features that Hugging Face `datasets` reads from a Parquet file's metadata. `Sequence` is what
 * every version of it understands; since 4.0 it becomes `List`.
 */
export function huggingFaceFeatures(fields: RowFields): string {
  return JSON.stringify({ info: { features: featuresOf(Object.entries(fields)) } });
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

/** One way to load a dataset: `load_dataset(path, "k3")`. */
export interface LoadConfig {
  /** `default`, or `k3`. */
  config_name: string;
  data_files: { split: string; path: string | readonly string[] }[];
  /** Rows to take, where the files hold others too. */
  filters?: readonly (readonly [column: string, operator: string, value: number])[];
}

/**
 * The part of a dataset card's YAML that `load_dataset` reads: where the files are, and what their
 * columns hold. The 1,000 names stand in it once; the configs share them by YAML's aliases. They are
 * in the configs and not in `dataset_info`, which `imagefolder` ignores.
 */
export function loadingHeader(configs: readonly LoadConfig[], fields: RowFields): object {
  const names = { class_label: { names: Object.fromEntries(classNames().entries()) } };
  const features = Object.entries(fields).map((field) => cardFeature(field, names));
  return { configs: configs.map((config) => ({ ...config, features })) };
}

function cardFeature([name, { shape }]: NamedField, names: object): object {
  const type = cardType(shape, names);
  const isPlain = typeof type === 'string' || shape.kind === 'class';
  return { name: columnOf(name, shape), ...(isPlain ? { dtype: type } : type) };
}

function cardType(shape: Shape, names: object): string | object {
  switch (shape.kind) {
    case 'image':
      return 'image';
    case 'text':
      return 'string';
    case 'integer':
      return 'int64';
    case 'class':
      return names;
    case 'box':
      return { sequence: 'int64' };
    case 'list':
      return { sequence: cardType(shape.of, names) };
    case 'struct':
      return { struct: Object.entries(shape.fields).map((field) => cardFeature(field, names)) };
  }
}

function columnOf(name: string, { kind }: Shape): string {
  return kind === 'image' ? IMAGE_COLUMN : name;
}
