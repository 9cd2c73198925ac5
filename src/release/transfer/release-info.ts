import type { z } from 'zod';
import { TransferError } from '../../errors.js';
import { identitySchema, RELEASE_FILE } from '../release-files.js';

/** What of `release.json` a transfer asks for: the rest may be of a later patchml. */
export type ReleaseInfo = z.output<typeof identitySchema>;

/**
 * Reads `release.json` as a store gave it.
 * @throws TransferError `no-release`
 */
export function parseReleaseInfo(text: string, place: string): ReleaseInfo {
  const info = identitySchema.safeParse(tryParse(text));
  if (info.success) return info.data;
  throw new TransferError(`its ${RELEASE_FILE} is not that of a patchml release`, {
    code: 'no-release',
    path: place,
    fix: 'name the place that "patchml push" printed',
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
