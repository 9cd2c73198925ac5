import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { tarMembers } from '../../src/files/tar.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { collect } from '../support/unit-errors.js';

function streamOf(bytes: Buffer, pieces = 1000): Readable {
  const length = Math.ceil(bytes.length / pieces) || 1;
  return Readable.from(
    Array.from({ length: pieces }, (_, i) => bytes.subarray(i * length, (i + 1) * length)),
  );
}

async function namesIn(archive: Buffer): Promise<string[]> {
  return (await collect(tarMembers(streamOf(archive)))).map(({ name }) => name);
}

describe('tarMembers', () => {
  it('says where the bytes of each member are, in the order of the archive', async () => {
    const contents = ['', 'a', 'b'.repeat(511), 'c'.repeat(512), 'd'.repeat(513), 'e'.repeat(5000)];
    const archive = await packTar(contents.map((content, i) => [`${i}.xml`, content] as const));
    const members = await collect(tarMembers(streamOf(archive)));
    const read = members.map(({ name, offset, size }) => [
      name,
      archive.subarray(offset, offset + size).toString(),
    ]);
    expect(read).toEqual(contents.map((content, i) => [`${i}.xml`, content]));
  });

  it('says so behind a name too long for a header, too', async () => {
    const long = `${'folder/'.repeat(40)}a.xml`;
    const archive = await packTar([
      [long, 'first'],
      ['b.xml', 'second'],
    ]);
    const members = await collect(tarMembers(streamOf(archive)));
    expect(members.map(({ name }) => name)).toEqual([long, 'b.xml']);
    const starts = members.map(({ offset, size }) =>
      archive.toString('utf8', offset, offset + size),
    );
    expect(starts).toEqual(['first', 'second']);
  });

  it('gives the bytes of those that are asked for', async () => {
    const archive = await packTar([
      ['a', 'x'.repeat(3000)],
      ['b', 'wanted'],
      ['c', 'y'],
    ]);
    const bodies: string[] = [];
    for await (const { name, body } of tarMembers(streamOf(archive))) {
      if (name === 'b') bodies.push((await body()).toString());
    }
    expect(bodies).toEqual(['wanted']);
  });

  it('passes over folders and links', async () => {
    const archive = await packTar([
      [{ name: 'folder', type: 'directory' }, ''],
      [{ name: 'link', type: 'symlink', linkname: '/etc/passwd' }, ''],
      [{ name: 'hard', type: 'link', linkname: 'a' }, ''],
      [{ name: 'pipe', type: 'fifo' }, ''],
      ['a', 'x'],
    ]);
    expect(await namesIn(archive)).toEqual(['a']);
  });

  it('finds nothing in an empty archive', async () => {
    expect(await namesIn(await packTar([]))).toEqual([]);
  });

  it.each([1, 100, 511, 513, 700, 1023])(
    'fails on an archive cut off after %d bytes',
    async (end) => {
      const archive = await packTar([['a', 'x'.repeat(600)]]);
      await expect(namesIn(archive.subarray(0, end))).rejects.toThrow(/Unexpected end/);
    },
  );

  it('fails on what is no archive', async () => {
    await expect(namesIn(Buffer.alloc(2048, 'text '))).rejects.toThrow(/header/);
  });

  it('fails on a member that says it has 8 GB, at the end of the archive', async () => {
    const archive = Buffer.concat([tarHeader('a', '77777777777\0'), Buffer.alloc(4096)]);
    await expect(namesIn(archive)).rejects.toThrow(/Unexpected end/);
  });

  it('hands on what the stream under it fails with', async () => {
    const broken = new Readable({
      read(): void {
        this.destroy(new Error('disk on fire'));
      },
    });
    await expect(collect(tarMembers(broken))).rejects.toThrow('disk on fire');
  });
});
