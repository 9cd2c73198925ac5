import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { datasetDigest, filesInOrder, openImageOrder } from '../../src/dataset/image-order.js';
import { collect } from '../support/unit-errors.js';
import { openWorkspace } from '../support/workspace.js';

interface Row {
  file_name: string;
  sha256: string;
}

const folder = openWorkspace()('metadata');

/** Every list is read again and in runs, however short. */
const NOTHING_KEPT = { few: 0, runs: 256 };

function rowOf(file_name: string): Row {
  return { file_name, sha256: createHash('sha256').update(file_name).digest('hex') };
}

/** Writes metadata with these rows, and gives their order. */
async function inOrder(rows: readonly Row[], limits = NOTHING_KEPT): Promise<Row[]> {
  const order = openImageOrder(limits);
  const lines = rows.map((row) => `${JSON.stringify({ ...row, note: 'é' })}\n`);
  for (const [at, line] of lines.entries()) order.add(rows[at]!, Buffer.byteLength(line));
  writeFileSync(join(folder, 'metadata.jsonl'), lines.join(''));
  const images = await collect(order.read(folder));
  return images.map(({ path, sha256 }) => ({ file_name: path, sha256 }));
}

/** The order that Buffer.compare has. */
function sorted(rows: readonly Row[]): Row[] {
  const bytes = ({ file_name }: Row): Buffer => Buffer.from(file_name);
  return [...rows].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
}

/** Files as in large and small datasets: k of one and two digits, numbers of six and seven. */
const files = fc
  .record({
    k: fc.integer({ min: 1, max: 12 }),
    number: fc.oneof(fc.nat(30), fc.integer({ min: 999_990, max: 1_000_010 })),
    isInFolder: fc.boolean(),
  })
  .map(({ k, number, isInFolder }) => {
    const block = String(Math.floor(number / 10_000)).padStart(4, '0');
    const name = `k${k}-${String(number).padStart(6, '0')}.png`;
    return { k, number, file: isInFolder ? `images/k${k}/${block}/${name}` : `images/${name}` };
  });
const someFiles = fc.uniqueArray(files, { selector: ({ file }) => file, maxLength: 60 });

describe('The order of the images', () => {
  test('is that of the bytes of their files, for rows in the order of a plan', async () => {
    await fc.assert(
      fc.asyncProperty(someFiles, async (made) => {
        made.sort((a, b) => a.k - b.k || a.number - b.number);
        const rows = made.map(({ file }) => rowOf(file));
        expect(await inOrder(rows)).toEqual(sorted(rows));
      }),
      { numRuns: 50 },
    );
  });

  test('is the same for rows in any order, kept, in runs or sorted in memory', async () => {
    await fc.assert(
      fc.asyncProperty(someFiles, async (made) => {
        const rows = made.map(({ file }) => rowOf(file));
        for (const limits of [NOTHING_KEPT, { few: 0, runs: 2 }, { few: 100, runs: 1 }]) {
          expect(await inOrder(rows, limits)).toEqual(sorted(rows));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('holds a file that two rows name twice', async () => {
    const rows = ['b', 'a', 'b'].map(rowOf);
    expect((await inOrder(rows)).map(({ file_name }) => file_name)).toEqual(['a', 'b', 'b']);
  });

  test('does not depend on how many bytes invalid UTF-8 is read as', async () => {
    const rows = ['b', 'a'].map(rowOf);
    const order = openImageOrder(NOTHING_KEPT);
    const lines = rows.map((row) => Buffer.from(`${JSON.stringify({ ...row, note: 'X' })}\n`));
    for (const line of lines) line[line.indexOf('X')] = 0xff;
    for (const [at, line] of lines.entries()) order.add(rows[at]!, Buffer.byteLength(String(line)));
    writeFileSync(join(folder, 'metadata.jsonl'), Buffer.concat(lines));
    expect((await collect(order.read(folder))).map(({ path }) => path)).toEqual(['a', 'b']);
  });
});

test('The digest of a dataset is that of the lines of sha256sum, texts and images in byte order', async () => {
  const images = [1, 2, 10].flatMap((k) =>
    [5, 70_000, 1_234_567].map((number) => {
      const block = String(Math.floor(number / 10_000)).padStart(4, '0');
      return rowOf(`images/k${k}/${block}/k${k}-${String(number).padStart(6, '0')}.png`);
    }),
  );
  const texts = ['README.md', 'images.txt', 'images-x', 'metadata.jsonl', 'z'].map(rowOf);
  const order = openImageOrder(NOTHING_KEPT);
  const lines = images.map((row) => `${JSON.stringify(row)}\n`);
  for (const [at, line] of lines.entries()) order.add(images[at]!, line.length);
  writeFileSync(join(folder, 'metadata.jsonl'), lines.join(''));
  const lock = { files: Object.fromEntries(texts.map((row) => [row.file_name, row.sha256])) };
  const expected = sorted([...images, ...texts]).map(
    ({ file_name, sha256 }) => `${sha256}  ${file_name}\n`,
  );
  expect(await datasetDigest(filesInOrder(lock, order.read(folder)))).toBe(
    createHash('sha256').update(expected.join('')).digest('hex'),
  );
});
