import { TransferError } from '../errors.js';
import { atOnce } from '../parallel/ordered.js';
import { SUMS_FILE } from '../release/release-folder.js';
import { readText } from './read-back.js';
import { type Again, retryPolicy } from './retry.js';
import { openS3Objects, type S3Objects, undefinedIfNotFound } from './s3-objects.js';
import type { LocalFile, Remote, RemoteFile, StoreOptions } from './store.js';

const OBJECTS_AT_ONCE = 4;
const LOOKS_AT_ONCE = 16;

/**
 * A version as the objects of S3 under a prefix; `SHA256SUMS`, sent last, makes it whole. Until
 * then the place is kept to one release by a claim.
 */
export async function openS3Remote(
  at: { bucket: string; prefix: string },
  options: StoreOptions,
): Promise<Remote> {
  const objects = await openS3Objects(at, options);
  const claim = openClaim(objects, retryPolicy(options, options.signal));

  const isWhole = async (): Promise<boolean> => (await objects.look(SUMS_FILE)) !== undefined;

  const list = async (digests: boolean): Promise<Map<string, RemoteFile>> => {
    const files = await objects.list();
    if (!digests) return files;
    await atOnce([...files.keys()], LOOKS_AT_ONCE, async (path) => {
      const file = await objects.look(path);
      if (file) files.set(path, file);
      else files.delete(path); // removed since
    });
    return files;
  };

  /** Whether anything is left to do; not where another push has made the version whole. */
  const isOpen = async (): Promise<boolean> => {
    if (await claim.isHeld()) return true;
    if (await isWhole()) return false;
    throw anotherPush(objects);
  };

  return {
    place: objects.place,
    sumsAreTheMark: true,
    ownFiles: [CLAIM_FILE],
    isWhole,
    async prepare(sums) {
      await objects.requireBucket();
      await claim.take(sums);
      if (await isWhole()) await claim.drop(); // by the push that had the place before
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
    read: objects.read,
    close: objects.close,
  };
}

/** The object that keeps a place in S3 to one release until it is whole there. */
const CLAIM_FILE = 'PUSHING';

/** A push's claim to a place. A push that fails leaves it, so that the same one goes on. */
interface Claim {
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
function openClaim(objects: S3Objects, tryAgain: Again): Claim {
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
function anotherPush({ place }: Pick<S3Objects, 'place'>): TransferError {
  return new TransferError('a push of another release to this place runs, or was cut off', {
    code: 'another-push',
    path: place,
    fix: `finish that one, or remove ${place}/${CLAIM_FILE} and what it sent, then push again`,
  });
}
