import type { DatasetSummary } from '../../dataset/dataset-files.js';
import { classNameOf } from '../../imagenet/synsets.js';
import { classesIn } from './present-classes.js';

/** Where the fields of the images come from, by the ids of the distribution. */
export interface RecordSources {
  metadata: string;
  images: string;
}

interface FieldOptions {
  description: string;
  dataType: string;
  repeated?: boolean;
}

/** The images, a record each: the rows of the metadata with the image joined by its file name. */
export function imageRecords({ metadata, images }: RecordSources): object {
  const column = (name: string, options: FieldOptions, path?: string): object =>
    field(`images/${path ?? name}`, options, {
      fileObject: { '@id': metadata },
      extract: { column: name },
      ...(path === undefined ? {} : { transform: { jsonPath: path } }),
    });
  const ofObjects = (path: string, options: FieldOptions): object =>
    column('objects', { ...options, repeated: true }, path);
  return {
    '@type': 'cr:RecordSet',
    '@id': 'images',
    name: 'images',
    description: 'Images, their label sets and their objects.',
    key: { '@id': 'images/file_name' },
    field: [
      {
        ...field('images/file_name', text('Name of the image file.'), {
          fileObject: { '@id': metadata },
          extract: { column: 'file_name' },
          transform: { regex: '(?:images/)?(.+)' }, // the name without its folder, to join by
        }),
        references: { fileSet: { '@id': images }, extract: { fileProperty: 'filename' } },
      },
      field(
        'images/image',
        { description: 'The image.', dataType: 'sc:ImageObject' },
        { fileSet: { '@id': images }, extract: { fileProperty: 'content' } },
      ),
      column('id', text('Id of the image.')),
      column('k', integer('Number of objects.')),
      column('labels', { ...integer('Class indices in the image, ascending.'), repeated: true }),
      column('wnids', { ...text('Synsets of the labels, in their order.'), repeated: true }),
      ofObjects('bbox', {
        description: 'Boxes of the objects: x, y, width, height in px.',
        dataType: 'cr:BoundingBox',
      }),
      ofObjects('category', integer('Class indices of the objects.')),
      ofObjects('patch', text('Patches the objects were painted from.')),
      ofObjects('source', text('Source images of the objects.')),
      column('sha256', text('SHA-256 of the image file.')),
      column('pixels_sha256', text('SHA-256 of the pixels: RGB, row by row.')),
    ],
  };
}

/** The classes that are in the dataset, written out. */
export function classRecords(summary: DatasetSummary): object {
  return {
    '@type': 'cr:RecordSet',
    '@id': 'classes',
    name: 'classes',
    description: 'The ImageNet classes in the dataset.',
    key: { '@id': 'classes/index' },
    field: [
      field('classes/index', integer('Class index, 0 to 999.')),
      field('classes/wnid', text('WordNet id.')),
      field('classes/name', text('Name, unique.')),
    ],
    data: classesIn(summary).map(({ index, wnid }) => ({
      'classes/index': index,
      'classes/wnid': wnid,
      'classes/name': classNameOf(index),
    })),
  };
}

function field(
  id: string,
  { description, dataType, repeated = false }: FieldOptions,
  source?: object,
): object {
  return {
    '@type': 'cr:Field',
    '@id': id,
    name: id,
    description,
    dataType,
    ...(repeated ? { repeated } : {}),
    ...(source === undefined ? {} : { source }),
  };
}

function text(description: string): FieldOptions {
  return { description, dataType: 'sc:Text' };
}

function integer(description: string): FieldOptions {
  return { description, dataType: 'sc:Integer' };
}
