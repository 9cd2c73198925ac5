import type { Stream } from '../random.js';
import type { Recipe } from '../recipe/schema.js';
import type { PatchRow } from './pool.js';

/** The patches that may still be drawn, as positions in the pool. */
export interface Supply {
  /** Draws one at random without taking it; undefined when none is left. */
  draw(stream: Stream): number | undefined;
  /** Takes one away for good. */
  take(patch: number): void;
  /** Every patch left, grouped as `draw` draws: one group, or one per class. */
  groups(): readonly (readonly number[])[];
}

/** A supply that draws every patch evenly, or every class evenly and then its patches. */
export function openSupply(patches: readonly PatchRow[], balance: 'patches' | 'classes'): Supply {
  const keyOf = (patch: number): number => (balance === 'classes' ? patches[patch]!.class : 0);
  const groupOf = new Map<number, number[]>();
  const position = new Int32Array(patches.length);
  for (let patch = 0; patch < patches.length; patch += 1) {
    const group = groupOf.get(keyOf(patch)) ?? [];
    position[patch] = group.length;
    group.push(patch);
    groupOf.set(keyOf(patch), group);
  }
  let groups = [...groupOf.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
  return {
    draw(stream) {
      if (groups.length === 0) return undefined;
      const group = groups.length === 1 ? groups[0]! : groups[stream.int(groups.length)]!;
      return group[stream.int(group.length)];
    },
    take(patch) {
      const group = groupOf.get(keyOf(patch))!;
      const last = group.pop()!;
      if (last !== patch) {
        group[position[patch]!] = last;
        position[last] = position[patch]!;
      }
      if (group.length === 0) groups = groups.filter((other) => other !== group);
    },
    groups: () => groups,
  };
}

/** Which patches may share an image, over positions in the pool. */
export interface SharingRules {
  /** Whether a patch may join those already chosen for an image. */
  mayJoin(patch: number, chosen: readonly number[]): boolean;
  /**
   * The unit a patch belongs to: an image holds at most one patch of a unit. With distinct classes
   * a unit is a class or a conflict group; else with distinct sources a source; else one patch.
   */
  unitOf: Int32Array;
  units: number;
}

export function sharingRules(
  patches: readonly PatchRow[],
  { distinctClasses, distinctSources, conflicts }: Recipe['sampling'],
): SharingRules {
  const groupOfWnid = new Map(
    conflicts.flatMap((group, index) => group.map((wnid) => [wnid, `conflict ${index}`] as const)),
  );
  const groupOf = number(patches.map(({ wnid }) => groupOfWnid.get(wnid) ?? wnid));
  const classOf = number(patches.map(({ wnid }) => wnid));
  const sourceOf = number(patches.map(({ source }) => source));
  const single = number(patches.map(({ id }) => id));
  const unitOf = distinctClasses ? groupOf : distinctSources ? sourceOf : single;

  const clash = (a: number, b: number): boolean =>
    a === b ||
    (distinctSources && sourceOf.ids[a] === sourceOf.ids[b]) ||
    (groupOf.ids[a] === groupOf.ids[b] && (distinctClasses || classOf.ids[a] !== classOf.ids[b]));
  return {
    mayJoin: (patch, chosen) => !chosen.some((other) => clash(patch, other)),
    unitOf: unitOf.ids,
    units: unitOf.count,
  };
}

/** Numbers values 0, 1, ... in the order of their first appearance. */
function number(values: readonly string[]): { ids: Int32Array; count: number } {
  const idOf = new Map<string, number>();
  const ids = Int32Array.from(values, (value) => {
    const id = idOf.get(value) ?? idOf.size;
    idOf.set(value, id);
    return id;
  });
  return { ids, count: idOf.size };
}
