import { TransferError } from '../errors.js';
import { atOnce } from '../parallel/ordered.js';
import { retry } from '../parallel/retry.js';
import { SUMS_FILE } from '../release/checksums.js';
import { openS3Objects, type S3Objects, undefinedIfNotFound } from './s3-objects.js';
import type { LocalFile, Store, StoredFile, StoreOptions } from './store.js';
import { isOfNetwork } from './store-errors.js';
import { readText } from './stored-files.js';

const OBJECTS_AT_ONCE = 4;
const LOOKS_AT_ONCE = 16;

/**
 * A version as the objects under a prefix in S3. `SHA256SUMS`, sent last, is the mark; until it is
 * there, a claim keeps other releases out.
 */
export async function openS3Store(
  at: { bucket: string; prefix: string },
  options: StoreOptions,
): Promise<Store> {
  const objects = await openS3Objects(at, options);
  const claim = openClaim(objects, options.signal);

  const isComplete = async (): Promise<boolean> => (await objects.look(SUMS_FILE)) !== undefined;

  const list = async (digests: boolean): Promise<Map<string, StoredFile>> => {
    const files: Map<string, StoredFile> = await objects.list();
    if (!digests) return files;
    await atOnce([...files.keys()], LOOKS_AT_ONCE, async (path) => {
      const file = await objects.look(path);
      if (file) files.set(path, file);
      else files.delete(path); // removed since
    });
    return files;
  };

  /** Whether something is left to do; false where another push has completed the version. */
  const isOpen = async (): Promise<boolean> => {
    if (await claim.isHeld()) return true;
    if (await isComplete()) return false;
    throw anotherPush(objects);
  };

  return {
    place: objects.place,
    sumsAreTheMark: true,
    ownFiles: [CLAIM_FILE],
    isComplete,
    async prepare(sums) {
      await objects.requireBucket();
      await claim.take(sums);
      if (await isComplete()) await claim.drop(); // completed by an earlier push
    },
    list,
    findForeign: ([first]) => Promise.resolve(first),
    async put(files, _strays, { onBytes }) {
      if (!(await isOpen())) return;
      await atOnce(files, OBJECTS_AT_ONCE, async (file) => {
        await objects.send(file);
        onBytes(file.size);
      });
    },
    async mark(sums) {
      if (!(await isOpen())) return false;
      const isNew = await objects.sendNew(sums);
      await claim.drop();
      return isNew;
    },
    settle: (sums) => claim.settle(sums),
    read: (path, start) => objects.read(path, start),
    close: objects.close,
  };
}

/** The object that keeps other releases out of a place in S3 until this one is complete. */
export const CLAIM_FILE = 'PUSHING';

/** A push's claim to a place. A push that fails leaves it, so that the same one can resume. */
interface Claim {
  /** @throws TransferError `another-push` where another release has claimed the place */
  take: (sums: LocalFile) => Promise<void>;
  /** Whether it is still there. */
  isHeld: () => Promise<boolean>;
  /** Removes it once the version is complete; where that is refused, it does no harm. */
  drop: () => Promise<void>;
  /** Removes it where an earlier push of this release left it. */
  settle: (sums: LocalFile) => Promise<void>;
}

/**
 * Opens the claim to a place. Its text is the SHA-256 of `SHA256SUMS`: two pushes of one release
 * have the same claim, and do each other no harm.
 *
 * The claim is read again after it was put, before anything is sent, and before the version is
 * marked: a store may ignore the condition that no claim exist, and then the last of several put at
 * the same moment stands.
 */
function openClaim(objects: S3Objects, signal: AbortSignal | undefined): Claim {
  let ours = '';
  const read = (): Promise<string | undefined> =>
    readText(objects, CLAIM_FILE).catch(undefinedIfNotFound);
  const textOf = ({ sha256 }: LocalFile): string => `${sha256}\n`;
  const drop = (): Promise<void> =>
    objects.remove(CLAIM_FILE).catch((error: unknown) => {
      if (isOfNetwork(error)) throw error; // the next attempt removes it
    });
  return {
    async take(sums) {
      ours = textOf(sums);
      const vanished = anotherPush(objects);
      const claim = async (): Promise<void> => {
        let there = await read();
        if (there === undefined) {
          await objects.putNew(CLAIM_FILE, ours);
          there = await read();
        }
        if (there === undefined) throw vanished; // another push has just ended, or it was removed
        if (there !== ours) throw anotherPush(objects);
      };
      await retry(claim, { isPassing: (error) => error === vanished, signal });
    },
    isHeld: async () => (await read()) === ours,
    drop,
    async settle(sums) {
      if ((await read()) === textOf(sums)) await drop();
    },
  };
}

/** The error for a place that another release has claimed. */
function anotherPush({ place }: Pick<S3Objects, 'place'>): TransferError {
  return new TransferError(
    'another release is being pushed to this place, or its push was interrupted',
    {
      code: 'another-push',
      path: place,
      fix: `finish that push, or remove ${place}/${CLAIM_FILE} and what it sent, then push again`,
    },
  );
}
