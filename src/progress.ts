import { setImmediate } from 'node:timers/promises';
import { AbortedError } from './errors.js';

/** The names of the stages, in the order of the flow, with the check of a dataset among them. */
export type Stage =
  | 'index'
  | 'extract'
  | 'plan'
  | 'compose'
  | 'verify'
  | 'predict'
  | 'score'
  | 'compare'
  | 'study'
  | 'view'
  | 'release'
  | 'push'
  | 'pull';

/** One step of a stage, as given to `onProgress`. */
export interface Progress {
  stage: Stage;
  /** What of the stage it is, where there are several: a model's name, an export's format. */
  step?: string;
  /** Pieces finished so far, those of an earlier, interrupted run included. */
  done: number;
  /** Pieces in all; 0 while it is not known. */
  total: number;
  /** What a piece is, in the plural: `files`, `images`, `rows`, `bytes`. */
  unit: string;
}

/** What every stage takes beside its input. */
export interface StageOptions {
  /** Worker threads, 1 or more. Default: one per core. The output does not depend on it. */
  jobs?: number | undefined;
  /** Stops the stage at the next piece with an `AbortedError`; what was finished is kept. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** What is told of the progress of one step of a stage, with its name. */
export function ofStep(
  step: string,
  onProgress: StageOptions['onProgress'],
): StageOptions['onProgress'] {
  if (onProgress === undefined) return undefined;
  return (progress) => {
    onProgress({ ...progress, step });
  };
}

/** @throws AbortedError when the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined, stage: Stage): void {
  if (signal?.aborted) throw new AbortedError(stage);
}

/**
 * Lets events in, such as the one that aborts a signal, in the middle of work that waits for
 * nothing itself.
 * @throws AbortedError when the signal says so then
 */
export async function letSignalIn(signal: AbortSignal | undefined, stage: Stage): Promise<void> {
  await setImmediate();
  throwIfAborted(signal, stage);
}

/**
 * Reports the progress of work that waits for nothing itself, after every so many pieces and after
 * the last, and lets events in then.
 * @throws AbortedError when the signal says so then
 */
export async function reportEvery(
  every: number,
  progress: Progress,
  { signal, onProgress }: StageOptions,
): Promise<void> {
  const { stage, done, total } = progress;
  if (done % every !== 0 && done !== total) return;
  onProgress?.(progress);
  await letSignalIn(signal, stage);
}
