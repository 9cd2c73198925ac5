import { extname } from 'node:path';
import type { Dataset } from '../../dataset/read-dataset.js';
import { EXTENSIONS } from '../../image/encode.js';
import { CROISSANT_CONTEXT } from './croissant-context.js';
import { classRecords, imageRecords } from './croissant-records.js';

/** A file of a release. */
export interface ReleaseFile {
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
  /** Where the dataset is to be found. */
  url?: string | undefined;
  /** Day of publication, `2026-01-31`. Croissant recommends it; without it readers only warn. */
  date?: string | undefined;
  /** BibTeX. */
  citation: string;
  /** The files to list: the dataset's `metadata.jsonl`, and whichever others; not the images. */
  files: readonly ReleaseFile[];
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
  const metadata = `${folder}/metadata.jsonl`;
  if (!files.some(({ path }) => path === metadata)) {
    throw new RangeError(`expected ${metadata} among the files`);
  }
  const extension = EXTENSIONS[dataset.summary.recipe.encode.format];
  const images = 'image-files';
  return {
    '@context': CROISSANT_CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: input.name,
    description: input.description,
    license: input.license,
    ...(input.url === undefined ? {} : { url: input.url }),
    ...(input.date === undefined ? {} : { datePublished: input.date }),
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
        encodingFormat: mediaType(extension),
        includes: `${folder}/images/*${extension}`,
      },
    ],
    recordSet: [imageRecords({ metadata, images }), classRecords(dataset.summary)],
  };
}

function fileObject({ path, sha256, bytes }: ReleaseFile): object {
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

function mediaType(extension: string): string {
  return MEDIA_TYPES[extension] ?? 'application/octet-stream';
}
