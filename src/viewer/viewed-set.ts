import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DatasetFolder,
  LOCK_FILE,
  METADATA_FILE,
  readDataset,
  SUMMARY_FILE,
} from '../dataset/dataset.js';
import { homesOf } from '../files/listing.js';
import { MAX_IMAGE_BYTES, readRegularFile } from '../files/read-file.js';
import { type PatchRow, POOL_FILE, readPool } from '../generate/pool.js';
import { decodeImage } from '../image/decode.js';
import type { RgbImage } from '../image/pixels.js';
import { ImageReader } from '../imagenet/image-reader.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { datasetFolderOf, readReleaseSummary, RELEASE_FILE } from '../release/release-folder.js';
import { digestOfSet } from '../sets/evaluation-set.js';
import { type EvaluationSetInput, openEvaluationSet } from '../sets/open-set.js';
import type { ModelSummary, Ranking, SetSummary } from './answers.js';
import { type ImageColumns, openColumns } from './columns.js';
import { type FoundFolder, requireWithin } from './given-paths.js';

/** A set of images as the viewer holds it. */
export interface ViewedSet {
  summary: Omit<SetSummary, 'key' | 'models'>;
  columns: ImageColumns;
  /** What scorecards call the set by, where models can be scored on it. */
  setDigest?: string | undefined;
  models: ViewedModel[];
  /** An image's file. @throws PatchmlError */
  readFile?: ((image: number) => Promise<Buffer>) | undefined;
  /** An image's pixels. @throws PatchmlError */
  readPixels?: ((image: number) => Promise<RgbImage>) | undefined;
  close: () => Promise<void>;
}

/** A model that was scored on a set. */
export interface ViewedModel {
  summary: Omit<ModelSummary, 'key'>;
  /** Reads its scores; a second time they are there. @throws PatchmlError */
  load: () => Promise<ModelScores>;
}

/** A model's scores on the images of a set, in their order. */
export interface ModelScores {
  /** Labels among the k highest classes; -1 where there is no score. */
  found: Int16Array;
  of: Uint16Array;
  rankingOf: (image: number) => Pick<Ranking, 'classes' | 'probabilities'>;
}

/**
 * Opens a dataset, a release or a pool, and reads its rows.
 * @throws DatasetError where it is not what it should be, `view-too-large`, `view-outside`
 * @throws OutputError where a file cannot be read; AbortedError
 */
export function openViewedSet(found: FoundFolder, options: StageOptions): Promise<ViewedSet> {
  return found.kind === 'pool' ? openPool(found, options) : openDataset(found, options);
}

async function openDataset(
  { kind, path, within }: FoundFolder,
  { signal, onProgress }: StageOptions,
): Promise<ViewedSet> {
  const isRelease = kind === 'release';
  if (isRelease) await within(join(path, RELEASE_FILE));
  const release = isRelease ? await readReleaseSummary(path) : undefined;
  const folder: DatasetFolder = release ? datasetFolderOf(path, release) : path;
  for (const file of [SUMMARY_FILE, LOCK_FILE, METADATA_FILE]) await within(join(folder, file));
  const { summary, lock, rows } = await readDataset(folder);
  const { add, columns } = openColumns(folder);
  for await (const row of rows()) {
    throwIfAborted(signal, 'view');
    const { bbox, category, patch, source } = row.objects;
    const objects = bbox.map((box, at) => ({
      class: category[at] ?? 0,
      box,
      boxIn: 'image' as const,
      patch: patch[at] ?? '',
      source: source[at] ?? '',
    }));
    const { id, file_name: file, k, labels, pixels_sha256: pixels } = row;
    add({ id, file, k, labels, objects, pixels });
    onProgress?.({
      stage: 'view',
      step: summary.name,
      done: columns.images,
      total: summary.images,
      unit: 'rows',
    });
  }
  const readFile = async (image: number): Promise<Buffer> =>
    readRegularFile(await within(join(folder, columns.fileOf(image)!)), {
      maxBytes: MAX_IMAGE_BYTES,
    });
  const hasPixels = release?.kind !== 'recipe';
  const [ids, labels, pixels] = [columns.ids(), columns.labels(), columns.pixels()];
  return {
    summary: {
      kind,
      title: `${summary.name} ${summary.version}`,
      path,
      digest: lock.dataset,
      pool: lock.pool,
      images: columns.images,
      hasPixels,
    },
    columns,
    setDigest: digestOfSet('patchml', { ids, labels, pixels }),
    models: [],
    ...(hasPixels
      ? { readFile, readPixels: async (image: number) => decodeImage(await readFile(image)) }
      : {}),
    close: () => Promise.resolve(),
  };
}

async function openPool(
  { path, within }: FoundFolder,
  { signal, onProgress }: StageOptions,
): Promise<ViewedSet> {
  for (const file of [POOL_FILE, 'patches.jsonl', 'patches.bin']) await within(join(path, file));
  const pool = await readPool(path);
  const { add, columns } = openColumns(path);
  const places: Pick<PatchRow, 'width' | 'height' | 'offset'>[] = [];
  for await (const row of pool.rows()) {
    throwIfAborted(signal, 'view');
    const { id, source, box, width, height, offset, sha256 } = row;
    const [x0, y0, x1, y1] = box;
    const object = {
      class: row.class,
      box: [x0, y0, x1 - x0, y1 - y0] as [number, number, number, number],
      boxIn: 'source' as const,
      patch: id,
      source,
    };
    add({ id, k: 1, labels: [row.class], objects: [object], pixels: sha256 });
    places.push({ width, height, offset });
    const total = pool.summary.patches;
    onProgress?.({ stage: 'view', step: 'pool', done: places.length, total, unit: 'rows' });
  }
  const pixels = pool.openPixels();
  const { digest } = pool.summary;
  return {
    summary: {
      kind: 'pool',
      title: `pool ${digest.slice(0, 8)}`,
      path,
      digest,
      images: places.length,
      hasPixels: true,
    },
    columns,
    models: [],
    readPixels: (image) => {
      const { data, ...size } = pixels.read({ id: columns.idOf(image), ...places[image]! });
      return Promise.resolve({
        ...size,
        data: Buffer.from(data.buffer, data.byteOffset, data.length),
      });
    },
    close: () => {
      pixels.close();
      return Promise.resolve();
    },
  };
}

/**
 * Opens a set that models are evaluated on: images with the classes that are right for each.
 * @throws EvaluationError, ImageError as `openEvaluationSet`; DatasetError `view-too-large`
 */
export async function openViewedImages(input: EvaluationSetInput): Promise<ViewedSet> {
  const { name, rule, digest, ids, labels, images } = await openEvaluationSet(input);
  const path = images?.path ?? input.labels ?? input.originals ?? name;
  const { add, columns } = openColumns(path);
  ids.forEach((id, image) => {
    const file = images?.places[image]?.file;
    add({ id, file, k: labels[image]!.length, labels: labels[image]!, objects: [] });
  });
  const homes = images && homesOf(await realpath(images.path));
  const reader = images && new ImageReader(images.path);
  const readFile = async (image: number): Promise<Buffer> => {
    const place = images!.places[image]!;
    if (place.offset === undefined) await requireWithin(join(images!.path, place.file), homes!);
    return reader!.read(place);
  };
  return {
    summary: {
      kind: 'images',
      title: `${name}, labels: ${rule}`,
      path,
      digest,
      images: ids.length,
      hasPixels: images !== undefined,
    },
    columns,
    setDigest: digest,
    models: [],
    ...(images && {
      readFile,
      readPixels: async (image: number) => decodeImage(await readFile(image)),
    }),
    close: () => reader?.close() ?? Promise.resolve(),
  };
}
