import { SingleBar } from 'cli-progress';
import type { Progress, Stage } from '../progress.js';

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
