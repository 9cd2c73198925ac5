import { sha256 } from '../files/digest.js';

/**
 * The digest of a dataset: SHA-256 over a line `<sha256>  <path>` for each file but the lock, as
 * `sha256sum` writes them.
 * @param files in byte order of their paths
 */
export function datasetDigest(files: readonly (readonly [path: string, digest: string])[]): string {
  return sha256(files.map(([path, digest]) => `${digest}  ${path}\n`).join(''));
}
