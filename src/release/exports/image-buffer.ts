import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { explainError } from '../../errors.js';

const FIRST_BYTES = 2 ** 20;

/** Images' bytes in memory that is used again and again: fresh memory costs more than reading. */
export class ImageBuffer {
  #memory = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;

  /**
   * The bytes of a file, until `clear` is called.
   * @throws OutputError that names the file where it cannot be read
   */
  read(path: string): Buffer {
    try {
      return this.#read(path);
    } catch (error) {
      throw explainError(error, path);
    }
  }

  /** Takes the memory of all that was read for what is read next. */
  clear(): void {
    this.#used = 0;
  }

  #read(path: string): Buffer {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (this.#used + size > this.#memory.length) {
        this.#memory = Buffer.allocUnsafeSlow(Math.max(2 * this.#memory.length, size));
        this.#used = 0; // what was read keeps the memory before
      }
      const bytes = this.#memory.subarray(this.#used, this.#used + size);
      let length = 0;
      for (let read = 1; read > 0; length += read) {
        read = readSync(file, bytes, length, size - length, null);
      }
      this.#used += length;
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }
}
