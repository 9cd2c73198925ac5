import { verifyExport, writeExport } from '../../src/exports/exports.js';
import { readDataset } from '../../src/index.js';
import type { ExportArgument } from './release.js';

/** Writing an export; its images are counted. */
export async function writeExportJob(
  { name, dataset }: ExportArgument,
  folder: string,
): Promise<() => Promise<number>> {
  const opened = await readDataset(dataset);
  return async () => {
    await writeExport(name, opened, folder, {});
    return opened.summary.images;
  };
}

/** Reading an export back and comparing it with its dataset. */
export async function verifyExportJob({
  name,
  dataset,
  folder,
}: ExportArgument & { folder: string }): Promise<() => Promise<number>> {
  const opened = await readDataset(dataset);
  return async () => {
    for await (const { problem, file } of verifyExport(name, opened, folder)) {
      throw new Error(`${problem}: ${file}`);
    }
    return opened.summary.images;
  };
}
