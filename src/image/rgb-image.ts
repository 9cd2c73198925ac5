/** Interleaved RGB, 8 bits a sample, row by row from the top: `3 * width * height` bytes. */
export interface RgbImage {
  width: number;
  height: number;
  data: Buffer;
}

/**
 * An RGB image that is a binary PNM file at the same time: a short header, and behind it the very
 * bytes of `data`. It is the form that the resizer and the PNG encoder read without conversion.
 */
export interface PnmImage extends RgbImage {
  pnm: Buffer;
}

/** An image to be filled; its pixels are whatever the memory held. */
export function newPnmImage(width: number, height: number): PnmImage {
  const header = pnmHeader(width, height);
  const pnm = Buffer.allocUnsafeSlow(header.length + 3 * width * height);
  pnm.write(header, 'latin1');
  return { width, height, data: pnm.subarray(header.length), pnm };
}

/**
 * Copies images into PNM files, one after the other into the same memory: each result is good until
 * the next call. Fresh memory costs several times what the copy does.
 */
export function openPnmCopier(): (image: RgbImage) => PnmImage {
  let memory = Buffer.alloc(0);
  return ({ width, height, data }) => {
    const header = pnmHeader(width, height);
    const length = header.length + data.length;
    if (memory.length < length) memory = Buffer.allocUnsafeSlow(length);
    memory.write(header, 'latin1');
    data.copy(memory, header.length);
    const pnm = memory.subarray(0, length);
    return { width, height, data: pnm.subarray(header.length), pnm };
  };
}

function pnmHeader(width: number, height: number): string {
  return `P6\n${width} ${height}\n255\n`;
}
