import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import type { FolderOf } from '../files/folders.js';
import { newPnmImage, type PnmImage } from '../image/pixels.js';

/** Where the pixels of a patch lie in `patches.bin`, and their size. */
interface StoredPatch {
  id: string;
  width: number;
  height: number;
  offset: number;
}

/** Reads a pool's patches at random, in the form that the resizer takes. */
export class PoolReader {
  readonly #path: string;
  readonly #file: number;
  /** Offsets of patches whose digest was right. */
  readonly #checked = new Set<number>();

  constructor(folder: FolderOf<'pool'>) {
    this.#path = join(folder, 'patches.bin');
    this.#file = openPixelFile(folder, this.#path);
  }

  read({ id, width, height, offset }: StoredPatch): PnmImage {
    const image = newPnmImage(width, height);
    if (this.#fill(image.data, offset)) return image;
    throw new DatasetError(`the pixels of ${id} are not all there`, {
      code: 'pool-cut-off',
      path: this.#path,
      fix: 'remove this pool and make it again with "patchml extract"',
    });
  }

  /**
   * The pixels of one patch, checked against its digest when they are first read.
   * @throws DatasetError `pool-damaged`, `pool-cut-off`
   */
  readChecked(patch: StoredPatch & { sha256: string }): PnmImage {
    const image = this.read(patch);
    if (this.#checked.has(patch.offset)) return image;
    if (sha256(image.data) !== patch.sha256) {
      throw damagedPool(
        `the pixels of ${patch.id} have changed since they were cut out`,
        this.#path,
      );
    }
    this.#checked.add(patch.offset);
    return image;
  }

  #fill(data: Buffer, offset: number): boolean {
    try {
      return readSync(this.#file, data, 0, data.length, offset) === data.length;
    } catch (error) {
      throw explainError(error, this.#path);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function damagedPool(problem: string, path: string): DatasetError {
  return new DatasetError(problem, {
    code: 'pool-damaged',
    path,
    fix: 'remove this pool and make it again with "patchml extract"',
  });
}

function openPixelFile(folder: FolderOf<'pool'>, path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw explainError(cause, path);
    throw new DatasetError('patches.bin is missing', {
      code: 'stage-missing',
      path: folder,
      fix: 'remove this pool and make it again with "patchml extract"',
      cause,
    });
  }
}
