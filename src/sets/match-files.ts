import { EvaluationError } from '../errors.js';
import { imageName } from '../imagenet/images.js';

/** Which listed file is which image. */
export interface FileMatch {
  /** For each image, the position of its listed file; -1 where none is of it. */
  listed: number[];
  /** The positions of the listed files that are of no image. */
  missing: number[];
  /** Those of `missing` that could be of several images, or share one with another listed file. */
  ambiguous: number[];
}

/** Deeper folders tell no two images apart that these do not. */
const MAX_PARTS = 16;

/**
 * Finds the image of each file that a list names: the one of the same path (with its extension, or
 * else without), or the one that it shares the end of its path with, down to the file name alone, as
 * long as neither another listed file nor another image ends so. What ImageNet's copies add to a
 * name (`_n01751748`) does not count.
 * @param files as listed, each once
 * @param images paths or ids of images, each once
 */
export function matchFiles(files: readonly string[], images: readonly string[]): FileMatch {
  const listed = Array.from<number>({ length: images.length }).fill(-1);
  const isFound = Array.from<boolean>({ length: files.length }).fill(false);
  const join = (file: number | undefined, image: number): void => {
    if (file === undefined || isFound[file] || listed[image] !== -1) return;
    listed[image] = file;
    isFound[file] = true;
  };
  const byFile = positionsOf(files);
  for (const [at, image] of images.entries()) join(byFile.get(image), at);

  const [names, imageNames] = [files.map(imageName), images.map(imageName)];
  const byName = positionsOf(names);
  for (const [at, name] of imageNames.entries()) join(byName.get(name), at);

  const [ends, imageEnds] = [endsOf(names), endsOf(imageNames)];
  imageNames.forEach((name, at) => {
    const end = endings(name).find((end) => isOnly(ends, end) && isOnly(imageEnds, end));
    join(end === undefined ? undefined : ends.get(end), at);
  });

  const missing = names.flatMap((_, at) => (isFound[at] ? [] : [at]));
  const wholes = new Set(imageNames);
  const isAmbiguous = (at: number): boolean =>
    imageEnds.has(names[at]!) || endings(names[at]!).some((end) => wholes.has(end));
  return { listed, missing, ambiguous: missing.filter(isAmbiguous) };
}

/** @throws EvaluationError `labels-ambiguous` where there are such files */
export function refuseAmbiguous(files: readonly string[], path: string): void {
  if (files.length === 0) return;
  const shown = files.slice(0, 3).map((file) => JSON.stringify(file.slice(0, 80)));
  throw new EvaluationError(
    `${files.length} of its files could be several images, first ${shown.join(', ')}`,
    {
      code: 'labels-ambiguous',
      path,
      fix: 'list files by their paths from the folder of images, such as "65/0.jpeg"',
    },
  );
}

/** The first position of each text. */
function positionsOf(texts: readonly string[]): Map<string, number> {
  const positions = new Map<string, number>();
  texts.forEach((text, at) => {
    if (!positions.has(text)) positions.set(text, at);
  });
  return positions;
}

const SEVERAL = -1;

/** Each ending of these paths with the one path that has it, or {@link SEVERAL}. */
function endsOf(names: readonly string[]): Map<string, number> {
  const ends = new Map<string, number>();
  names.forEach((name, at) => {
    for (const end of endings(name)) ends.set(end, ends.has(end) ? SEVERAL : at);
  });
  return ends;
}

function isOnly(ends: ReadonlyMap<string, number>, end: string): boolean {
  const at = ends.get(end);
  return at !== undefined && at !== SEVERAL;
}

/** The last part of a path, the last two, ... */
function endings(name: string): string[] {
  const found: string[] = [];
  let slash = name.length;
  while (slash > 0 && found.length < MAX_PARTS) {
    slash = name.lastIndexOf('/', slash - 1);
    found.push(name.slice(slash + 1));
  }
  return found;
}
