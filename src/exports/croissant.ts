import { extname } from 'node:path';
import { type Dataset, type DatasetSummary, METADATA_FILE } from '../dataset/dataset.js';
import { imageGlob, IMAGES_FOLDER } from '../dataset/image-files.js';
import type { RowFields, Shape } from '../dataset/row.js';
import { EXTENSIONS } from '../image/encode.js';
import { classNameOf } from '../imagenet/synsets.js';
import { classesIn } from './format.js';

/** A file of a release. */
export interface DescribedFile {
  /** From the release folder, with `/` between its parts. */
  path: string;
  sha256: string;
  bytes: number;
}

export interface CroissantInput {
  dataset: Dataset;
  name: string;
  /** Semantic. */
  version: string;
  description: string;
  /** URL of a licence, or its text. */
  license: string;
  /** Where the dataset can be found. */
  url?: string | undefined;
  /** Day of publication, `2026-01-31`. Croissant recommends it; without it readers only warn. */
  date?: string | undefined;
  /** DOI, without an address before it. */
  doi?: string | undefined;
  /** BibTeX. */
  citation: string;
  /** The files to list: the dataset's `metadata.jsonl`, and whichever others; not the images. */
  files: readonly DescribedFile[];
  /** The dataset's folder in the release. Default: `dataset`. */
  folder?: string | undefined;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.cff': 'text/yaml',
  '.csv': 'text/csv',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.jsonl': 'application/jsonlines',
  '.md': 'text/markdown',
  '.parquet': 'application/x-parquet',
  '.png': 'image/png',
  '.tar': 'application/x-tar',
  '.webp': 'image/webp',
  '.yaml': 'text/yaml',
};

/**
 * Describes a release as Croissant 1.0 JSON-LD, to stand as `croissant.json` in its folder: the
 * listed files with their digests, the image files, and the records that are in them.
 * @throws RangeError where the dataset's `metadata.jsonl` is not among the files
 */
export function croissantOf(input: CroissantInput): object {
  const { dataset, files, folder = 'dataset' } = input;
  const metadata = `${folder}/${METADATA_FILE}`;
  if (!files.some(({ path }) => path === metadata)) {
    throw new RangeError(`expected ${metadata} among the files`);
  }
  const extension = EXTENSIONS[dataset.summary.recipe.encode.format];
  const images = 'image-files';
  const glob = imageGlob(dataset.summary.images);
  return {
    '@context': CROISSANT_CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: input.name,
    description: input.description,
    license: input.license,
    ...(input.url === undefined ? {} : { url: input.url }),
    ...(input.date === undefined ? {} : { datePublished: input.date }),
    ...(input.doi === undefined ? {} : { sameAs: `https://doi.org/${input.doi}` }),
    version: input.version,
    citeAs: input.citation,
    isLiveDataset: false,
    distribution: [
      ...files.map(fileObject),
      {
        '@type': 'cr:FileSet',
        '@id': images,
        name: images,
        description: 'The images of the dataset.',
        encodingFormat: imageTypes(extension),
        includes: `${folder}/${glob}${extension}`,
      },
    ],
    recordSet: [
      imageRecords(dataset.fields, { metadata, images, areInFolders: glob.includes('**') }),
      classRecords(dataset.summary),
    ],
  };
}

function fileObject({ path, sha256, bytes }: DescribedFile): object {
  return {
    '@type': 'cr:FileObject',
    '@id': path,
    name: path,
    contentUrl: path,
    contentSize: `${bytes} B`,
    encodingFormat: mediaType(extname(path)),
    sha256,
  };
}

/**
 * A file's type is not its name: mlcroissant (1.1) opens a set of images where one of their types is
 * among the few that it knows, and then reads them by what they are.
 */
function imageTypes(extension: string): string | string[] {
  const type = mediaType(extension);
  return extension === EXTENSIONS.webp ? [type, mediaType(EXTENSIONS.png)] : type;
}

function mediaType(extension: string): string {
  return MEDIA_TYPES[extension] ?? 'application/octet-stream';
}

/** What the terms of Croissant 1.0 stand for: the context that its readers expect, word for word. */
const CROISSANT_CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileProperty: 'cr:fileProperty',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
} as const;

/** Where the fields of the images come from, by the ids of the distribution. */
interface RecordSources {
  metadata: string;
  images: string;
  /** Whether the images are in folders below `images`. */
  areInFolders: boolean;
}

interface FieldOptions {
  description: string;
  dataType: string;
  repeated?: boolean;
}

/** The images, a record each: the rows of the metadata with the image joined by its file name. */
function imageRecords(fields: RowFields, sources: RecordSources): object {
  return {
    '@type': 'cr:RecordSet',
    '@id': 'images',
    name: 'images',
    description: 'Images, their label sets and their objects.',
    key: { '@id': 'images/file_name' },
    field: Object.entries(fields).flatMap(([name, column]) =>
      fieldsOf(sources, name, column.shape, column.description),
    ),
  };
}

function fieldsOf(
  { metadata, images, areInFolders }: RecordSources,
  name: string,
  shape: Shape,
  description: string,
): object[] {
  const column = { fileObject: { '@id': metadata }, extract: { column: name } };
  if (shape.kind === 'struct') {
    return Object.entries(shape.fields).map(([inner, field]) =>
      toField(`images/${inner}`, optionsOf(field.shape, field.description), {
        ...column,
        transform: { jsonPath: inner },
      }),
    );
  }
  if (shape.kind !== 'image') {
    return [toField(`images/${name}`, optionsOf(shape, description), column)];
  }
  return [
    {
      ...toField(`images/${name}`, text(description), {
        ...column,
        // The name without its folders, to join by.
        transform: { regex: areInFolders ? '(?:.*/)?(.+)' : `(?:${IMAGES_FOLDER}/)?(.+)` },
      }),
      references: { fileSet: { '@id': images }, extract: { fileProperty: 'filename' } },
    },
    toField(
      'images/image',
      { description: 'The image.', dataType: 'sc:ImageObject' },
      { fileSet: { '@id': images }, extract: { fileProperty: 'content' } },
    ),
  ];
}

const DATA_TYPES = {
  image: 'sc:ImageObject',
  text: 'sc:Text',
  integer: 'sc:Integer',
  class: 'sc:Integer',
  box: 'cr:BoundingBox',
} as const;

/** Croissant has no lists in lists, and no structs in them. */
function optionsOf(shape: Shape, description: string): FieldOptions {
  const of = shape.kind === 'list' ? shape.of : shape;
  if (of.kind === 'list' || of.kind === 'struct') {
    throw new TypeError(`Croissant cannot say "${description}": a ${of.kind} in a list`);
  }
  const isList = shape.kind === 'list';
  return { description, dataType: DATA_TYPES[of.kind], ...(isList ? { repeated: true } : {}) };
}

/** The classes that are in the dataset, written out. */
function classRecords(summary: DatasetSummary): object {
  return {
    '@type': 'cr:RecordSet',
    '@id': 'classes',
    name: 'classes',
    description: 'The ImageNet classes in the dataset.',
    key: { '@id': 'classes/index' },
    field: [
      toField('classes/index', integer('Class index, 0 to 999.')),
      toField('classes/wnid', text('WordNet id.')),
      toField('classes/name', text('Name, unique.')),
    ],
    data: classesIn(summary).map(({ index, wnid }) => ({
      'classes/index': index,
      'classes/wnid': wnid,
      'classes/name': classNameOf(index),
    })),
  };
}

function toField(
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
