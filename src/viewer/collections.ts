import { messageOf, PatchmlError } from '../errors.js';
import { classTable } from '../imagenet/synsets.js';
import type { StageOptions } from '../progress.js';
import type {
  Difference,
  ImageDetail,
  ModelResults,
  Overview,
  SetIndex,
  SetSummary,
  Versus,
} from './answers.js';
import { listAt } from './columns.js';
import { findViewable, type FoundFolder } from './given-paths.js';
import {
  alignScores,
  isOfSet,
  openFoundScores,
  type OpenedScores,
  setOfScores,
} from './viewed-models.js';
import { openViewedSet, type ViewedSet } from './viewed-set.js';

/** All that is viewed, by the names that it has in addresses. */
export interface Collections {
  overview: Overview;
  sets: ReadonlyMap<string, ViewedSet>;
  close: () => void;
}

/**
 * Opens everything at and below some paths, and puts scores to the sets that they are of. What is
 * named itself must be in order; what is broken below a named folder is a problem in the overview.
 * @throws PatchmlError where a path has nothing to view, or is broken; AbortedError
 */
export async function openCollections(
  paths: readonly string[],
  options: StageOptions,
): Promise<Collections> {
  const problems: Overview['problems'] = [];
  const sets: ViewedSet[] = [];
  const scores: OpenedScores[] = [];
  let firstError: unknown;
  for (const found of await findAll(paths)) {
    try {
      if (found.kind === 'scores') scores.push(await openFoundScores(found));
      else sets.push(await openViewedSet(found, options));
    } catch (error) {
      const isFine = error instanceof PatchmlError && error.code !== 'aborted' && !found.isGiven;
      if (!isFine) {
        for (const set of sets) set.close();
        throw error;
      }
      firstError ??= error;
      problems.push({ path: found.path, message: messageOf(error) });
    }
  }
  if (sets.length + scores.length === 0) throw firstError;
  for (const opened of scores) addScores(sets, opened, problems);
  return withKeys(sets, problems);
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

function addScores(sets: ViewedSet[], opened: OpenedScores, problems: Overview['problems']): void {
  try {
    const ofSet = sets.filter((set) => isOfSet(opened, set));
    if (ofSet.length === 0) {
      const set = setOfScores(opened);
      sets.push(set);
      ofSet.push(set);
    }
    for (const set of ofSet) set.models.push(alignScores(opened, set));
  } catch (error) {
    problems.push({ path: opened.path, message: messageOf(error) });
  }
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
    close: () => {
      for (const set of sets) set.close();
    },
  };
}

/** A name for addresses, of letters, digits, `.`, `_` and `-`. */
function freeKey(name: string, taken: ReadonlyMap<string, unknown>): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 100);
  let key = plain;
  for (let number = 2; taken.has(key); number += 1) key = `${plain}-${number}`;
  return key;
}

/** What the gallery filters a set by. */
export function indexOf({ columns }: ViewedSet): SetIndex {
  const { ids, k, labels, sourceNames, sources } = columns;
  return { ids, k, labels, sourceNames, sources };
}

/** How one of a set's models did; undefined where it has no such model. */
export function resultsOf(set: ViewedSet, model: number): ModelResults | undefined {
  const found = set.models[model];
  return found && { found: found.found, of: found.of };
}

/** Everything about one image. @param keys of the set's models, in their order */
export function detailOf(set: ViewedSet, image: number, keys: readonly string[]): ImageDetail {
  const { columns, models } = set;
  const file = set.fileOf(image);
  return {
    id: columns.ids[image]!,
    k: columns.k[image]!,
    ...(file === undefined ? {} : { file }),
    labels: listAt(columns.labels, image),
    objects: columns.objectsOf(image),
    rankings: models.map((model, at) => ({
      model: keys[at]!,
      ...model.rankingOf(image),
      found: model.found[image]!,
      of: model.of[image]!,
    })),
  };
}

/** Compares the images of two sets by their ids. */
export function compareVersions(first: ViewedSet, second: ViewedSet): Versus {
  const placeOf = new Map(second.columns.ids.map((id, place) => [id, place]));
  const places = first.columns.ids.map((id) => placeOf.get(id) ?? -1);
  return {
    places,
    differences: places.map((place, image) => differenceOf(first, image, second, place)),
    onlySecond: placeOf.size - places.filter((place) => place >= 0).length,
  };
}

function differenceOf(a: ViewedSet, image: number, b: ViewedSet, place: number): Difference {
  if (place === -1) return 'missing';
  const [labels, others] = [listAt(a.columns.labels, image), listAt(b.columns.labels, place)];
  if (labels.join() !== others.join()) return 'labels';
  return a.columns.pixels[image] === b.columns.pixels[place] ? 'none' : 'pixels';
}
