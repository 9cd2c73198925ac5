import { readFileSync } from 'node:fs';
import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import type { Finding, VerifyOptions } from '../../dataset/verify-dataset.js';
import { sha256File } from '../../files/digest.js';
import type { ExportFiles } from './export-files.js';
import { exportRows } from './export-rows.js';
import { differenceOf } from './shown-text.js';
import { yoloFiles, yoloLabels, yoloYaml } from './yolo.js';

/** Checks a YOLO export: `data.yaml`, every label file and every image. */
export async function* verifyYolo(
  dataset: Dataset,
  files: ExportFiles,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  yield* compareText(files, 'data.yaml', yoloYaml(dataset));
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
  const got = readFileSync(files.path(file), 'utf8');
  if (got !== want) yield { problem: 'changed', file, detail: differenceOf(want, got) };
}
