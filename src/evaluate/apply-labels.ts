import { EvaluationError } from '../errors.js';
import type { ImagePlace } from '../imagenet/image-source.js';
import { withoutExtension } from '../imagenet/image-names.js';
import type { ImageLabels } from '../imagenet/labels/parse-image-labels.js';
import type { MultiLabel, MultiLabels } from '../imagenet/labels/parse-multi-labels.js';
import type { SetItem } from './finish-set.js';

/**
 * Gives each image the labels that the annotators gave it; the others keep none.
 * @throws EvaluationError where none of the images was annotated: the file is of another set
 */
export function applyMultiLabels<Item extends Omit<SetItem, 'labels'>>(
  items: readonly Item[],
  { labelOf }: MultiLabels,
  path: string,
): (Item & SetItem)[] {
  const found = items.map(({ id }) => labelOf(id));
  if (items.length > 0 && found.every((label) => label === undefined)) {
    throw new EvaluationError('no image of the set is annotated in it', {
      code: 'evaluation-labels-misfit',
      path,
      fix: 'it is for the ImageNet validation set and ImageNetV2; check --labels',
    });
  }
  return items.map((item, index) => ({ ...item, ...judge(found[index]) }));
}

function judge(label: MultiLabel | undefined): Pick<SetItem, 'labels' | 'reason'> {
  if (label === undefined) return { labels: [] };
  if (label === 'problematic') return { labels: [], reason: 'problematic' };
  return { labels: label, reason: label.length === 0 ? 'no-valid-label' : undefined };
}

/**
 * Finds the image of each row: the file that it names, else the one of this name with another
 * extension.
 * @returns for each place, its row's labels; undefined where no row is of it
 * @throws EvaluationError where a row's image is not there
 */
export function findListed(
  rows: readonly ImageLabels[],
  places: readonly ImagePlace[],
  path: string,
): (ImageLabels | undefined)[] {
  const positions = new Map<string, number>();
  for (const [position, { file }] of places.entries()) {
    positions.set(file, position);
    if (!positions.has(withoutExtension(file))) positions.set(withoutExtension(file), position);
  }
  const listed = Array.from<ImageLabels | undefined>({ length: places.length });
  const missing = rows.filter((row) => {
    const position = positions.get(row.file) ?? positions.get(withoutExtension(row.file));
    if (position === undefined) return true;
    listed[position] = row;
    return false;
  });
  if (missing.length === 0) return listed;
  throw new EvaluationError(
    `${missing.length} of the ${rows.length} images listed in it are not in the folder, first ${JSON.stringify(missing[0]!.file)}`,
    { code: 'evaluation-image-missing', path, fix: 'list files by their paths from the folder' },
  );
}
