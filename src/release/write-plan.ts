import { join } from 'node:path';
import type { Dataset } from '../dataset/read-dataset.js';
import { ReleaseError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { writeJsonLines } from '../files/json-lines.js';
import { makeFolder, toJson, writeWhole } from '../files/stage-folder.js';
import type { PlanRow, PlanSummary } from '../sampling/make-plan.js';

/**
 * Writes the plan that a dataset was composed from, byte for byte as it was: the metadata says all
 * of it, and the lock has its digest.
 * @throws ReleaseError where it comes out another than the lock says
 */
export async function writePlanOf({ folder, lock, rows }: Dataset, to: string): Promise<void> {
  await makeFolder(to);
  const file = join(to, 'plan.jsonl');
  const plan = await writeJsonLines(file);
  let images = 0;
  try {
    for await (const { id, k, objects } of rows()) {
      const placed = objects.patch.map((patch, i) => ({ patch, bbox: objects.bbox[i]! }));
      await plan.write({ id, k, objects: placed } satisfies PlanRow);
      images += 1;
    }
  } finally {
    await plan.close();
  }
  const digest = sha256File(file);
  if (digest !== lock.plan) {
    throw new ReleaseError('its metadata is not that of the plan in the lock', {
      code: 'plan-of-another-dataset',
      path: folder,
      fix: 'generate the dataset again',
    });
  }
  const summary: PlanSummary = { format: 'patchml-plan', digest, pool: lock.pool, images };
  await writeWhole(join(to, 'plan.json'), toJson(summary));
}
