import { openOutput } from './output-file.js';

/** A NumPy array being written. */
export interface NpyWriter {
  /** Adds whole rows. */
  write(rows: Float32Array): Promise<void>;
  /** Puts the file in its place. */
  close(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** Room for any number of rows; the values start at a multiple of 64 bytes. */
const HEADER_BYTES = 128;

/**
 * Writes a float32 matrix as numpy.save does, batch by batch; it is at its path once it is closed.
 * @param width values a row
 */
export async function openNpyWriter(
  path: string,
  { width }: { width: number },
): Promise<NpyWriter> {
  const output = await openOutput(path);
  await output.write(npyHeader([0, width]));
  let written = 0;
  return {
    async write(values) {
      if (values.length % width !== 0) {
        throw new RangeError(`expected whole rows of ${width}, got ${values.length} values`);
      }
      written += values.length;
      await output.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    },
    async close() {
      await output.writeStart(npyHeader([written / width, width]));
      await output.close();
    },
    discard: () => output.discard(),
  };
}

/** Version 1.0. */
function npyHeader(shape: readonly [number, number]): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(HEADER_BYTES - 10, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', header.length - 1, 'latin1');
  return header;
}
