import { intersectionOverUnion, type PixelBox, type Size, sizeOf, widenBox } from '../image/box.js';
import { toPixelBox } from '../imagenet/box.js';
import type { Drop, DropReason } from '../imagenet/drops.js';
import type { IndexedImage, IndexedObject } from '../imagenet/sort-objects.js';
import type { Recipe } from '../recipe/schema.js';

/** An object that passed the filters, in the pixels of its image. */
export interface SelectedObject extends Omit<IndexedObject, 'box'> {
  /** The object's own box. */
  box: PixelBox;
  /** What is cut out: the box with the recipe's margin around it. */
  cut: PixelBox;
}

/**
 * The filters that need the image's real size, in this order: degenerate-box, too-small,
 * too-elongated, duplicate-box. Of duplicates the first in the annotation is kept.
 * @param image size of the decoded image
 */
export function selectPatches(
  indexed: IndexedImage,
  image: Size,
  patch: Recipe['patch'],
): { selected: SelectedObject[]; drops: Drop[] } {
  const selected: SelectedObject[] = [];
  const drops: Drop[] = [];
  for (const { box: annotated, ...object } of indexed.objects) {
    const box = toPixelBox(annotated, indexed.size, image);
    const reason = reasonToDrop(box, object.wnid, selected, patch);
    if (reason) drops.push({ image: indexed.image, object: object.object, reason });
    else selected.push({ ...object, box: box!, cut: widenBox(box!, patch.margin, image) });
  }
  return { selected, drops };
}

function reasonToDrop(
  box: PixelBox | undefined,
  wnid: string,
  kept: readonly SelectedObject[],
  { minSide, maxAspect, dedupeIou }: Recipe['patch'],
): DropReason | undefined {
  if (!box) return 'degenerate-box';
  const [shorter, longer] = [...sizeOf(box)].sort((a, b) => a - b) as [number, number];
  if (shorter < minSide) return 'too-small';
  if (longer / shorter > maxAspect) return 'too-elongated';
  const isDuplicate = kept.some(
    (other) => other.wnid === wnid && intersectionOverUnion(other.box, box) > dedupeIou,
  );
  return isDuplicate ? 'duplicate-box' : undefined;
}
