import { SingleBar } from 'cli-progress';
import { AbortedError, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import type { Progress, Stage } from '../progress.js';

/** Exit codes: 1 for what went wrong, 2 for a command that was not understood, 130 for Ctrl-C. */
const [FAILED, MISUSED, INTERRUPTED] = [1, 2, 130];

/** Prints one line on what went wrong, or with --verbose the stack, and sets the exit code. */
export function exitWithError(error: unknown): void {
  const problem = explainError(error);
  const isVerbose = process.argv.includes('--verbose');
  if (!(problem instanceof Error)) {
    console.error(`patchml: ${String(problem)}`);
    process.exitCode = FAILED;
  } else if (isMisuse(problem)) {
    console.error(`patchml: ${problem.message.replace(/\.?\s*\n\s*/g, ' ')}; see patchml --help`);
    process.exitCode = MISUSED;
  } else {
    const hint = problem instanceof PatchmlError ? '' : ' (unexpected: --verbose shows where)';
    console.error(`patchml: ${isVerbose ? problem.stack! : `${problem.message}${hint}`}`);
    process.exitCode = problem instanceof AbortedError ? INTERRUPTED : FAILED;
  }
}

function isMisuse(error: Error): boolean {
  return error instanceof UsageError;
}

/** A flag with a value it cannot have. */
export class UsageError extends Error {}

/**
 * Runs work with a signal that Ctrl-C (or SIGTERM) sets; the work then stops at its next piece. A
 * second Ctrl-C ends the process at once, which loses nothing that was finished either.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Stages shorter than this show nothing, ms. */
const PATIENCE = 1000;
/** Where the output is no terminal, a line this often, ms. */
const LINE_EVERY = 10_000;

/** Shows the progress of stages on standard error: bars on a terminal, else plain lines. */
export interface ProgressDisplay {
  show: (progress: Progress) => void;
  /** Ends what is shown, so that the next line starts clean. */
  stop: () => void;
}

export function showProgress({ quiet }: { quiet: boolean }): ProgressDisplay {
  if (quiet) return { show: () => undefined, stop: () => undefined };
  return process.stderr.isTTY ? bars() : lines();
}

function bars(): ProgressDisplay {
  const timer = stageTimer();
  let bar: SingleBar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    show(progress) {
      const { isNew, seconds, first } = timer(progress);
      if (isNew) stop();
      if (!bar && (seconds * 1000 < PATIENCE || progress.done >= progress.total)) return;
      const payload = {
        stage: progress.stage.padEnd(8),
        unit: progress.unit,
        rate: rateOf(progress, first, seconds),
      };
      if (!bar) {
        bar = new SingleBar({
          format: '{stage} {bar} {value}/{total} {unit}  {rate} {unit}/s  {eta_formatted} left',
          barsize: 24,
          hideCursor: true,
          etaBuffer: 50,
          stream: process.stderr,
        });
        bar.start(progress.total, progress.done, payload);
      }
      bar.setTotal(progress.total);
      bar.update(progress.done, payload);
    },
  };
}

function lines(): ProgressDisplay {
  const timer = stageTimer();
  let said = 0;
  return {
    stop: () => undefined,
    show(progress) {
      const { isNew, seconds, first } = timer(progress);
      if (isNew) said = 0;
      const { stage, done, total, unit } = progress;
      const isDue = seconds * 1000 - said >= (said === 0 ? PATIENCE : LINE_EVERY);
      const isEnd = said > 0 && done >= total;
      if (!isDue && !isEnd) return;
      said = seconds * 1000;
      const rate = rateOf(progress, first, seconds);
      const left = rate > 0 && total > done ? `, ${Math.ceil((total - done) / rate)} s left` : '';
      console.error(`${stage}: ${done}/${total || '?'} ${unit}, ${rate} ${unit}/s${left}`);
    },
  };
}

/** Times stages: seconds since a stage's first step, and what was done before it. */
function stageTimer(): (progress: Progress) => { isNew: boolean; seconds: number; first: number } {
  let stage: Stage | undefined;
  let start = 0;
  let first = 0;
  return (progress) => {
    const isNew = progress.stage !== stage;
    if (isNew) {
      stage = progress.stage;
      start = performance.now();
      first = progress.done;
    }
    return { isNew, seconds: (performance.now() - start) / 1000, first };
  };
}

function rateOf({ done }: Progress, first: number, seconds: number): number {
  return seconds > 0 ? Math.round((done - first) / seconds) : 0;
}
