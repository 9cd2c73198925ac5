import type { Dataset } from '../../dataset/read-dataset.js';
import type { ReleaseSummary } from '../release-files.js';

/** A stand-in until the exports are here. */
export function croissantOf(release: ReleaseSummary, { folder }: Dataset): object {
  if (folder === '') throw new Error('no folder');
  return { name: release.name, version: release.version };
}
