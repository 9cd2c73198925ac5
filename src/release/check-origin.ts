import { join } from 'node:path';
import { LOCK_FILE } from '../dataset/dataset-files.js';
import { readDataset } from '../dataset/read-dataset.js';
import type { Finding } from '../dataset/verify-dataset.js';
import { recipeDigest } from '../recipe/digest.js';
import { loadRecipe } from '../recipe/load-recipe.js';
import { attempt } from './attempt.js';
import type { CheckedFiles } from './check-files.js';
import {
  datasetFolderOf,
  datasetPrefixOf,
  EXPORTS_FOLDER,
  PLAN_FOLDER,
  RELEASE_FILE,
  type ReleaseSummary,
} from './release-files.js';

/**
 * Checks that what `release.json` says of the dataset, the recipe, the plan and the exports is so.
 * Files that are known to be wrong are not looked into.
 */
export async function checkOrigin(
  folder: string,
  release: ReleaseSummary,
  { found, findings: known }: CheckedFiles,
): Promise<Finding[]> {
  const isRight = (file: string): boolean => !known.some((finding) => finding.file === file);
  const findings = checkExportNames(release, found.keys());
  if (isRight('recipe.yaml')) {
    findings.push(...(await attempt('recipe.yaml', () => checkRecipe(folder, release))));
  }
  const inside = datasetPrefixOf(release);
  if ([LOCK_FILE, 'dataset.json'].every((file) => isRight(`${inside}${file}`))) {
    findings.push(...(await attempt(RELEASE_FILE, () => checkDigests(folder, release))));
  }
  const plan = `${PLAN_FOLDER}/plan.jsonl`;
  if (release.kind === 'recipe' && isRight(plan) && found.get(plan) !== release.plan) {
    findings.push({ problem: 'invalid', file: plan, detail: 'it is another plan' });
  }
  return findings;
}

function checkExportNames({ exports }: ReleaseSummary, files: Iterable<string>): Finding[] {
  const named = new Set<string>(exports);
  const detail = 'release.json names no such export';
  return [...files]
    .map((file) => ({ file, parts: file.split('/') }))
    .filter(({ parts: [top, name] }) => top === EXPORTS_FOLDER && !named.has(name!))
    .map(({ file }) => ({ problem: 'invalid', file, detail }));
}

async function checkRecipe(folder: string, { recipe }: ReleaseSummary): Promise<Finding[]> {
  const file = 'recipe.yaml';
  if (recipeDigest(await loadRecipe(join(folder, file))) === recipe) return [];
  return [{ problem: 'invalid', file, detail: 'it is another recipe' }];
}

async function checkDigests(folder: string, release: ReleaseSummary): Promise<Finding[]> {
  const { lock, summary } = await readDataset(datasetFolderOf(folder, release));
  const others = (['dataset', 'recipe', 'pool', 'plan'] as const)
    .filter((part) => lock[part] !== release[part])
    .map((part) => `its ${part} digest is not the lock's`);
  if (summary.name !== release.name) others.push("its name is not the dataset's");
  return others.map((detail) => ({ problem: 'invalid', file: RELEASE_FILE, detail }));
}
