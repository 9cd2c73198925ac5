import { valid } from 'semver';
import { z } from 'zod';
import { TransferError } from '../../errors.js';
import { RELEASE_FILE } from '../release-files.js';

/** What of `release.json` names the release; both are safe as parts of a path. */
export const releaseInfo = z.object({
  format: z.literal('patchml-release'),
  name: z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'expected letters, digits, ".", "_" and "-"'),
  version: z
    .string()
    .refine((version) => valid(version) === version, 'expected a semantic version such as 1.0.0'),
});

export type ReleaseInfo = z.output<typeof releaseInfo>;

/**
 * Reads `release.json` as a store gave it.
 * @throws TransferError `no-release`
 */
export function parseReleaseInfo(text: string, place: string): ReleaseInfo {
  const info = releaseInfo.safeParse(tryParse(text));
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
