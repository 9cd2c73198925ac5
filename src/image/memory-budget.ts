import { setTimeout } from 'node:timers/promises';
import { ImageError } from '../errors.js';
import { bytesText } from '../text.js';

/**
 * Bytes that decoding may take at once, over all threads of a process. With what Node itself, the
 * codecs and the index take, the process stays below 1 GB.
 */
export const MAX_DECODE_BYTES = 640e6;

/** Refuses an image that alone would take more. @throws ImageError `image-too-large` */
export function requireDecodable(bytes: number, what: string): void {
  if (bytes <= MAX_DECODE_BYTES) return;
  const [needed, most] = [bytesText(bytes), bytesText(MAX_DECODE_BYTES)];
  throw new ImageError(`${what} would take ${needed} of memory, more than ${most}`, {
    code: 'image-too-large',
  });
}

/** Only so much memory at once, whoever asks for it; threads share a budget by its `shared`. */
export class MemoryBudget {
  readonly #used: Int32Array; // KiB

  constructor(readonly shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#used = new Int32Array(shared);
  }

  /** Does work that takes so many bytes, once they are there. More than all are all of them. */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const amount = Math.ceil(Math.min(bytes, MAX_DECODE_BYTES) / 1024);
    while (!this.#take(amount)) await setTimeout(WAIT);
    try {
      return await work();
    } finally {
      Atomics.sub(this.#used, 0, amount);
    }
  }

  #take(amount: number): boolean {
    const used = Atomics.load(this.#used, 0);
    if ((used + amount) * 1024 > MAX_DECODE_BYTES + 1024) return false;
    return Atomics.compareExchange(this.#used, 0, used, used + amount) === used;
  }
}

/** ms; only images as large as few are ever wait. */
const WAIT = 5;
