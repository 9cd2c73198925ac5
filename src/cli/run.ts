import { AbortedError, PatchmlError, printable } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import type { Progress, StageOptions } from '../progress.js';

/** Exit codes: a problem found or a failure, a command that was not understood, Ctrl-C. */
const [FAILED, MISUSED, INTERRUPTED] = [1, 2, 130];

/** What a command's work is given. */
export interface Tools extends Required<Pick<StageOptions, 'signal' | 'onProgress'>> {
  signal: AbortSignal;
  /** Prints a line on standard error, unless --quiet. */
  note: (line: string) => void;
}

/** What a command's work ends in. */
export interface Outcome {
  /** What --json prints. */
  result?: unknown;
  /** What is printed without --json, unless --quiet. */
  text?: string;
  /** A result of any length, printed line by line instead of the two above. */
  lines?: AsyncIterable<string>;
  /** What is wrong with the input, a line each: on standard error, or with --json in the result. */
  problems?: readonly string[];
  /** Whether the exit code is 1. Default: where there are problems. */
  isFailed?: boolean;
}

/**
 * Makes a command's handler of its work: shows the progress, stops at Ctrl-C or SIGTERM, prints the
 * outcome as --json and --quiet ask, and sets the exit code. Errors are left to `exitWithError`.
 */
export function run<F>(
  work: (flags: F, tools: Tools) => Promise<Outcome>,
): (flags: F & { json?: boolean; quiet?: boolean }) => Promise<void> {
  return async (flags) => {
    const isQuiet = flags.quiet ?? false;
    const display = isQuiet ? SILENT : await showProgress();
    const note = (line: string): void => {
      if (isQuiet) return;
      display.stop();
      console.error(printable(line, MAX_LINE));
    };
    const outcome = await interruptible((signal) =>
      work(flags, { signal, onProgress: display.show, note }),
    ).finally(display.stop);
    const { lines, problems = [], isFailed = problems.length > 0 } = outcome;
    if (lines) for await (const line of lines) await print(line);
    else if (flags.json) await print(JSON.stringify(outcome.result, null, 2));
    else {
      if (!isQuiet && outcome.text !== undefined) await print(outcome.text);
      for (const problem of problems) console.error(printable(problem, MAX_LINE));
    }
    if (isFailed) process.exitCode = FAILED;
  };
}

/**
 * Prints text and a line end on standard output. Where the reader has closed the pipe (`patchml
 * ... | head`), nothing is written and no error is thrown.
 * @throws OutputError where it cannot be written, as on a full disk
 */
export async function print(text: string): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    // Without a listener the stream's `error` event, which follows, would end the process.
    process.stdout.once('error', resolve).write(`${text}\n`, (error) => {
      if (!error) process.stdout.off('error', resolve);
      resolve(error);
    });
  });
  if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') {
    throw explainError(error, 'standard output');
  }
}

/** Characters of a line on standard error: all that a {@link PatchmlError} says. */
const MAX_LINE = 2000;

/** A command line that cannot be carried out as it is written. */
export class UsageError extends Error {}

/**
 * Prints one line on what went wrong, or with --verbose the stack, and sets the exit code.
 * @param command whose help a wrong usage refers to
 */
export function exitWithError(error: unknown, command: string): void {
  const problem = explainError(error);
  const isVerbose = process.argv.includes('--verbose');
  if (!(problem instanceof Error)) {
    console.error(`patchml: ${String(problem)}`);
    process.exitCode = FAILED;
  } else if (problem instanceof UsageError) {
    const words = problem.message.replace(/\s*\n\s*/g, ' ').replace(/\.$/, '');
    const message = printable(words, MAX_LINE);
    console.error(`patchml: ${message}${message.endsWith('?') ? '' : `; see ${command} --help`}`);
    process.exitCode = MISUSED;
  } else {
    const hint =
      problem instanceof PatchmlError ? '' : ' (unexpected error: --verbose shows the stack trace)';
    console.error(
      `patchml: ${isVerbose ? problem.stack! : `${printable(problem.message, MAX_LINE)}${hint}`}`,
    );
    process.exitCode = problem instanceof AbortedError ? INTERRUPTED : FAILED;
  }
}

/**
 * Runs work with a signal that Ctrl-C (or SIGTERM) sets; the work then stops at its next piece. A
 * second Ctrl-C ends the process at once, which loses nothing that was finished either.
 */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
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
/** At most one line in so long is printed where the output is not a terminal, ms. */
const LINE_EVERY = 10_000;

/** Shows the progress of stages on standard error. */
interface ProgressDisplay {
  show: (progress: Progress) => void;
  /** Ends what is shown, so that the next line starts clean. */
  stop: () => void;
}

const SILENT: ProgressDisplay = { show: () => undefined, stop: () => undefined };

/** One line that is kept up to date on a terminal, plain lines elsewhere. */
async function showProgress(): Promise<ProgressDisplay> {
  return process.stderr.isTTY ? bars() : lines();
}

async function bars(): Promise<ProgressDisplay> {
  const { SingleBar } = await import('cli-progress');
  const timer = stageTimer();
  let bar: InstanceType<typeof SingleBar> | undefined;
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
        stage: shorten(nameOf(progress)).padEnd(8),
        unit: progress.unit,
        speed: speedText(rateOf(progress, first, seconds), progress.unit),
      };
      if (!bar) {
        bar = new SingleBar({
          format: '{stage} {bar} {value}/{total} {unit}  {speed}  {eta_formatted} left',
          barsize: 12,
          hideCursor: true,
          clearOnComplete: true,
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

/** So that the line fits 80 columns. */
function shorten(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

function lines(): ProgressDisplay {
  const timer = stageTimer();
  // As if a line had been printed: the first one comes after the patience.
  let said = performance.now() + PATIENCE - LINE_EVERY;
  return {
    stop: () => undefined,
    show(progress) {
      const { seconds, first } = timer(progress);
      const { done, total, unit } = progress;
      const isShort = seconds * 1000 < PATIENCE || (total > 0 && done >= total);
      if (isShort || performance.now() - said < LINE_EVERY) return;
      said = performance.now();
      const rate = rateOf(progress, first, seconds);
      const left = rate > 0 && total > done ? `, ${Math.ceil((total - done) / rate)} s left` : '';
      console.error(
        `${nameOf(progress)}: ${done}/${total || '?'} ${unit}, ${speedText(rate, unit)}${left}`,
      );
    },
  };
}

/** `predict resnet50`, `extract`. */
function nameOf({ stage, step }: Progress): string {
  return step === undefined ? stage : `${stage} ${step}`;
}

/** Times stages: seconds since a stage's first step, and what was done before it. */
function stageTimer(): (progress: Progress) => { isNew: boolean; seconds: number; first: number } {
  let name: string | undefined;
  let start = 0;
  let first = 0;
  return (progress) => {
    const isNew = nameOf(progress) !== name;
    if (isNew) {
      name = nameOf(progress);
      start = performance.now();
      first = progress.done;
    }
    return { isNew, seconds: (performance.now() - start) / 1000, first };
  };
}

function rateOf({ done }: Progress, first: number, seconds: number): number {
  return seconds > 0 ? (done - first) / seconds : 0;
}

/** `312 images/s`; what takes longer than a second, a minute: `12 models/min`. */
function speedText(rate: number, unit: string): string {
  return rate >= 1 ? `${Math.round(rate)} ${unit}/s` : `${Math.round(rate * 60)} ${unit}/min`;
}

/** Keeps the AWS SDK from printing a warning about old versions of Node.js among our lines. */
export function silenceSdk(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}
