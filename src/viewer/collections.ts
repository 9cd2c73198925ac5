import { messageOf, PatchmlError } from '../errors.js';
import { classTable } from '../imagenet/synsets.js';
import type { StageOptions } from '../progress.js';
import type { EvaluationSetInput } from '../sets/open-set.js';
import type { Difference, ModelResults, Overview, Ranking, SetSummary, Versus } from './answers.js';
import { findViewable, type FoundFolder } from './given-paths.js';
import {
  type FoundScores,
  isOfSet,
  openFoundScores,
  setOfScores,
  toViewedModel,
} from './viewed-models.js';
import { openViewedImages, openViewedSet, type ViewedModel, type ViewedSet } from './viewed-set.js';

/** All that is viewed, by the names that it has in addresses. */
export interface Collections {
  overview: Overview;
  sets: ReadonlyMap<string, ViewedSet>;
  close: () => Promise<void>;
}

/**
 * Opens everything at and below some paths, and some sets of images, and puts scores to the sets
 * that they are of. What is named itself must be in order; what is broken below a named folder is a
 * problem in the overview.
 * @throws PatchmlError where a path has nothing to view, or is broken; AbortedError
 */
export async function openCollections(
  paths: readonly string[],
  given: readonly EvaluationSetInput[],
  options: StageOptions,
): Promise<Collections> {
  const problems: Overview['problems'] = [];
  const sets: ViewedSet[] = [];
  const scores: { found: FoundFolder; opened: FoundScores }[] = [];
  let firstError: unknown;
  /** Does what may fail for one folder without the others. */
  const attempt = async ({ path, isGiven }: FoundFolder, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (isGiven || !(error instanceof PatchmlError) || error.code === 'aborted') throw error;
      firstError ??= error;
      problems.push({ path, message: messageOf(error) });
    }
  };
  try {
    for (const input of given) sets.push(await openViewedImages(input));
    for (const found of await findAll(paths)) {
      await attempt(found, async () => {
        if (found.kind !== 'scores') sets.push(await openViewedSet(found, options));
        else scores.push({ found, opened: await openFoundScores(found) });
      });
    }
    for (const { found, opened } of distinct(scores)) {
      await attempt(found, () => addScores(sets, opened));
    }
    if (sets.length === 0) throw firstError;
  } catch (error) {
    await closeAll(sets);
    throw error;
  }
  return withKeys(sets, problems);
}

/** A study keeps copies of its scores: each once. */
function distinct<Scores extends { opened: FoundScores }>(scores: readonly Scores[]): Scores[] {
  const byContent = new Map<string, Scores>();
  for (const each of scores) {
    const { model, set, imagesSha256 } = each.opened.scorecard;
    const content = JSON.stringify([model.name, set.digest, imagesSha256]);
    if (!byContent.has(content)) byContent.set(content, each);
  }
  return [...byContent.values()];
}

async function closeAll(sets: readonly ViewedSet[]): Promise<void> {
  await Promise.all(sets.map((set) => set.close()));
}

async function findAll(paths: readonly string[]): Promise<FoundFolder[]> {
  const byPlace = new Map<string, FoundFolder>();
  for (const path of paths) {
    for (const found of await findViewable(path)) {
      const place = await found.within(found.path);
      const known = byPlace.get(place);
      if (!known || found.isGiven) byPlace.set(place, found);
    }
  }
  return [...byPlace.values()];
}

async function addScores(sets: ViewedSet[], scores: FoundScores): Promise<void> {
  const ofSet: ViewedSet[] = [];
  for (const set of sets) if (await isOfSet(scores, set)) ofSet.push(set);
  if (ofSet.length === 0) {
    const set = await setOfScores(scores);
    sets.push(set);
    ofSet.push(set);
  }
  for (const set of ofSet) set.models.push(toViewedModel(scores, set));
}

function withKeys(sets: readonly ViewedSet[], problems: Overview['problems']): Collections {
  const byKey = new Map<string, ViewedSet>();
  const summaries = sets.map((set): SetSummary => {
    const key = freeKey(`${set.summary.title} ${set.summary.digest.slice(0, 8)}`, byKey);
    byKey.set(key, set);
    const models = new Map<string, unknown>();
    for (const { summary } of set.models) models.set(freeKey(summary.name, models), summary);
    const keys = [...models.keys()];
    return {
      ...set.summary,
      key,
      models: set.models.map(({ summary }, at) => ({ ...summary, key: keys[at]! })),
    };
  });
  const classes = classTable().map(({ wnid, name }) => ({ wnid, name }));
  return {
    overview: { sets: summaries, problems, classes },
    sets: byKey,
    close: () => closeAll(sets),
  };
}

/** A name for addresses, of letters, digits, `.`, `_` and `-`. */
function freeKey(name: string, taken: ReadonlyMap<string, unknown>): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 100);
  let key = plain;
  for (let number = 2; taken.has(key); number += 1) key = `${plain}-${number}`;
  return key;
}

/** How one of a set's models did. @throws PatchmlError where its scores are damaged */
export async function resultsOf(model: ViewedModel): Promise<ModelResults> {
  const { found, of } = await model.load();
  return { found: [...found], of: [...of] };
}

/** What a model ranks on top in one image. @throws as {@link resultsOf} */
export async function rankingOf(model: ViewedModel, image: number): Promise<Ranking> {
  const { found, of, rankingOf } = await model.load();
  return { ...rankingOf(image), found: found[image]!, of: of[image]! };
}

/** Compares the images of two sets by their ids. */
export function compareVersions(first: ViewedSet, second: ViewedSet): Versus {
  const placeOf = new Map<string, number>();
  for (const id of second.columns.ids()) placeOf.set(id, placeOf.size);
  const places = Array.from(first.columns.ids(), (id) => placeOf.get(id) ?? -1);
  return {
    places,
    differences: places.map((place, image) => differenceOf(first, image, second, place)),
    onlySecond: placeOf.size - places.filter((place) => place >= 0).length,
  };
}

function differenceOf(a: ViewedSet, image: number, b: ViewedSet, place: number): Difference {
  if (place === -1) return 'missing';
  const [labels, others] = [a.columns.labelsOf(image), b.columns.labelsOf(place)];
  if (labels.join() !== others.join()) return 'labels';
  return a.columns.pixelsOf(image) === b.columns.pixelsOf(place) ? 'none' : 'pixels';
}
