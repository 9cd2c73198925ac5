// Apart from coordinator.ts, whose declarations name types of BullMQ: these are public.

import type { StageOptions } from '../../progress.js';

/** How a run of a queue is waited for. */
export interface CoordinateOptions extends Omit<StageOptions, 'jobs'> {
  /** Is told what goes on. */
  onNote?: ((line: string) => void) | undefined;
  /** Before a failed piece is tried again, ms; it doubles each time. Default: 1000. */
  backoff?: number | undefined;
}
