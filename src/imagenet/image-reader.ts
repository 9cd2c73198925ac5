import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageError } from '../errors.js';
import { MAX_IMAGE_BYTES, readRegularFile } from '../files/read-file.js';
import { type ImageHeader, readImageHeader } from '../image/decode.js';
import { type MemoryBudget, requireDecodable } from '../image/memory-budget.js';
import type { ImagePlace } from './images.js';

/** Files up to this size are read before there is memory to decode them. */
const SMALL_BYTES = 2 ** 20;

/** Reads images by their places; keeps an archive open between calls. */
export class ImageReader {
  #archive: Promise<FileHandle> | undefined;

  constructor(private readonly path: string) {}

  /** The bytes of one image. @throws ImageError `image-unreadable`; OutputError */
  async read(place: ImagePlace): Promise<Buffer> {
    if (place.size < 0 || place.size > MAX_IMAGE_BYTES) {
      throw new ImageError('not a regular file, a broken link, or too large to be a photograph', {
        code: 'image-unreadable',
        path: join(this.path, place.file),
      });
    }
    if (place.offset === undefined) {
      return readRegularFile(join(this.path, place.file), { maxBytes: MAX_IMAGE_BYTES });
    }
    this.#archive ??= open(this.path);
    const archive = await this.#archive;
    const bytes = Buffer.allocUnsafeSlow(place.size);
    const { bytesRead } = await archive.read(bytes, 0, place.size, place.offset);
    return bytes.subarray(0, bytesRead);
  }

  /**
   * Reads an image, and works on it once there is memory for that. A large file is not kept while it
   * waits, but read again.
   * @param plan the work, and the bytes of memory that it takes beside the file's own
   * @throws ImageError `image-too-large` where there will never be as much, and as {@link read}
   */
  async use<T>(
    place: ImagePlace,
    budget: MemoryBudget,
    plan: (header: ImageHeader) => { bytes: number; work: (file: Buffer) => Promise<T> },
  ): Promise<T> {
    const small = place.size <= SMALL_BYTES ? await this.read(place) : undefined;
    const header = small
      ? await readImageHeader(small)
      : await budget.use(place.size, async () => readImageHeader(await this.read(place)));
    const { bytes, work } = plan(header);
    requireDecodable(place.size + bytes, `${header.size.join(' x ')} px`);
    return budget.use(place.size + bytes, async () => work(small ?? (await this.read(place))));
  }

  async close(): Promise<void> {
    await (await this.#archive)?.close();
  }
}
