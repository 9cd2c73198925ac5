import * as tar from 'tar-stream';
import { collect } from './unit-errors.js';

/** A tar archive of these files, by their names, in this order. */
export async function packTar(
  files: readonly (readonly [name: string | Partial<tar.Header>, content: string | Buffer])[],
): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, content] of files) {
    const header = typeof name === 'string' ? { name } : { ...name, name: name.name ?? '' };
    pack.entry(header, content);
  }
  pack.finalize();
  return Buffer.concat(await collect(pack as AsyncIterable<Buffer>));
}

/**
 * The 512-byte header of one tar member, with any bytes where its size stands (ustar: 12 bytes,
 * octal text or, with the first bit set, a big-endian number).
 */
export function tarHeader(name: string, size: string | Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  Buffer.from(size).copy(header, 124);
  header.write('00000000000\0', 136);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
