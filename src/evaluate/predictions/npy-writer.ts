import { openOutput } from './output-file.js';

/** A NumPy array being written. */
export interface NpyWriter {
  /** Adds whole rows. */
  write(rows: Float32Array): Promise<void>;
  /** Puts the file in its place. @throws RangeError where rows are missing */
  close(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/**
 * Writes a float32 matrix as numpy.save does, batch by batch; it is at its path once it is closed.
 * @param size rows and values a row, known before the first
 */
export async function openNpyWriter(
  path: string,
  { rows, width }: { rows: number; width: number },
): Promise<NpyWriter> {
  const output = await openOutput(path);
  await output.write(npyHeader([rows, width]));
  let written = 0;
  return {
    async write(values) {
      if (values.length % width !== 0 || written + values.length > rows * width) {
        throw new RangeError(
          `expected whole rows of ${width}, ${rows} in all, got ${values.length} values after ${written}`,
        );
      }
      written += values.length;
      await output.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    },
    async close() {
      if (written !== rows * width) {
        await output.discard();
        throw new RangeError(`expected ${rows} rows, got ${written / width}`);
      }
      await output.close();
    },
    discard: () => output.discard(),
  };
}

/** Version 1.0, filled up so that the values start at a multiple of 64 bytes. */
function npyHeader(shape: readonly [number, number]): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', header.length - 1, 'latin1');
  return header;
}
