import type { Readable } from 'node:stream';
import * as tar from 'tar-stream';

export interface TarMember {
  /** As it stands in the archive: may hold anything, so only its last part is ever used. */
  name: string;
  size: number;
  /** Where its bytes start in the archive. */
  offset: number;
  /** Its bytes as a stream; what is left of it is skipped. */
  stream: Readable;
  /** Its bytes; ask only where `size` is small. */
  body: () => Promise<Buffer>;
}

/** Archives of the old form (v7) do not name one; the types of tar-stream lack the option. */
const ANY_FORMAT: object = { allowUnknownFormat: true };

/** Walks a tar archive's regular files in their order, without unpacking it. */
export async function* tarMembers(archive: Readable): AsyncGenerator<TarMember> {
  const extract = tar.extract(ANY_FORMAT);
  archive.on('error', (error) => {
    extract.destroy(error);
  });
  archive.pipe(extract);
  for await (const entry of extract) {
    const { name, size, type, byteOffset } = entry.header as tar.Header & { byteOffset: number };
    if (type === 'file' || type === 'contiguous-file') {
      yield {
        name,
        size,
        offset: byteOffset,
        stream: entry as unknown as Readable,
        body: () => collect(entry as unknown as Readable),
      };
    }
    entry.resume();
  }
}

async function collect(entry: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
