import { SUMS_FILE } from '../release-files.js';
import { atOnce } from './at-once.js';
import type { Remote, RemoteFile } from './remote.js';
import { retryPolicy } from './retry.js';
import { anotherPush, CLAIM_FILE, openClaim } from './s3-claim.js';
import { openS3Objects } from './s3-objects.js';
import type { StoreOptions } from './store-options.js';

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
