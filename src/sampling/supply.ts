import type { Stream } from '../random/stream.js';
import type { PatchRow } from '../pool/patch-row.js';

/** The patches that may still be drawn, as positions in the pool. */
export interface Supply {
  /** Draws one at random without taking it; undefined when none is left. */
  draw(stream: Stream): number | undefined;
  /** Takes one away for good. */
  take(patch: number): void;
  /** Every patch left, grouped as `draw` draws: one group, or one a class. */
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
