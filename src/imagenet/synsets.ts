import { z } from 'zod';
import { requireInteger } from '../errors.js';
import { SYNSET_TABLE } from './synset-table.js';

/**
 * A WordNet id such as `n07753592`: any text is one, but what is known to be something else, such
 * as the path of a folder, is a type error.
 */
export type Wnid = string & { readonly kindOfText?: 'wnid' };
/** A {@link Wnid}. */
export const WNID = /^n\d{8}$/;
/**
 * Rank of a synset among the 1,000 of ILSVRC2012: 0 to 999. Any number is one, but what is known to
 * be another index is a type error.
 */
export type ClassIndex = number & { readonly kindOfIndex?: 'class' };

/** A {@link Wnid} in a file of patchml's own. */
export const wnidSchema: z.ZodType<Wnid> = z.string();
/** A {@link ClassIndex} in a file of patchml's own. */
export const classIndexSchema: z.ZodType<ClassIndex> = z.int().min(0).max(999);

const rows = SYNSET_TABLE.trim().split('\n');
const wnids: readonly Wnid[] = rows.map((row) => row.slice(0, 9));
const names: readonly string[] = uniqueNames(rows.map((row) => row.slice(10)));
const indexOf: ReadonlyMap<Wnid, ClassIndex> = new Map(wnids.map((wnid, index) => [wnid, index]));

/** The class index of a synset, or undefined if it is not one of the 1,000. */
export function classOf(wnid: Wnid): ClassIndex | undefined {
  return indexOf.get(wnid);
}

/**
 * The name shown for a class, different for every class: `banana`, `crane (134)`.
 * @throws MetricsError `metrics-out-of-range`
 */
export function classNameOf(index: ClassIndex): string {
  requireInteger('a class index', index, 0, names.length - 1);
  return names[index]!;
}

/** The names shown for all 1,000 classes, in class-index order. */
export function classNames(): readonly string[] {
  return names;
}

/** What each class index stands for, all 1,000 in their order. */
export function classTable(): { class: ClassIndex; wnid: Wnid; name: string }[] {
  return wnids.map((wnid, index) => ({ class: index, wnid, name: names[index]! }));
}

function uniqueNames(shared: string[]): string[] {
  const uses = new Map<string, number>();
  for (const name of shared) uses.set(name, (uses.get(name) ?? 0) + 1);
  return shared.map((name, index) => (uses.get(name)! > 1 ? `${name} (${index})` : name));
}
