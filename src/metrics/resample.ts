import { requireInteger, requireSameImages } from '../errors.js';
import { letSignalIn, type Stage, type StageOptions } from '../progress.js';
import { countDraws } from '../random.js';
import type { Subgroup } from './asma.js';
import { type GroupedValue, GroupMeans, meanOfMeans, type ResampleCounts } from './group-means.js';
import type { Statistic } from './statistic.js';

/** A statistic, on the images as they are and on each resample of them. */
export interface Resampled {
  readonly estimate: number;
  /** Images that the statistic is about. */
  readonly images: number;
  /** One value per resample; `NaN` where it drew none of the statistic's images. */
  readonly distribution: Float64Array;
}

/** How to draw resamples. */
export interface ResampleOptions extends Pick<StageOptions, 'signal'> {
  resamples: number;
  /** What an `AbortedError` names. */
  stage: Stage;
}

/** Statistics by name, some of which may be absent. */
export type Statistics = Readonly<Partial<Record<string, Statistic>>>;

/**
 * Takes the statistics of several models on the same resamples of their common images. The event
 * loop runs on while this works, and a signal stops it.
 *
 * Statistics with strata are taken on resamples within these, those with clusters on resamples of
 * these, the others on resamples of all images.
 * A stratum's draws depend on its name and size, not on which others there are.
 *
 * @param draws what the draws are for, such as `42/bootstrap`; names them with the resample's number
 * @throws MetricsError `metrics-count-mismatch` when the statistics are not of the same images
 * @throws AbortedError
 */
export async function resample<S extends Statistics>(
  models: readonly S[],
  draws: string,
  { resamples, signal, stage }: ResampleOptions,
): Promise<{ [K in keyof S]: Resampled }[]> {
  const images = commonImages(models);
  requireInteger('resamples', resamples, 1);
  const designs: Design[] = [];
  const resampled = models.map((statistics) =>
    mapValues(statistics as Readonly<Record<string, Statistic>>, (statistic) => ({
      statistic,
      value: onResamples(statistic, designOf(statistic, images, designs)),
      distribution: new Float64Array(resamples),
    })),
  );
  const all = resampled.flatMap((statistics) => Object.values(statistics));
  let until = performance.now() + SLICE;
  for (let at = 0; at < resamples; at += 1) {
    for (const design of designs) {
      if (at % 2 === 0) drawTwo(design, draws, at);
      design.counts = design.drawn[at % 2]!;
      design.means.take(design.counts);
    }
    for (const { value, distribution } of all) distribution[at] = value();
    if (performance.now() < until && at < resamples - 1) continue;
    await letSignalIn(signal, stage);
    until = performance.now() + SLICE;
  }
  return resampled.map((statistics) =>
    mapValues(statistics, ({ statistic, distribution }) => ({
      estimate: statistic.value(),
      images: statistic.included,
      distribution,
    })),
  ) as { [K in keyof S]: Resampled }[];
}

/** The number of images of the set that all statistics are of; 0 when there are none. */
function commonImages(models: readonly Statistics[]): number {
  const named = models.flatMap((statistics) => Object.entries(statistics));
  const images = named[0]?.[1]?.images ?? 0;
  for (const [name, statistic] of named) {
    if (statistic) requireSameImages(`the statistic "${name}"`, statistic.images, images);
  }
  return images;
}

/** After so many milliseconds the event loop gets its turn. */
const SLICE = 10;

/** One way to draw images: all together, or within strata. */
interface Design {
  /** Of each image, in the two resamples drawn last. */
  drawn: TwoCounts;
  /** Of the one that statistics are taken on. */
  counts: ResampleCounts;
  /** Undefined where all images are drawn together. */
  strata: Stratum[] | undefined;
  /** The cluster of each image; undefined where each is drawn by itself. */
  clusters: Clusters | undefined;
  /** Of the groups that statistics are means of, on the resample of `counts`. */
  means: GroupMeans;
}

type TwoCounts = readonly [ResampleCounts, ResampleCounts];

/** Images drawn by themselves, and how often each was. */
interface Stratum extends Subgroup {
  drawn: TwoCounts;
}

/** The cluster of each image, and how often each cluster was drawn. */
interface Clusters {
  of: Uint32Array;
  drawn: TwoCounts;
}

/** A statistic's value on the resample of the design's counts. */
function onResamples({ value }: Statistic, design: Design): () => number {
  const { groups } = value as Partial<GroupedValue>;
  if (!groups) return () => value(design.counts);
  const each = groups.map((group) => design.means.add(group));
  return () => meanOfMeans(each.map((mean) => mean()));
}

/** The design of a statistic among those there are; statistics of the same strata share one. */
function designOf({ strata, clusters }: Statistic, images: number, designs: Design[]): Design {
  const found = designs.find((design) => {
    if (clusters) return design.clusters !== undefined && isSame(clusters, design.clusters.of);
    if (design.clusters) return false;
    return strata === undefined
      ? design.strata === undefined
      : design.strata && fits(strata, design);
  });
  const design = found ?? newDesign(strata && [], clusters, images);
  if (!found) designs.push(design);
  for (const { group, members } of strata ?? []) {
    if (design.strata!.some((other) => other.group === group)) continue;
    design.strata!.push({ group, members, drawn: newCounts(members.length) });
  }
  return design;
}

function newDesign(
  strata: Stratum[] | undefined,
  of: Uint32Array | undefined,
  images: number,
): Design {
  const drawn = newCounts(images);
  const count = of?.reduce((most, each) => Math.max(most, each + 1), 0) ?? 0;
  const clusters = of && { of, drawn: newCounts(count) };
  return { drawn, counts: drawn[0], strata, clusters, means: new GroupMeans(images) };
}

function newCounts(length: number): TwoCounts {
  return [new Uint16Array(length), new Uint16Array(length)];
}

/** Whether each stratum is one of the design's, or of images that are in none of it. */
function fits(strata: readonly Subgroup[], design: Design): boolean {
  return strata.every(({ group, members }) => {
    const known = design.strata!.find((other) => other.group === group);
    if (known) return isSame(known.members, members);
    const taken = new Set(design.strata!.flatMap((other) => Array.from(other.members)));
    return members.every((image) => !taken.has(image));
  });
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  return a === b || (a.length === b.length && a.every((image, at) => image === b[at]));
}

/** Draws a resample and the next: as many images as there are, of each stratum as many as it has. */
function drawTwo({ drawn, strata, clusters }: Design, draws: string, at: number): void {
  if (clusters) {
    countDraws(resampleNames(draws, at, '/clusters'), clusters.drawn);
    for (const which of [0, 1] as const) spread(drawn[which], clusters.drawn[which], clusters.of);
  } else if (!strata) countDraws(resampleNames(draws, at), drawn);
  for (const { group, members, drawn: own } of strata ?? []) {
    countDraws(resampleNames(draws, at, `/k=${group}`), own);
    for (const which of [0, 1] as const) place(drawn[which], own[which], members);
  }
}

/** What the draws of a resample and of the next are named. */
function resampleNames(draws: string, at: number, suffix = ''): [string, string] {
  return [`${draws}/resample=${at}${suffix}`, `${draws}/resample=${at + 1}${suffix}`];
}

/** Gives each image the count of its cluster. */
function spread(counts: ResampleCounts, drawn: ResampleCounts, clusters: Uint32Array): void {
  for (let image = 0; image < counts.length; image += 1) counts[image] = drawn[clusters[image]!]!;
}

/** Gives each member of a stratum its count. */
function place(counts: ResampleCounts, drawn: ResampleCounts, members: Uint32Array): void {
  for (let at = 0; at < members.length; at += 1) counts[members[at]!] = drawn[at]!;
}

/**
 * The values of several statistics of one evaluation set on the same resamples, which are taken as
 * they are: draw them within the strata where a statistic has some.
 *
 * @param resamples as {@link resampleCounts} yields them
 * @returns for each statistic one value per resample, in order; `NaN` where a resample drew none of the
 *   images that the statistic is about
 * @throws MetricsError `metrics-count-mismatch` for resamples of another number of images
 */
export function bootstrapDistribution<K extends string>(
  statistics: Readonly<Record<K, Statistic>>,
  resamples: Iterable<ResampleCounts>,
): Record<K, Float64Array> {
  const values = mapValues(statistics, (): number[] => []);
  for (const counts of resamples) {
    mapValues(statistics, ({ images, value }, name) => {
      requireSameImages(`a resample for "${name}"`, counts.length, images);
      return values[name].push(value(counts));
    });
  }
  return mapValues(values, (each) => Float64Array.from(each));
}

/**
 * Bootstrap resamples of a set of images: each draws as many images as there are, with replacement.
 * Resample r depends on the seed and r alone, so that 1,000 resamples begin with the same 100.
 *
 * Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 6.
 *
 * @param images 0 or more
 * @param seed what the draws are for, such as `"42/bootstrap"`
 * @param resamples 1 or more
 * @yields the counts of one resample, in an array that later ones overwrite
 * @throws MetricsError `metrics-out-of-range`
 */
export function* resampleCounts(
  images: number,
  seed: string,
  resamples: number,
): Generator<ResampleCounts, void, undefined> {
  requireInteger('images', images, 0);
  requireInteger('resamples', resamples, 1);
  const drawn = newCounts(images);
  for (let at = 0; at < resamples; at += 1) {
    if (at % 2 === 0) countDraws(resampleNames(seed, at), drawn);
    yield drawn[at % 2]!;
  }
}

/** The same names with other values. */
export function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  change: (value: A, name: K) => B,
): Record<K, B> {
  const names = Object.keys(record) as K[];
  return Object.fromEntries(names.map((name) => [name, change(record[name], name)])) as Record<
    K,
    B
  >;
}
