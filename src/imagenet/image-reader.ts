import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageError } from '../errors.js';
import type { ImagePlace } from './images.js';

/** No photograph is larger; a member or file that says so is not read. */
const MAX_IMAGE_BYTES = 256 * 2 ** 20;

/** Reads images by their places; keeps an archive open between calls. */
export class ImageReader {
  #archive: Promise<FileHandle> | undefined;

  constructor(private readonly path: string) {}

  /** The bytes of one image. @throws ImageError `image-too-large`, or a file-system error */
  async read(place: ImagePlace): Promise<Buffer> {
    if (place.size < 0 || place.size > MAX_IMAGE_BYTES) {
      throw new ImageError('no file, a link to none, or too large to be a photograph', {
        code: 'image-unreadable',
        path: join(this.path, place.file),
      });
    }
    if (place.offset === undefined) return readFile(join(this.path, place.file));
    this.#archive ??= open(this.path);
    const archive = await this.#archive;
    const bytes = Buffer.allocUnsafeSlow(place.size);
    const { bytesRead } = await archive.read(bytes, 0, place.size, place.offset);
    return bytes.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await (await this.#archive)?.close();
  }
}
