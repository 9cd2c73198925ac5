import { linkSync, rmSync } from 'node:fs';

/** Why a file can have no second name: another file system, or one without links. */
const NO_LINKS = ['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * Gives a file a second name; what is at that name is replaced. Synchronous, as the many small
 * files of a dataset ask for.
 * @returns false where the file system has no such names: then it is to be copied
 */
export function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NO_LINKS.includes(code)) return false;
    if (code !== 'EEXIST') throw error;
    rmSync(to);
    return tryLink(from, to);
  }
}
