import { dirname, relative, sep } from 'node:path';
import { isWithin, realPlace } from '../../files/folders.js';
import { pathIn, type Study } from '../../study/load.js';
import type { Storage } from '../storage.js';
import { isOutside } from '../storage-path.js';
import { linkTo } from './bench.js';

/** What the root itself is called, where it is an input of a study. */
export const ROOT = '.';

/**
 * Finds what a study reads: its recipes apart, which its job has.
 * @param root an absolute path without links
 * @returns paths from the root; of a pattern the folder before it, and of a card, beside which its
 * model lies, its folder
 * @throws TransferError `storage-outside` unless all of them lie below the root
 */
export async function placesOf(study: Study, root: string): Promise<string[]> {
  const files = [
    ...Object.values(study.sets).flatMap(({ dataset, images, labels, originals, annotations }) => [
      ...[dataset, images, labels, originals, annotations],
    ]),
    ...study.models.flatMap(({ predictions, ids }) => [predictions, ids]),
  ];
  const cards = study.models.map(({ card }) => card);
  const places: string[] = [];
  for (const [index, text] of [...files, ...cards].entries()) {
    if (text === undefined) continue;
    const { path } = pathIn(study, text);
    const [, plain = path] = /^(.*?)[{}*?[\]!()]/.exec(path) ?? [];
    const isPattern = plain !== path;
    const place = await realPlace(isPattern ? dirname(`${plain}x`) : path);
    const leadsUp = path.slice(plain.length).includes('..'); // behind what a pattern stands for
    if (leadsUp || !isWithin(root, place)) {
      throw isOutside('what a study reads lies outside of the storage', text, root);
    }
    const isCard = index >= files.length && !isPattern;
    places.push(relative(root, isCard ? dirname(place) : place).replaceAll(sep, '/'));
  }
  return places;
}

/**
 * Finds what of a storage in S3 is fetched for a study: no place lies in another.
 * @throws TransferError `storage-outside`, also for the root, in which all outputs are
 */
export async function placesToFetch(study: Study, root: string): Promise<string[]> {
  const places = [...new Set(await placesOf(study, root))];
  if (places.includes('')) {
    throw isOutside('in S3, what a study reads lies in folders below the root', ROOT);
  }
  return places.filter((place) => !places.some((other) => place.startsWith(`${other}/`)));
}

/**
 * Fetches what a study reads, and links it into the folder that stands for the root on this machine.
 * What is not there is left out, as it would be missing in a shared folder.
 */
export async function linkInputs(
  study: Study,
  root: string,
  storage: Storage,
  signal: AbortSignal,
): Promise<void> {
  for (const place of await placesToFetch(study, root)) {
    if (await storage.exists(place)) await linkTo(place, root, storage, signal);
  }
}
