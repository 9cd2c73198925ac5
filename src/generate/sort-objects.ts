import { z } from 'zod';
import type { Size } from '../image/box.js';
import {
  type AnnotatedBox,
  type Annotation,
  type MalformedAnnotation,
} from '../imagenet/annotation.js';
import { countDrops, type Drop, type DropCounts, type DropReason } from '../imagenet/drops.js';
import type { ImagePlace, ImageStore } from '../imagenet/images.js';
import {
  type ClassIndex,
  classIndexSchema,
  classOf,
  type Wnid,
  wnidSchema,
} from '../imagenet/synsets.js';
import type { Recipe } from '../recipe/schema.js';

/** Decides for each annotation which of its objects go on, and counts. */
export class ObjectSorter {
  readonly #allowedSynsets: ReadonlySet<string>;
  readonly #allowedImages: ReadonlySet<string>;
  readonly #blockedSynsets: ReadonlySet<string>;
  readonly #blockedImages: ReadonlySet<string>;
  readonly #counts: SortedCounts = {
    annotations: 0,
    malformed: 0,
    objects: 0,
    indexed: { images: 0, objects: 0 },
    drops: {},
  };

  constructor(
    { allow, block }: Recipe['source'],
    private readonly places: ImageStore['places'],
  ) {
    this.#allowedSynsets = new Set(allow.synsets);
    this.#allowedImages = new Set(allow.images);
    this.#blockedSynsets = new Set(block.synsets);
    this.#blockedImages = new Set(block.images);
  }

  sort(annotation: Annotation | MalformedAnnotation): SortedObjects {
    this.#counts.annotations += 1;
    if ('problem' in annotation) {
      this.#counts.malformed += 1;
      return { drops: [], malformed: annotation };
    }
    const { imageId: image, size } = annotation;
    const place = this.places.get(image);
    const drops: Drop[] = [];
    const objects: IndexedObject[] = [];
    for (const [object, found] of annotation.objects.entries()) {
      if ('problem' in found) {
        if (this.#isBlocked(image)) drops.push({ image, object, reason: 'blocked' });
        else drops.push({ image, object, reason: 'malformed-object', detail: found.problem });
        continue;
      }
      const { wnid, box } = found;
      const index = classOf(wnid);
      const reason = this.#reasonToDrop(image, wnid, index, place);
      if (reason) drops.push({ image, object, reason });
      else objects.push({ object, wnid, class: index!, box });
    }
    this.#count(objects.length, drops);
    if (objects.length === 0) return { drops };
    return { indexed: { image, place: place!, size, objects }, drops };
  }

  counts(): SortedCounts {
    return { ...this.#counts, drops: countDrops(this.#counts.drops) };
  }

  #reasonToDrop(
    image: string,
    wnid: Wnid,
    index: ClassIndex | undefined,
    place: ImagePlace | undefined,
  ): DropReason | undefined {
    if (this.#isBlocked(image) || this.#blockedSynsets.has(wnid)) return 'blocked';
    if (this.#allowedSynsets.size > 0 && !this.#allowedSynsets.has(wnid)) return 'blocked';
    if (index === undefined) return 'unknown-synset';
    return place === undefined ? 'image-missing' : undefined;
  }

  #isBlocked(image: string): boolean {
    if (this.#blockedImages.has(image)) return true;
    return this.#allowedImages.size > 0 && !this.#allowedImages.has(image);
  }

  #count(kept: number, drops: Drop[]): void {
    const counts = this.#counts;
    counts.objects += kept + drops.length;
    counts.indexed.objects += kept;
    if (kept > 0) counts.indexed.images += 1;
    for (const { reason } of drops) counts.drops[reason] = (counts.drops[reason] ?? 0) + 1;
  }
}

/** How many annotations were read, and what became of their objects. */
export interface SortedCounts {
  annotations: number;
  malformed: number;
  objects: number;
  /** What goes on to extraction. */
  indexed: { images: number; objects: number };
  drops: DropCounts;
}

/** What one annotation gave. */
export interface SortedObjects {
  indexed?: IndexedImage;
  drops: Drop[];
  malformed?: MalformedAnnotation;
}

/** An image that is there, with those of its objects that may become patches. */
export interface IndexedImage {
  image: string;
  place: ImagePlace;
  /** Size the annotation says; null where it says none. */
  size: Size | null;
  objects: IndexedObject[];
}

export interface IndexedObject {
  /** Its place in the annotation: the number in its patch id. */
  object: number;
  wnid: Wnid;
  class: ClassIndex;
  box: AnnotatedBox;
}

/** JSON has no number that is not finite; such a box is degenerate, and such a size says nothing. */
const coordinate = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);

/** A row of `objects.jsonl`: an {@link IndexedImage}. */
export const indexedImageSchema = z.object({
  image: z.string(),
  place: z.object({
    file: z.string(),
    offset: z.int().optional(),
    size: z.int(),
    modified: z.number().optional(),
  }),
  size: z.tuple([coordinate, coordinate]).readonly().nullable(),
  objects: z.array(
    z.object({
      object: z.int().min(0),
      wnid: wnidSchema,
      class: classIndexSchema,
      box: z.tuple([coordinate, coordinate, coordinate, coordinate]).readonly(),
    }),
  ),
});
