import {
  chanceOfAveragePrecision,
  chanceOfCoverageError,
  chanceOfPrecisionRecall,
  chanceOfRankingLoss,
  chanceOfTopN,
  chanceOfVariableTopK,
  classMeanStatistic,
  labelCountHistogram,
  labelCounts,
  type LabelSet,
  type VariableTopKRule,
} from '../metrics/index.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { ChanceLevels } from './details.js';
import { listMetrics, type MetricName, readSubgroupName, type ScorecardBody } from './scorecard.js';

/** A set, as chance sees it. */
interface ChanceInput {
  labels: LabelSet;
  originals: EvaluationSet['originals'];
}

/**
 * The chance level of each metric of a scorecard: what a model scores on average that ranks classes at
 * random, over the same images. That of macro and micro mAP, which compare scores of different images,
 * is of a model whose scores are random too.
 */
export function chanceLevels(
  scored: Pick<ScorecardBody, 'metrics' | 'options'>,
  { labels, originals }: ChanceInput,
): ChanceLevels {
  const ofSet = new Set([...labels.classes, ...(originals ?? [])]);
  const at = (classes: number): ChanceLevels['all'] => {
    const levelOf = openLevels(
      { labels, originals },
      classes,
      scored.metrics.asma?.subgroups ?? [],
    );
    const levels = listMetrics(scored).map(([name]) => [name, levelOf(name)] as const);
    return { classes, metrics: Object.fromEntries(levels.filter(([, level]) => isFinite(level))) };
  };
  return { all: at(labels.classCount), set: at(Math.max(1, ofSet.size)) };
}

/** The chance level of any metric by its name; `NaN` where no image is in it. */
function openLevels(
  { labels, originals }: ChanceInput,
  classes: number,
  subgroups: readonly string[],
): (name: string) => number {
  const histogram = labelCountHistogram(labels);
  /** The mean over the images with labels. @param isIn of the image's number of labels */
  const mean = (of: (k: number) => number, isIn: (k: number) => boolean = () => true): number => {
    let [sum, images] = [0, 0];
    for (let k = 1; k < histogram.length; k += 1) {
      if (histogram[k] === 0 || !isIn(k)) continue;
      sum += histogram[k]! * of(k);
      images += histogram[k]!;
    }
    return sum / images;
  };
  const topK = (rule?: VariableTopKRule, isIn?: (k: number) => boolean): number =>
    mean((k) => chanceOfVariableTopK(k, classes, rule), isIn);
  const asma = (rule?: VariableTopKRule): number =>
    subgroups.reduce((sum, name) => sum + topK(rule, inSubgroup(name)), 0) / subgroups.length;
  const weighted = (rule?: VariableTopKRule): number =>
    topK(rule, (k) => subgroups.some((name) => inSubgroup(name)(k)));
  const at = (n: number, which: 'precision' | 'recall' | 'f1'): number =>
    mean((k) => chanceOfPrecisionRecall(k, classes, n)[which]);
  const precision = (): number => mean((k) => chanceOfAveragePrecision(k, classes));

  const levels: Record<MetricName, () => number> = {
    top1: () => chanceOfTopN(1, classes),
    top5: () => chanceOfTopN(5, classes),
    real: topK,
    realPerClass: () => classMean(labels, originals ?? [], classes),
    variableTopK: topK,
    variableTopKAny: () => topK('any'),
    exactMatch: () => topK('exact'),
    asma,
    asmaAny: () => asma('any'),
    asmaExact: () => asma('exact'),
    imageWeighted: weighted,
    imageWeightedAny: () => weighted('any'),
    imageWeightedExact: () => weighted('exact'),
    precisionAt1: () => at(1, 'precision'),
    recallAt1: () => at(1, 'recall'),
    f1At1: () => at(1, 'f1'),
    precisionAt5: () => at(5, 'precision'),
    recallAt5: () => at(5, 'recall'),
    f1At5: () => at(5, 'f1'),
    mapPerImage: precision,
    mapMacro: () => overImages(labels, classes).macro,
    mapMacroPresent: () => overImages(labels, classes).macroPresent,
    mapMicro: () => overImages(labels, classes).micro,
    coverageError: () => mean((k) => chanceOfCoverageError(k, classes)),
    lrap: precision,
    rankingLoss: () => mean((k) => chanceOfRankingLoss(k, classes)),
  };
  return (name) => {
    const subgroup = readSubgroupName(name);
    return subgroup
      ? topK(subgroup.rule, inSubgroup(subgroup.group))
      : levels[name as MetricName]();
  };
}

/** Whether images of k labels are in a subgroup: `A_2`, `A_>5`. */
function inSubgroup(name: string): (k: number) => boolean {
  const [, isOpen, number] = /^A_(>?)(\d+)$/.exec(name)!;
  return isOpen === '' ? (k) => k === Number(number) : (k) => k > Number(number);
}

function classMean(labels: LabelSet, originals: readonly number[], classes: number): number {
  const values = Float64Array.from(labelCounts(labels), (k) => (k === 0 ? NaN : k / classes));
  return classMeanStatistic(values, originals, labels.classCount).value();
}

/** Average precision over the images that have labels. */
function overImages(
  labels: LabelSet,
  classes: number,
): Record<'macro' | 'macroPresent' | 'micro', number> {
  const images = labelCounts(labels).filter((k) => k > 0).length;
  const valid = new Uint32Array(labels.classCount);
  for (const label of labels.classes) valid[label]! += 1;
  const present = valid.filter((count) => count > 0);
  const sum = present.reduce((all, count) => all + chanceOfAveragePrecision(count, images), 0);
  return {
    macro: sum / classes,
    macroPresent: sum / present.length,
    micro: chanceOfAveragePrecision(labels.classes.length, images * classes),
  };
}
