/** The most patches that one image may hold. */
export const MAX_PATCHES = 100;

/** The smallest cell, px: a patch in anything smaller shows nothing. */
export const MIN_CELL_SIDE = 8;
