import { copyFile, link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, METADATA_FILE, readMetadata } from '../dataset/dataset.js';
import { type MetadataRow, ROW_FIELDS } from '../dataset/row.js';
import { digestOf, sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import {
  completeDataset,
  type ComposeInput,
  type ComposeOptions,
  composeImages,
  type Composition,
  openComposition,
  requireComposable,
} from '../generate/compose-dataset.js';
import { inspectPlace, openDatasetOutput } from '../generate/dataset-output.js';
import { atOnce, inBatches } from '../parallel/ordered.js';
import { throwIfAborted } from '../progress.js';
import {
  damagedPart,
  findParts,
  type FoundPart,
  makePart,
  type Part,
  partsFolder,
  rangeOf,
  removeParts,
  type Shard,
} from './parts.js';

/** Images whose rows are written together when parts are joined. */
const BATCH = 256;
/** Files that are linked at once. */
const AT_ONCE = 16;

export interface ComposeShardInput extends ComposeInput {
  shard: Shard;
}

/**
 * Composes one part of a plan's images, into `<out>.shards/<key>/<part>-of-<of>` beside the dataset, in
 * a folder that all machines share. A part that is there, or belongs to a dataset that is, is left as
 * it is; an interrupted one is continued.
 * @throws DatasetError `option-out-of-range`, and as {@link composeDataset}; OutputError
 * `output-in-use` where another run is at this part
 */
export function composeShard(
  input: ComposeShardInput,
  options: ComposeOptions = {},
): Promise<Part> {
  return explaining(async () => {
    const { shard, out } = input;
    const composition = await openComposition(input);
    const { images } = composition.plan.summary;
    const place = await inspectPlace(out, composition.origin, options.overwrite ?? false);
    const complete = place === 'complete' ? { folder: out, images } : undefined;
    const part = { shard, parts: partsOfDataset(composition), complete, files: [METADATA_FILE] };
    return makePart(part, async (partial) => {
      requireComposable(composition);
      const [from, to] = rangeOf(shard, images);
      const output = await openDatasetOutput(partial);
      try {
        await composeImages(composition, { partial, output, from, to }, options);
      } finally {
        await output.close();
      }
      return [from, to];
    });
  });
}

/** Where the parts of a dataset lie. Those of another recipe, pool or plan lie in another folder. */
export function partsOfDataset({ out, origin }: Composition): string {
  return join(partsFolder(out), digestOf(origin).slice(0, 16));
}

/**
 * Joins the parts that {@link composeShard} made into the dataset that an undivided run makes, byte
 * for byte, checks every image, and removes them. A dataset that is there is left as it is.
 * @throws DatasetError `parts-missing`, `part-damaged`, and as {@link composeDataset}; OutputError;
 * AbortedError
 */
export function mergeDataset(
  input: ComposeInput,
  options: Omit<ComposeOptions, 'jobs'> = {},
): Promise<Dataset> {
  return explaining(async () => {
    const composition = await openComposition(input);
    const parts = partsOfDataset(composition);
    const total = composition.plan.summary.images;
    const { signal, onProgress } = options;
    const fill: Parameters<typeof completeDataset>[1] = async (partial, output) => {
      const found = await findParts(parts, total);
      for await (const rows of inBatches(rowsIn(found), BATCH, output.images)) {
        throwIfAborted(signal, 'compose');
        await atOnce(rows, AT_ONCE, (row) => takeImage(row, partial));
        await output.append(rows.map(({ row }) => row));
        onProgress?.({ stage: 'compose', done: output.images, total, unit: 'images' });
      }
    };
    const dataset = await completeDataset(composition, fill, options);
    await removeParts(parts);
    return dataset;
  });
}

interface PartRow {
  folder: string;
  row: MetadataRow;
}

async function* rowsIn(parts: readonly FoundPart[]): AsyncGenerator<PartRow> {
  for (const { folder } of parts) {
    for await (const row of readMetadata(folder, ROW_FIELDS)) yield { folder, row };
  }
}

/** Puts an image of a part into the dataset, without a copy where the file system can do that. */
async function takeImage(
  { folder, row: { file_name, sha256 } }: PartRow,
  partial: string,
): Promise<void> {
  const [from, to] = [join(folder, file_name), join(partial, file_name)];
  if (sha256File(from) !== sha256) throw damagedPart('the image has changed', from);
  await rm(to, { force: true }); // of an interrupted run
  await link(from, to).catch(() => copyFile(from, to));
}
