import { copyFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { type Dataset, splitOf } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { makeFolder } from '../files/folders.js';
import { tryLink } from '../files/listing.js';
import { writeWhole } from '../files/output-file.js';
import { MAX_TEXT_BYTES, readRegularFileSync } from '../files/read-file.js';
import { classNames } from '../imagenet/synsets.js';
import { canvasSize } from '../recipe/geometry.js';
import {
  differenceOf,
  type ExportFiles,
  type ExportFormat,
  type ExportOptions,
  exportRows,
  imagePlaceOf,
} from './format.js';

const DATA_FILE = 'data.yaml';

const HEADER = `# A set to evaluate on. Training has no place here: "train" is named since loaders ask for it.
# A class is its ImageNet class index. Paths start at this file's folder.
`;

/**
 * The layout that Ultralytics reads: `data.yaml`, `images/val/<id>.png` and `labels/val/<id>.txt`
 * with a line `class x y width height` per object, the box's centre and size as fractions of the
 * image. Where the dataset has its images in folders, so has the export, of images and of labels:
 * Ultralytics looks into them. Images are hard links to the dataset's where the file system has them,
 * else copies.
 */
export const yolo: ExportFormat = { write: writeYolo, verify: verifyYolo };

async function writeYolo(dataset: Dataset, folder: string, options: ExportOptions): Promise<void> {
  const made = new Set<string>();
  for await (const row of exportRows(dataset, options)) {
    const { image, label } = yoloFiles(dataset, row);
    for (const below of [dirname(image), dirname(label)]) {
      if (!made.has(below)) await makeFolder(join(folder, below));
      made.add(below);
    }
    try {
      const [from, to] = [dataset.pathOf(row), join(folder, image)];
      if (!tryLink(from, to)) copyFileSync(from, to);
      writeFileSync(join(folder, label), yoloLabels(dataset, row));
    } catch (error) {
      throw explainError(error, join(folder, label));
    }
  }
  await writeWhole(join(folder, DATA_FILE), yoloYaml(dataset));
}

/** What `data.yaml` says; all 1,000 classes, so that ids are class indices. */
function yoloYaml(dataset: Dataset): string {
  const images = `images/${splitOf(dataset.summary)}`;
  const names = new Map(classNames().entries());
  return `${HEADER}${stringify({ train: images, val: images, names })}`;
}

/** The files of an image in the export. */
function yoloFiles(dataset: Dataset, row: MetadataRow): { image: string; label: string } {
  const split = splitOf(dataset.summary);
  const { place, end } = imagePlaceOf(row);
  return {
    image: `images/${split}/${place}${end}`,
    label: `labels/${split}/${place}.txt`,
  };
}

/** The lines of an image's label file. */
function yoloLabels({ summary }: Dataset, { objects: { bbox, category } }: MetadataRow): string {
  const [width, height] = canvasSize(summary.recipe);
  const lines = bbox.map(([x, y, w, h], i) => {
    const fractions = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height];
    return `${category[i]!} ${fractions.map((value) => value.toFixed(6)).join(' ')}\n`;
  });
  return lines.join('');
}

/** Checks `data.yaml`, every label file and every image. */
async function* verifyYolo(
  dataset: Dataset,
  files: ExportFiles,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  yield* compareText(files, DATA_FILE, yoloYaml(dataset));
  for await (const row of exportRows(dataset, { ...options, stage: 'verify' })) {
    const { image, label } = yoloFiles(dataset, row);
    yield* compareImage(files, image, row, options);
    yield* compareText(files, label, yoloLabels(dataset, row));
  }
}

function* compareImage(
  files: ExportFiles,
  file: string,
  { sha256 }: MetadataRow,
  { digestOf }: VerifyOptions,
): Generator<Finding> {
  if (files.take(file) === undefined) yield { problem: 'missing', file };
  else if ((digestOf?.(file) ?? sha256File(files.path(file))) !== sha256) {
    yield { problem: 'changed', file };
  }
}

function* compareText(files: ExportFiles, file: string, want: string): Generator<Finding> {
  const size = files.take(file);
  if (size === undefined) {
    yield { problem: 'missing', file };
    return;
  }
  const held = Buffer.byteLength(want);
  if (size > 2 * held + 4096) {
    yield { problem: 'changed', file, detail: `expected ${held} bytes, got ${size}` };
    return;
  }
  const got = readRegularFileSync(files.path(file), { maxBytes: MAX_TEXT_BYTES }).toString();
  if (got !== want) yield { problem: 'changed', file, detail: differenceOf(want, got) };
}
