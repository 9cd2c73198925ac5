import type { DatasetSummary } from '../../dataset/dataset-files.js';
import { DatasetError } from '../../errors.js';
import { type ClassIndex, classOf, type Wnid } from '../../imagenet/synsets.js';

/** A class of a dataset, and how many images it is in. */
export interface PresentClass {
  index: ClassIndex;
  wnid: Wnid;
  images: number;
}

/** The classes that are in a dataset, by class index. @throws DatasetError for no synset of ours */
export function classesIn({ classes }: DatasetSummary): PresentClass[] {
  return Object.entries(classes)
    .map(([wnid, images]) => ({ index: indexOf(wnid), wnid, images }))
    .sort((a, b) => a.index - b.index);
}

function indexOf(wnid: Wnid): ClassIndex {
  const index = classOf(wnid);
  if (index !== undefined) return index;
  throw new DatasetError(`"${wnid}" is none of the 1,000 synsets`, {
    code: 'dataset-invalid',
    place: 'classes',
    fix: 'generate the dataset again',
  });
}
