import { join } from 'node:path';
import { z } from 'zod';
import { AnnotationError, ImageError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import { exists, type FolderOf } from '../files/folders.js';
import { readSummary, toJson, writeJsonLines } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { buildFolder } from '../files/output-folder.js';
import { dropCountsSchema, dropRowSchema } from '../imagenet/drops.js';
import { type AnnotationSource, openAnnotations } from '../imagenet/annotations.js';
import { type ImageStore, openImages } from '../imagenet/images.js';
import { letSignalIn, type StageOptions, throwIfAborted } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import {
  type IndexedImage,
  indexedImageSchema,
  ObjectSorter,
  type SortedCounts,
  type SortedObjects,
} from './sort-objects.js';
import {
  findOne,
  indexPartOf,
  indexPartSchema,
  readStageRows,
  requireStageRows,
  type RowMarks,
  type RowsBegin,
} from './stage-folder.js';

/** The path of an index folder. */
export type IndexFolder = FolderOf<'index'>;

const indexSchema = z.object({
  format: z.literal('patchml-index'),
  digest: z.string(),
  dropsDigest: z.string(),
  images: z.string(),
  imagesFingerprint: z.string(),
  annotations: z.int(),
  malformed: z.int(),
  objects: z.int(),
  indexed: z.object({ images: z.int(), objects: z.int() }),
  drops: dropCountsSchema,
  hidden: z.object({ annotations: z.int(), images: z.int() }).optional(),
  recipe: indexPartSchema,
});

/**
 * What `index.json` says of an index folder: the digests of its two lists, the folder or archive
 * of images and what changes when an image file does, what was counted, hidden files among it (not
 * in an index of patchml 0.1), and the part of the recipe that it depends on.
 */
export type IndexSummary = z.output<typeof indexSchema>;

/** An index folder and what it says of itself. */
export interface Index {
  folder: IndexFolder;
  summary: IndexSummary;
}

export interface IndexInput {
  recipe: Recipe;
  /** Folder of XML, CSV or archive: see `openAnnotations`. */
  annotations: string;
  /** Folder or archive of images: see `openImages`. */
  images: string;
  /** Where stages keep what they make; the index goes into `index/<key>` in it. */
  work: string;
}

export interface IndexOptions extends StageOptions {
  /** Ends the run at the first malformed annotation or object, or missing image. Default: false. */
  strict?: boolean | undefined;
}

/**
 * The first stage: parses all annotations and pairs them with their images. An index of the same
 * files and the same source part of the recipe is used again.
 * @throws AnnotationError, ImageError where the inputs cannot be read, or no annotation has its image
 * (`images-unmatched`); where strict, at the first
 * malformed annotation or missing image
 * @throws OutputError where `work` cannot be written; AbortedError
 */
export function buildIndex(input: IndexInput, options: IndexOptions = {}): Promise<Index> {
  return explaining(() => index(input, options));
}

async function index(input: IndexInput, options: IndexOptions): Promise<Index> {
  const annotations = await openAnnotations(input.annotations);
  const store = await openImages(input.images);
  const folder = indexFolder(input, annotations, store);
  if (await exists(join(folder, 'index.json'))) {
    if (options.strict) await requireNoneDropped(folder, input.annotations);
    return { folder, summary: await readIndexSummary(folder) };
  }
  await buildFolder(folder, async (partial) => {
    const counts = await writeIndex(input, annotations, store, partial, options);
    requireMatch(counts, store);
    const summary: IndexSummary = {
      format: 'patchml-index',
      digest: sha256File(join(partial, 'objects.jsonl')),
      dropsDigest: sha256File(join(partial, 'drops.jsonl')),
      images: store.path,
      imagesFingerprint: store.fingerprint,
      ...counts,
      hidden: { annotations: annotations.hidden(), images: store.hidden },
      recipe: indexPartOf(input.recipe),
    };
    await writeWhole(join(partial, 'index.json'), toJson(summary));
  });
  return { folder, summary: await readIndexSummary(folder) };
}

/**
 * Finds the index of a recipe in a work folder: by the annotations and images where both are given,
 * else the only one there is.
 * @throws DatasetError where none is there, or more than one
 */
export async function findIndex({
  recipe,
  annotations,
  images,
  work,
}: Pick<IndexInput, 'recipe' | 'work'> & {
  annotations?: string | undefined;
  images?: string | undefined;
}): Promise<IndexFolder> {
  if (annotations !== undefined && images !== undefined) {
    const source = await openAnnotations(annotations);
    return indexFolder({ recipe, work }, source, await openImages(images));
  }
  const part = digestOf(indexPartOf(recipe));
  return findOne('index', work, async (folder) => {
    return digestOf((await readIndexSummary(folder)).recipe) === part;
  });
}

/** Reads what `index.json` says. @throws DatasetError when the folder is no index */
export function readIndexSummary(folder: IndexFolder): Promise<IndexSummary> {
  return readSummary(folder, 'index.json', indexSchema, 'patchml index');
}

/**
 * Reads the indexed images, in byte order of their ids.
 * @param begin the first of them, and what {@link requireIndexedImages} found. Default: all
 * @throws DatasetError that names the line and the field, or says that there are no rows
 */
export function readIndexedImages(
  folder: IndexFolder,
  begin?: RowsBegin,
): AsyncIterable<IndexedImage> {
  return readStageRows('index', objectsFile(folder), indexedImageSchema, begin);
}

/** @throws DatasetError where the indexed images are not those that `index.json` was written for */
export function requireIndexedImages(folder: IndexFolder, { digest }: IndexSummary): RowMarks {
  return requireStageRows('index', objectsFile(folder), digest);
}

function objectsFile(folder: IndexFolder): string {
  return join(folder, 'objects.jsonl');
}

function indexFolder(
  { recipe, work }: Pick<IndexInput, 'recipe' | 'work'>,
  annotations: AnnotationSource,
  store: ImageStore,
): IndexFolder {
  const read = [annotations.fingerprint, store.fingerprint, store.path];
  const key = digestOf(['index 3', ...read, indexPartOf(recipe)]);
  return join(work, 'index', key.slice(0, 16));
}

async function writeIndex(
  input: IndexInput,
  annotations: AnnotationSource,
  store: ImageStore,
  partial: string,
  options: IndexOptions,
): Promise<SortedCounts> {
  const objects = await writeJsonLines(join(partial, 'objects.jsonl'));
  const drops = await writeJsonLines(join(partial, 'drops.jsonl'));
  const { limit = Infinity } = input.recipe.source;
  const total = Math.min(limit, annotations.total);
  const sorter = new ObjectSorter(input.recipe.source, store.places);
  let done = 0;
  try {
    for await (const annotation of annotations.read()) {
      throwIfAborted(options.signal, 'index');
      if (done >= limit) break;
      done += 1;
      const sorted = sorter.sort(annotation);
      if (options.strict) requireNone(input.annotations, sorted);
      if (sorted.indexed) await objects.write(sorted.indexed);
      if (sorted.malformed) await drops.write(sorted.malformed);
      for (const drop of sorted.drops) await drops.write(drop);
      if (done % 250 === 0) {
        options.onProgress?.({ stage: 'index', done, total, unit: 'files' });
        await letSignalIn(options.signal, 'index');
      }
    }
    options.onProgress?.({ stage: 'index', done, total: done, unit: 'files' });
  } finally {
    await objects.close();
    await drops.close();
  }
  return sorter.counts();
}

/** Images of another set, or under other names: not one annotation has its image. */
function requireMatch(counts: SortedCounts, { path, places }: ImageStore): void {
  const { annotations, malformed, indexed, drops } = counts;
  if (indexed.images > 0 || (drops['image-missing'] ?? 0) === 0) return;
  const annotated = `${annotations - malformed} annotated images`;
  const [first] = places.keys();
  throw new ImageError(
    `0 of ${annotated} were found in it; it contains ${places.size} images, such as "${first}"`,
    {
      code: 'images-unmatched',
      path,
      fix: 'check that --annotations and --images belong together, and that the images have their original names',
    },
  );
}

async function requireNoneDropped(folder: string, path: string): Promise<void> {
  for await (const row of readStageRows('index', join(folder, 'drops.jsonl'), dropRowSchema)) {
    requireNone(path, 'problem' in row ? { malformed: row, drops: [] } : { drops: [row] });
  }
}

function requireNone(path: string, { malformed, drops }: SortedObjects): void {
  if (malformed) {
    throw new AnnotationError(malformed.problem, {
      code: 'annotation-malformed',
      path,
      place: malformed.imageId,
      fix: 'fix or remove it, or run without --strict to count and skip it',
    });
  }
  const odd = drops.find(({ reason }) => reason === 'malformed-object');
  if (odd) {
    throw new AnnotationError(odd.detail ?? 'one of its objects cannot be parsed', {
      code: 'annotation-malformed',
      path,
      place: `${odd.image}, object ${odd.object}`,
      fix: 'fix or remove it, or run without --strict to count and skip it',
    });
  }
  const missing = drops.find(({ reason }) => reason === 'image-missing');
  if (missing) {
    throw new AnnotationError('its image is missing', {
      code: 'image-missing',
      path,
      place: missing.image,
      fix: 'add the image, or run without --strict to count and skip it',
    });
  }
}
