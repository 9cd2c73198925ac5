/** What the server answers to its page, which imports these types too. */

/** What was opened, and what could not be. */
export interface Overview {
  sets: SetSummary[];
  /** What lies below a given folder and cannot be opened, or belongs to nothing that is there. */
  problems: { path: string; message: string }[];
  /** The 1,000 classes, by class index. */
  classes: { wnid: string; name: string }[];
}

/** Images that are looked at together. */
export interface SetSummary {
  /** Its name in addresses. */
  key: string;
  kind: 'dataset' | 'release' | 'pool' | 'images' | 'scores';
  title: string;
  /** The folder, as it was given. */
  path: string;
  /** The dataset's, pool's or evaluation set's digest. */
  digest: string;
  /** Of a dataset: the digest of the pool that it was made from. */
  pool?: string | undefined;
  images: number;
  /** Whether there are pictures: a recipe release and scores alone have none. */
  hasPixels: boolean;
  models: ModelSummary[];
}

/** A model's scores on a set. */
export interface ModelSummary {
  /** Its name in addresses. */
  key: string;
  name: string;
  path: string;
  /** In the scorecard's order. */
  metrics: MetricSummary[];
}

/** A metric as people read it. */
export interface MetricSummary {
  name: string;
  label: string;
  /** To sort by; null where there are no images. */
  value: number | null;
  /** `71.3%` */
  text: string;
  /** `[69.0, 73.5]`; empty where there is none. */
  interval: string;
  n: number;
}

/** Lists of different lengths in one: list i is `values` from `ends[i - 1]`, or 0, to `ends[i]`. */
export interface Lists {
  ends: number[];
  values: number[];
}

/** What the gallery filters by: a column for each property, a place for each image. */
export interface SetIndex {
  ids: string[];
  /** Numbers of objects, or of labels where only those are known. */
  k: number[];
  /** Class indices, ascending. */
  labels: Lists;
  /** The names that `sources` numbers. */
  sourceNames: string[];
  /** The source images of the objects. */
  sources: Lists;
}

/** How a model did on each image of a set. */
export interface ModelResults {
  /** Labels among the k highest classes; -1 where there is no score. */
  found: number[];
  /** The labels that there are to find. */
  of: number[];
}

/** Two sets side by side. */
export interface Versus {
  /** For each image of the first the place of the second's image of the same id, or -1. */
  places: number[];
  /** For each image of the first what is different in the second. */
  differences: Difference[];
  /** Images of the second that the first does not have. */
  onlySecond: number;
}

export type Difference = 'none' | 'pixels' | 'labels' | 'missing';

/** One image. */
export interface ImageDetail {
  id: string;
  k: number;
  /** Its file, relative to the folder; absent where it has none of its own. */
  file?: string | undefined;
  labels: number[];
  /** In the order they were painted in. */
  objects: ObjectDetail[];
}

export interface ObjectDetail {
  class: number;
  /** x, y, width, height, px. */
  box: [number, number, number, number];
  /** Whether the box is a part of this image, or of the one that it was cut from. */
  boxIn: 'image' | 'source';
  patch: string;
  source: string;
}

/** What a model ranks highest in an image. */
export interface Ranking {
  /** Best first. */
  classes: number[];
  /** Of the classes, in their order; absent where only ranks are known. */
  probabilities?: number[] | undefined;
  found: number;
  of: number;
}
