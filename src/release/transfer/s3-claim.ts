import { TransferError } from '../../errors.js';
import { readText } from './read-text.js';
import type { LocalFile } from './remote.js';
import type { Again } from './retry.js';
import { type S3Objects, undefinedIfNotFound } from './s3-objects.js';

/** The object that keeps a place in S3 to one release until it is whole there. */
export const CLAIM_FILE = 'PUSHING';

/** A push's claim to a place. A push that fails leaves it, so that the same one goes on. */
export interface Claim {
  /** @throws TransferError `another-push` where another release has the place */
  take: (sums: LocalFile) => Promise<void>;
  /** Whether it is there still. */
  isHeld: () => Promise<boolean>;
  /** Removes it once the version is whole; beside that it does no harm if it stays. */
  drop: () => Promise<void>;
}

/**
 * Opens the claim to a place. It says the SHA-256 of `SHA256SUMS`: two pushes of one release say
 * the same, and do each other no harm.
 *
 * What it says is looked at after it was put too, and again before anything is sent and before the
 * version is marked: a store may ignore the condition that there be none before, and then the last
 * of those put at the same moment stands.
 */
export function openClaim(objects: S3Objects, tryAgain: Again): Claim {
  let ours = '';
  const read = (): Promise<string | undefined> =>
    readText(objects, CLAIM_FILE, tryAgain).catch(undefinedIfNotFound);
  return {
    async take({ sha256 }) {
      ours = `${sha256}\n`;
      for (let puts = 0; ; puts += 1) {
        const there = await read();
        if (there === ours) return;
        // gone after a put: another push has ended since, or someone removed it
        const isOver = there !== undefined || (puts > 0 && !(await tryAgain(puts)));
        if (isOver) throw anotherPush(objects);
        await objects.putNew(CLAIM_FILE, ours);
      }
    },
    isHeld: async () => (await read()) === ours,
    drop: () => objects.remove(CLAIM_FILE).catch(() => undefined),
  };
}

/** The error for a place that another release has. */
export function anotherPush({ place }: Pick<S3Objects, 'place'>): TransferError {
  return new TransferError('a push of another release to this place runs, or was cut off', {
    code: 'another-push',
    path: place,
    fix: `finish that one, or remove ${place}/${CLAIM_FILE} and what it sent, then push again`,
  });
}
