import { copyFileSync, rmSync } from 'node:fs';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { tryLink } from '../files/listing.js';
import { syncFile } from '../files/sync.js';
import { serve } from '../parallel/serve.js';
import { damagedPart } from './parts.js';

/** An image of a part that goes into the dataset. */
export interface JoinedImage {
  /** Its path in the part. */
  from: string;
  /** Its path in the dataset. */
  to: string;
  sha256: string;
}

/** Checks images of parts and puts them into the dataset. @returns how many */
export default serve(async (images: JoinedImage[]): Promise<number> => {
  for (const { from, to, sha256 } of images) {
    if (sha256File(from) !== sha256) throw damagedPart('the image has changed', from);
    await putImage(from, to);
  }
  return images.length;
});

/** Without a copy where the file system can do that. The part is on the disk, so a link is. */
async function putImage(from: string, to: string): Promise<void> {
  try {
    if (tryLink(from, to)) return;
    rmSync(to, { force: true }); // it may be a link
    copyFileSync(from, to);
  } catch (error) {
    throw explainError(error, to);
  }
  await syncFile(to);
}
