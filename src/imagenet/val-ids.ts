/** How many images ILSVRC2012's validation set has. */
export const VAL_IMAGES = 50_000;

const VAL_ID = /^ILSVRC2012_val_(\d{8})$/;

/** The id of a validation image. @param position its place in id order, 0 to 49,999 */
export function valId(position: number): string {
  return `ILSVRC2012_val_${String(position + 1).padStart(8, '0')}`;
}

/** The place of a validation image in id order, or undefined where the id is of none. */
export function valPosition(id: string): number | undefined {
  const position = Number(VAL_ID.exec(id)?.[1] ?? 0) - 1;
  return position >= 0 && position < VAL_IMAGES ? position : undefined;
}
