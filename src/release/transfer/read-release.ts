import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { TransferError } from '../../errors.js';
import { sha256, sha256File } from '../../files/digest.js';
import { readSummary } from '../../files/read-summary.js';
import { throwIfAborted } from '../../progress.js';
import { listPlainFiles } from './list-plain-files.js';
import type { ReleaseInfo } from './release-info.js';
import type { LocalFile } from './remote.js';
import { identitySchema, RELEASE_FILE, SUMS_FILE } from '../release-files.js';
import { parseSums } from './sums.js';

/** A release folder in which every file is what `SHA256SUMS` says. */
export interface CheckedRelease {
  info: ReleaseInfo;
  files: LocalFile[];
  /** `SHA256SUMS` itself. */
  sums: LocalFile;
}

/**
 * Reads a release folder and hashes every file in it.
 * @throws TransferError `digest-differs`, `foreign-file`, `missing-file`, `not-a-file`, `bad-sums`
 */
export async function readRelease(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<CheckedRelease> {
  const info = await readSummary(folder, RELEASE_FILE, identitySchema, 'patchml release');
  const sizes = await listPlainFiles(folder);
  const text = sizes.has(SUMS_FILE) ? await readFile(join(folder, SUMS_FILE)) : undefined;
  if (text === undefined) throw unlike(folder, 'missing-file', `there is no ${SUMS_FILE} here`);
  const digests = parseSums(text.toString(), join(folder, SUMS_FILE));
  const files: LocalFile[] = [];
  for (const [path, sha256] of [...digests]) {
    throwIfAborted(signal, 'push');
    await setImmediate(); // hashing does not wait for anything, and Ctrl-C is to be heard
    const file = join(folder, path);
    const size = sizes.get(path);
    if (size === undefined) throw unlike(file, 'missing-file', `${SUMS_FILE} has it, it is gone`);
    if (sha256File(file) !== sha256) {
      throw unlike(file, 'digest-differs', `this is not the file that ${SUMS_FILE} has`);
    }
    files.push({ path, size, sha256, file });
  }
  for (const path of sizes.keys()) {
    if (path === SUMS_FILE || digests.has(path)) continue;
    throw unlike(join(folder, path), 'foreign-file', `${SUMS_FILE} has no such file`);
  }
  if (!digests.has(RELEASE_FILE)) {
    throw unlike(join(folder, RELEASE_FILE), 'foreign-file', `${SUMS_FILE} has no such file`);
  }
  const sums = {
    path: SUMS_FILE,
    size: text.length,
    sha256: sha256(text),
    file: join(folder, SUMS_FILE),
  };
  return { info, files, sums };
}

function unlike(path: string, code: string, problem: string): TransferError {
  return new TransferError(problem, { code, path, fix: 'make the release again' });
}
