import { setTimeout } from 'node:timers/promises';
import { AbortedError, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { throwIfAborted } from '../progress.js';

/** What could not be done: a set, a model, or a model on a set. */
export interface StudyFailure {
  set?: string | undefined;
  /** The model's name, or the study's words for it where that is not known. */
  model?: string | undefined;
  error: PatchmlError;
}

/**
 * An error as a failure that does not end the study.
 * @throws the error itself where it is an interruption, or none of patchml's
 */
export function asFailure(error: unknown): PatchmlError {
  const explained = explainError(error);
  if (explained instanceof PatchmlError && !(explained instanceof AbortedError)) return explained;
  throw explained;
}

/** How often it is looked whether a folder is free again, ms. */
const POLL = 200;

/** What waiting for another run needs. */
export interface WaitOptions {
  signal?: AbortSignal | undefined;
  /** Told once, with the error that says which process has the folder. */
  onWait?: ((error: PatchmlError) => void) | undefined;
}

/**
 * Does work that writes into the work folder; where another run has the same folder, once that run
 * is done with it.
 * @throws AbortedError; what the work throws
 */
export async function whenFree<T>(
  work: () => Promise<T>,
  { signal, onWait }: WaitOptions,
): Promise<T> {
  for (let isSaid = false; ; isSaid = true) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PatchmlError) || error.code !== 'output-in-use') throw error;
      if (!isSaid) onWait?.(error);
    }
    await setTimeout(POLL, undefined, { signal }).catch(() => undefined);
    throwIfAborted(signal, 'study');
  }
}
