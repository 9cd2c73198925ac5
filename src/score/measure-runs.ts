import { EvaluationError } from '../errors.js';
import type { PerImage, Statistic } from '../metrics/index.js';
import { throwIfAborted } from '../progress.js';
import {
  COMPARED_METRICS,
  statisticsOf,
  type ComparedMetric,
  type ComparedWith,
  type CompareOptions,
  type ScoreRun,
} from './compared.js';
import { resampleStatistics } from './resample.js';

/** A metric of one model, on the set and on each resample of it. */
interface MeasuredMetric {
  estimate: number;
  /** Images in it. */
  n: number;
  distribution: Float64Array;
}

/** A model, measured. */
export interface MeasuredRun {
  metrics: Partial<Record<ComparedMetric, MeasuredMetric>>;
  /** Which images it is right on: top-1, or ReaL where there are no originals. */
  right: PerImage;
}

/** Models whose images are in memory at a time. */
const BLOCK = 16;

/**
 * Takes the metrics of models on the same resamples of their common set: those of the bootstrap
 * that `pairedBootstrap` makes, but drawn once for many models.
 *
 * @throws EvaluationError `compare-other-images`
 */
export async function measureRuns(
  runs: readonly ScoreRun[],
  { seed, resamples, maxGroup }: ComparedWith,
  { signal, onProgress }: CompareOptions,
): Promise<MeasuredRun[]> {
  const measured: MeasuredRun[] = [];
  let ids: string | undefined;
  for (let start = 0; start < runs.length; start += BLOCK) {
    const block: Measurable[] = [];
    for (const run of runs.slice(start, start + BLOCK)) {
      throwIfAborted(signal, 'compare');
      const perImage = await run.perImage();
      ids ??= perImage.ids.join('\n');
      if (perImage.ids.join('\n') !== ids) throw otherImages(run, runs[0]!);
      const hasOriginals = run.scorecard.metrics.top1 !== undefined;
      block.push({
        statistics: statisticsOf(run.scorecard, perImage, maxGroup),
        right: hasOriginals ? perImage.top1 : perImage.real,
      });
    }
    const distributions = await resampleStatistics(flatten(block), {
      seed: `${seed}/bootstrap`,
      resamples,
      signal,
      stage: 'compare',
    });
    measured.push(...block.map((one, at) => toMeasured(one, at, distributions)));
    onProgress?.({ stage: 'compare', done: measured.length, total: runs.length, unit: 'models' });
  }
  return measured;
}

interface Measurable {
  statistics: Partial<Record<ComparedMetric, Statistic>>;
  right: PerImage;
}

function flatten(block: readonly Measurable[]): Record<string, Statistic> {
  return Object.fromEntries(
    block.flatMap(({ statistics }, at) =>
      Object.entries(statistics).map(([name, statistic]) => [`${at}/${name}`, statistic] as const),
    ),
  );
}

function toMeasured(
  { statistics, right }: Measurable,
  at: number,
  distributions: Readonly<Record<string, Float64Array>>,
): MeasuredRun {
  const metrics: MeasuredRun['metrics'] = {};
  for (const name of COMPARED_METRICS) {
    const statistic = statistics[name];
    if (!statistic) continue;
    const distribution = distributions[`${at}/${name}`]!;
    metrics[name] = { estimate: statistic.value(), n: statistic.included, distribution };
  }
  return { metrics, right };
}

function otherImages(run: ScoreRun, first: ScoreRun): EvaluationError {
  return new EvaluationError(`these are scores of other images than those of ${first.folder}`, {
    code: 'compare-other-images',
    path: run.folder,
    fix: 'score both on the same set',
  });
}
