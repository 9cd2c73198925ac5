import type { RetryOptions } from './retry.js';

/** How a store is spoken to. */
export interface StoreOptions extends RetryOptions {
  /**
   * The server, as in `https://s3.example.org`: default that of Amazon or Hugging Face. An S3
   * store named so is asked path style.
   */
  endpoint?: string | undefined;
  /** Stops the transfer with an `AbortedError`; what was sent or fetched is kept. */
  signal?: AbortSignal | undefined;
}
