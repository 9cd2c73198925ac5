import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import * as tar from 'tar-stream';
import type { Held } from './align-rows.js';
import { shown } from './shown-text.js';

/** A member of a shard, as it was read. */
interface TarMemberRead {
  name: string;
  sha256: string;
  /** Whether its header says what patchml's do: a file, of nobody, at no time. */
  plain: boolean;
}

/** Members beside each other that share a stem, up to the first dot as WebDataset groups them. */
export interface TarSample extends Held {
  shard: string;
  members: TarMemberRead[];
  /** What is wrong with the shard itself; then there are no members. */
  trouble?: string;
}

const BLOCK = 512;
const MAX_MEMBERS = 8;

/** Reads a shard sample by sample; of its bytes only digests are kept. */
export async function* readTarSamples(path: string, shard: string): AsyncGenerator<TarSample> {
  const trouble = (what: string): TarSample => ({ stem: '', shard, members: [], trouble: what });
  let sample: TarSample | undefined;
  let length = 2 * BLOCK; // the end
  try {
    for await (const { header, member } of readMembers(path)) {
      length += BLOCK + BLOCK * Math.ceil(header.size / BLOCK);
      const stem = member.name.split('.', 1)[0]!;
      if (sample?.stem === stem && sample.members.length < MAX_MEMBERS) {
        sample.members.push(member);
        continue;
      }
      if (sample) yield sample;
      sample = { stem, shard, members: [member] };
    }
  } catch (error) {
    if (sample) yield sample;
    yield trouble(`it is no whole tar: ${shown(error instanceof Error ? error.message : '')}`);
    return;
  }
  if (sample) yield sample;
  const { size } = statSync(path);
  if (size !== length) yield trouble(`expected ${length} bytes for its members, got ${size}`);
}

async function* readMembers(
  path: string,
): AsyncGenerator<{ header: tar.Header; member: TarMemberRead }> {
  const archive = createReadStream(path, { highWaterMark: 2 ** 20 });
  const extract = tar.extract();
  archive.on('error', (error) => {
    extract.destroy(error);
  });
  archive.pipe(extract);
  try {
    for await (const entry of extract) {
      const { header } = entry;
      const hash = createHash('sha256');
      for await (const chunk of entry as unknown as Readable) hash.update(chunk as Buffer);
      const member = { name: header.name, sha256: hash.digest('hex'), plain: isPlain(header) };
      yield { header, member };
    }
  } finally {
    archive.destroy();
  }
}

function isPlain({ type, mode, uid, gid, mtime, uname, gname }: tar.Header): boolean {
  const about = [type, mode, uid, gid, mtime.getTime(), uname, gname];
  return about.join() === ['file', 0o644, 0, 0, 0, '', ''].join();
}
