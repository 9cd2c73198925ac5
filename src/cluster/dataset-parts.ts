import { join } from 'node:path';
import { type Dataset, METADATA_FILE, readMetadata } from '../dataset/dataset.js';
import { isImageFile } from '../dataset/image-files.js';
import { type MetadataRow, ROW_FIELDS } from '../dataset/row.js';
import { digestOf } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import {
  completeDataset,
  type ComposeInput,
  type ComposeOptions,
  composeImages,
  type Composition,
  type FillDataset,
  openComposition,
  type PlanComposer,
  requireComposable,
} from '../generate/compose-dataset.js';
import { type DatasetOutput, inspectPlace, openDatasetOutput } from '../generate/dataset-output.js';
import { inBatches } from '../parallel/ordered.js';
import { mapInWorkers } from '../parallel/workers.js';
import type { JoinedImage } from './join-worker.js';
import {
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
  return explaining(async () => composePart(await openComposition(input), input.shard, options));
}

/**
 * {@link composeShard} of what is open.
 * @param composer of the same composition, where there is one; else threads are started for this part
 */
export async function composePart(
  composition: Composition,
  shard: Shard,
  options: ComposeOptions,
  composer?: PlanComposer,
): Promise<Part> {
  const { out, origin, plan } = composition;
  const { images } = plan.summary;
  const place = await inspectPlace(out, origin, options.overwrite ?? false);
  const complete = place === 'complete' ? { folder: out, images } : undefined;
  const part = { shard, parts: partsOfDataset(composition), complete, files: [METADATA_FILE] };
  return makePart(part, async (partial) => {
    const [from, to] = rangeOf(shard, images);
    const marks = composer ? [] : requireComposable(composition);
    const output = await openDatasetOutput(partial);
    try {
      const run = { partial, output, from, to };
      await (composer?.compose(run, options) ?? composeImages(composition, marks, run, options));
    } finally {
      await output.close();
    }
    return [from, to];
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
export function mergeDataset(input: ComposeInput, options: ComposeOptions = {}): Promise<Dataset> {
  return explaining(async () => {
    const composition = await openComposition(input);
    const parts = partsOfDataset(composition);
    const total = composition.plan.summary.images;
    const { jobs, signal, onProgress } = options;
    let isResumed = false;
    const fill: FillDataset = async (partial, output) => {
      const found = await findParts(parts, total);
      isResumed = output.images > 0;
      const underWay: MetadataRow[][] = [];
      const joined = mapInWorkers<JoinedImage[], number>(
        imagesOf(found, partial, output, underWay),
        {
          worker: new URL('./join-worker.js', import.meta.url),
          workerData: undefined,
          ...{ expected: Math.ceil((total - output.images) / BATCH), stage: 'compose' },
          ...{ jobs, signal },
        },
      );
      for await (const images of joined) {
        await output.append(underWay.shift()!.slice(0, images));
        onProgress?.({ stage: 'compose', done: output.images, total, unit: 'images' });
      }
    };
    // Images are on the disk since their part is. The run before may have composed some itself.
    const isOnDisk = (path: string): boolean => !isResumed && isImageFile(path);
    const dataset = await completeDataset(composition, fill, { ...options, isOnDisk });
    await removeParts(parts);
    return dataset;
  });
}

/**
 * The images of parts in batches, where they lie and go to, behind those that are there; the rows are
 * also put behind `underWay`.
 */
async function* imagesOf(
  parts: readonly FoundPart[],
  partial: string,
  output: DatasetOutput,
  underWay: MetadataRow[][],
): AsyncGenerator<JoinedImage[]> {
  for await (const batch of inBatches(rowsIn(parts), BATCH, output.images)) {
    for (const { row } of batch) await output.makeFolderOf(row.file_name);
    underWay.push(batch.map(({ row }) => row));
    yield batch.map(({ folder, row: { file_name, sha256 } }) => {
      return { from: join(folder, file_name), to: join(partial, file_name), sha256 };
    });
  }
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
