/** Which patches one image holds, as positions in the pool, in the order they were drawn. */
export interface DrawnImage {
  k: number;
  /** Number of the image among those of k patches, from 0. */
  index: number;
  patches: readonly number[];
}
