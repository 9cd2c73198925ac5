import { z } from 'zod';
import type { MalformedAnnotation } from './annotation.js';

/** Why an object did not become a patch. */
export const DROP_REASONS = [
  'blocked',
  'malformed-object',
  'unknown-synset',
  'image-missing',
  'image-corrupt',
  'image-too-large',
  'size-mismatch',
  'degenerate-box',
  'too-small',
  'too-elongated',
  'duplicate-box',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** One object that did not become a patch; `detail` says more where there is more to say. */
export interface Drop {
  image: string;
  object: number;
  reason: DropReason;
  detail?: string | undefined;
}

/** A line of `drops.jsonl`: an object that was dropped, or an annotation that could not be parsed. */
export const dropRowSchema: z.ZodType<Drop | MalformedAnnotation> = z.union([
  z.object({
    image: z.string(),
    object: z.int().min(0),
    reason: z.enum(DROP_REASONS),
    detail: z.string().optional(),
  }),
  z.object({ imageId: z.string(), problem: z.string() }),
]);

export const dropCountsSchema = z.partialRecord(z.enum(DROP_REASONS), z.int().positive());

/** Objects dropped, by reason; a reason without any is absent. */
export type DropCounts = z.output<typeof dropCountsSchema>;

/** Adds up drops by reason, in the order of {@link DROP_REASONS}. */
export function countDrops(...counts: DropCounts[]): DropCounts {
  const entries = DROP_REASONS.map(
    (reason) => [reason, counts.reduce((sum, count) => sum + (count[reason] ?? 0), 0)] as const,
  );
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
