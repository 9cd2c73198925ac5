import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { MAX_IMAGE_BYTES, readRegularFileSync } from '../files/read-file.js';
import { type ImageHeader, readImageHeader } from '../image/decode.js';
import { type MemoryBudget, requireDecodable } from '../image/memory-budget.js';
import type { ImagePlace } from './images.js';

/** Files up to this size are read before there is memory to decode them. */
const SMALL_BYTES = 2 ** 20;

/**
 * Reads images by their places; keeps an archive open between calls, and the memory that it reads
 * small files into. Reading is synchronous: for files as small as photographs, going through
 * Node's thread pool takes longer than reading them.
 */
export class ImageReader {
  #archive: number | undefined;
  /** Memory of `SMALL_BYTES` that no image is in. */
  readonly #rooms: Buffer[] = [];

  constructor(private readonly path: string) {}

  /**
   * The bytes of one image.
   * @param room memory that they go into if they fit
   * @throws ImageError `image-unreadable`; OutputError
   */
  read({ file, size, offset }: ImagePlace, room?: Buffer): Buffer {
    const path = join(this.path, file);
    if (size < 0 || size > MAX_IMAGE_BYTES) {
      throw new ImageError('not a regular file, a broken link, or too large to be a photograph', {
        code: 'image-unreadable',
        path,
      });
    }
    if (offset === undefined) return readRegularFileSync(path, { maxBytes: MAX_IMAGE_BYTES }, room);
    try {
      this.#archive ??= openSync(this.path, 'r');
      const bytes = room && size <= room.length ? room : Buffer.allocUnsafeSlow(size);
      return bytes.subarray(0, readSync(this.#archive, bytes, 0, size, offset));
    } catch (error) {
      throw explainError(error, this.path);
    }
  }

  /**
   * Reads an image, and works on it once there is memory for that. A large file is not kept while it
   * waits, but read again. The file's bytes are there until the work is done, and no longer.
   * @param plan the work, and the bytes of memory that it takes beside the file's own
   * @throws ImageError `image-too-large` where there will never be as much, and as {@link read}
   */
  async use<T>(
    place: ImagePlace,
    budget: MemoryBudget,
    plan: (header: ImageHeader) => { bytes: number; work: (file: Buffer) => Promise<T> },
  ): Promise<T> {
    const room = this.#rooms.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
    try {
      const small = place.size <= SMALL_BYTES ? this.read(place, room) : undefined;
      const header = small
        ? await readImageHeader(small)
        : await budget.use(place.size, () => readImageHeader(this.read(place)));
      const { bytes, work } = plan(header);
      requireDecodable(place.size + bytes, `${header.size.join(' x ')} px`);
      return await budget.use(place.size + bytes, () => work(small ?? this.read(place)));
    } finally {
      this.#rooms.push(room);
    }
  }

  close(): void {
    if (this.#archive !== undefined) closeSync(this.#archive);
  }
}
