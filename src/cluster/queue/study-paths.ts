import { dirname } from 'node:path';
import { isWithin, realPlace } from '../../files/folders.js';
import { pathIn, type Study } from '../../study/load.js';
import { isOutside } from '../storage-path.js';

/** What the root itself is called, where it is an input of a study. */
export const ROOT = '.';

/**
 * Checks that all that a study reads lies below the root: recipes apart, which its job has.
 * @param root an absolute path without links
 * @throws TransferError `storage-outside`
 */
export async function requireWithinRoot(study: Study, root: string): Promise<void> {
  const texts = [
    ...Object.values(study.sets).flatMap(({ dataset, images, labels, originals, annotations }) => [
      ...[dataset, images, labels, originals, annotations],
    ]),
    ...study.models.flatMap(({ card, predictions, ids }) => [card, predictions, ids]),
  ];
  for (const text of texts) {
    if (text === undefined) continue;
    const { path } = pathIn(study, text);
    const [, plain = path] = /^(.*?)[{}*?[\]!()]/.exec(path) ?? [];
    const place = plain === path ? path : dirname(`${plain}x`);
    const leadsUp = path.slice(plain.length).includes('..'); // behind what a pattern stands for
    if (leadsUp || !isWithin(root, await realPlace(place))) {
      throw isOutside('what a study reads lies outside of the storage', text, root);
    }
  }
}
