// Hostile images on the whole way of a run: imagenet, image, extract and the command line.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import type { DatasetSummary } from '../../src/dataset/dataset.js';
import { jpegBomb, jpegClaiming, pngClaiming } from '../support/hostile-images.js';
import { countObjects, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { openWorkspace, pathsIn, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 40 });
/** What a run may hold at most, whatever it is given, bytes. */
const MEMORY = 500e6;

interface Input {
  cwd: string;
  images: string;
}

function goodInput(): Input {
  const cwd = newFolder('input');
  return { cwd, images: writeFolders(cwd, images).images };
}

function generate({ cwd, images }: Input, ...more: string[]): Promise<CliRun> {
  const args = ['-r', writeRecipe(cwd), '-a', join(cwd, 'annotations'), '-i', images, '-q'];
  return runCli(['generate', ...args, ...more], { cwd });
}

function sourceOf(cwd: string): DatasetSummary['source'] {
  return readJson<DatasetSummary>(join(cwd, 'output', 'made', 'dataset.json')).source;
}

interface Listed {
  image: string;
  object: number;
  reason: string;
  detail?: string;
}

/** What `inspect --drops` lists of the one pool there is. */
async function dropsIn(cwd: string): Promise<Listed[]> {
  const pool = pathsIn(cwd).find((path) => path.endsWith('pool.json'))!;
  const { stdout } = await runCli(['inspect', dirname(pool), '--drops'], { cwd });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Listed);
}

const firstId = images[0]!.id;
/** Of noise, so that a part of it is not the whole. */
const good = images[2]!.jpeg;

/** Images that cannot be decoded, each in place of a good one. */
const CORRUPT: (() => Buffer | Promise<Buffer>)[] = [
  () => Buffer.alloc(0),
  () => good.subarray(0, good.length >> 1),
  () => good.subarray(0, 20),
  () => Buffer.from('not an image'),
  () => Buffer.alloc(5000),
  () => pngClaiming(0, 10),
  () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(500)]),
  () => sharp(good).toColourspace('cmyk').tiff().toBuffer(),
  () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect/></svg>'),
  () => Buffer.concat([good.subarray(0, 600), Buffer.alloc(300, 0xff), good.subarray(900, 1000)]),
];

/** Images that would take too much memory, of a few hundred bytes and 99 megapixels at the least. */
const TOO_LARGE: ((...size: [width: number, height: number]) => Buffer | Promise<Buffer>)[] = [
  () => pngClaiming(50_000, 50_000),
  () => jpegBomb(65_500, 65_500),
  () => jpegClaiming(60_000, 60_000),
  (...size) => jpegClaiming(...size, { sof: 0xc2 }),
  (...size) => jpegClaiming(...size, { scans: 3 }),
  (...size) => pngClaiming(...size, { depth: 16, interlaced: true }),
];

describe('Images that cannot be decoded', () => {
  test('among good ones are counted and listed, each with what is wrong', async () => {
    const input = goodInput();
    const place = (n: number): string => join(input.images, `${images[n]!.id}.JPEG`);
    for (const [n, make] of [...CORRUPT, ...TOO_LARGE].entries()) {
      const { width, height } = images[n]!; // the annotation's aspect
      const scale = Math.sqrt(99e6 / (width * height));
      const size = [Math.floor(width * scale), Math.floor(height * scale)] as const;
      writeFileSync(place(n), await make(...size));
    }

    const rest = CORRUPT.length + TOO_LARGE.length;
    const outside = join(newFolder('outside'), 'secret.JPEG');
    writeFileSync(outside, good);
    const links = [outside, join(input.cwd, 'nowhere'), `${images[rest + 2]!.id}.JPEG`];
    for (const [n, target] of links.entries()) {
      rmSync(place(rest + n));
      symlinkSync(target, place(rest + n));
    }
    const huge = rest + 3;
    truncateSync(place(huge), 3 * 2 ** 30); // sparse: 3 GB of zeros behind a JPEG
    const pipe = huge + 1; // which nobody ever writes to
    rmSync(place(pipe));
    if (process.platform === 'win32') writeFileSync(place(pipe), 'not an image');
    else execFileSync('mkfifo', [place(pipe)]);
    const corrupt = pipe + 1;

    // No file at all, and a folder of that name.
    for (const n of [corrupt, corrupt + 1]) rmSync(place(n));
    mkdirSync(place(corrupt + 1));

    const run = await generate(input);
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(run.peakMemory).toBeLessThan(MEMORY);
    const objectsOf = (from: number, to: number): number => countObjects(images.slice(from, to));
    expect(sourceOf(input.cwd)).toEqual({
      annotations: 40,
      malformed: 0,
      objects: objectsOf(0, 40),
      patches: objectsOf(corrupt + 2, 40),
      drops: {
        'image-corrupt': objectsOf(0, CORRUPT.length) + objectsOf(rest + 1, corrupt),
        'image-too-large': objectsOf(CORRUPT.length, rest),
        'image-missing': objectsOf(corrupt, corrupt + 2),
        // The link that leads to an image of another shape is followed.
        'size-mismatch': objectsOf(rest, rest + 1),
      },
    });
    const listed = await dropsIn(input.cwd);
    expect(listed).toHaveLength(objectsOf(0, corrupt + 2));
    const details = listed.filter(({ reason }) => reason.startsWith('image-'));
    for (const { detail } of details)
      if (detail !== undefined) expect(detail).toMatch(/^[^\n]{3,300}$/);
    expect(JSON.stringify(details)).toContain('50000 x 50000 is too large');
    expect(JSON.stringify(details)).toMatch(
      /px would take [\d.]+ [MG]B of memory, more than 640 MB/,
    );
  });

  test('end a strict run in one line that names the image, also once they were counted', async () => {
    const input = goodInput();
    writeFileSync(join(input.images, `${images[20]!.id}.JPEG`), good.subarray(0, 900));
    const says = [input.images, images[20]!.id, '--strict'];
    expectOneLine(await generate(input, '--strict'), 1, ...says);
    expect(await generate(input)).toMatchObject({ code: 0 });
    expectOneLine(await generate(input, '--strict', '--name', 'strict'), 1, ...says);
  });

  test('that are missing end a strict run in one line, also once they were counted', async () => {
    const input = goodInput();
    rmSync(join(input.images, `${images[20]!.id}.JPEG`));
    const says = [images[20]!.id, 'its image is missing', '--strict'];
    expectOneLine(await generate(input, '--strict'), 1, ...says);
    expect(await generate(input)).toMatchObject({ code: 0 });
    expectOneLine(await generate(input, '--strict', '--name', 'strict'), 1, ...says);
  });
});

describe('Images of another form than their name says', () => {
  test('are read as what they are: PNG, WebP, GIF, TIFF, AVIF, grey, with alpha, with 16 bits', async () => {
    const input = goodInput();
    const made = [
      sharp(good).png(),
      sharp(good).webp(),
      sharp(good).gif(),
      sharp(good).tiff(),
      sharp(good).avif(),
      sharp(good).greyscale().jpeg(),
      sharp(good).ensureAlpha(0.5).png(),
      sharp(good).toColourspace('rgb16').png(),
      sharp(good).withMetadata({ orientation: 6 }).jpeg(),
    ];
    for (const [n, image] of made.entries()) {
      const { width, height, id } = images[n]!;
      const bytes = await image.resize(width, height, { fit: 'fill' }).toBuffer();
      writeFileSync(join(input.images, `${id}.JPEG`), bytes);
    }
    expect(await generate(input, '--strict')).toMatchObject({ code: 0, stderr: '' });
    const objects = countObjects(images);
    expect(sourceOf(input.cwd)).toMatchObject({ objects, patches: objects, drops: {} });
  });
});

describe('A tar of images', () => {
  const members = images.map(({ id, jpeg }) => [`${id}.JPEG`, jpeg] as const);

  async function generateFrom(bytes: Buffer, ...more: string[]): Promise<CliRun & Input> {
    const { cwd } = goodInput();
    const path = join(cwd, 'images.tar');
    writeFileSync(path, bytes);
    return { cwd, images: path, ...(await generate({ cwd, images: path }, ...more)) };
  }

  test('whose members lead out of it is read by their last part, and nothing is unpacked', async () => {
    const named = members.map(
      ([name, jpeg], n) => [`${['../../', '/etc/', './', 'val/'][n % 4]!}${name}`, jpeg] as const,
    );
    const packed = await packTar([
      ...named,
      [{ name: `../${firstId}.JPEG`, type: 'symlink', linkname: '/etc/passwd' }, ''],
    ]);
    const { cwd, code, stderr } = await generateFrom(packed);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(sourceOf(cwd)).toMatchObject({ patches: countObjects(images), drops: {} });
    const written = pathsIn(dirname(cwd)).filter((path) => path.includes('passwd'));
    expect(written).toEqual([]);
  });

  test('with images that cannot be decoded counts them', async () => {
    const bad = members.map(
      ([name, jpeg], n) => [name, n < 5 ? jpeg.subarray(0, 300) : jpeg] as const,
    );
    const { cwd, code, stderr } = await generateFrom(await packTar(bad));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(sourceOf(cwd).drops).toEqual({ 'image-corrupt': countObjects(images.slice(0, 5)) });
  });

  test('with a member that is larger than any photograph counts it unread', async () => {
    const huge = 300 * 2 ** 20;
    const { cwd } = goodInput();
    const path = join(cwd, 'images.tar');
    const packed = await packTar(members.slice(1));
    const end = packed.length - 1024; // two blocks of zeros
    const header = tarHeader(`${firstId}.JPEG`, `${huge.toString(8).padStart(11, '0')}\0`);
    writeFileSync(path, Buffer.concat([packed.subarray(0, end), header]));
    truncateSync(path, end + 512 + huge + 1024); // sparse
    const run = await generate({ cwd, images: path });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.peakMemory).toBeLessThan(MEMORY);
    expect(sourceOf(cwd).drops).toEqual({ 'image-corrupt': images[0]!.boxes.length });
  });

  test.concurrent.each<[string, () => Promise<Buffer>]>([
    ['is cut off', async () => (await packTar(members)).subarray(0, 20_000)],
    ['is cut off in a header', async () => (await packTar(members)).subarray(0, 300)],
    ['is no tar', () => Promise.resolve(Buffer.alloc(5000, 'x'))],
    ['is empty', () => Promise.resolve(Buffer.alloc(0))],
    ['holds no image', () => packTar([['a.txt', 'a']])],
    [
      'has a member that says it has 8 GB',
      async () =>
        Buffer.concat([
          (await packTar(members)).subarray(0, -1024),
          tarHeader('x.JPEG', '77777777777\0'),
        ]),
    ],
    [
      'has a member of a size beyond all numbers',
      async () =>
        Buffer.concat([
          tarHeader('x.JPEG', Buffer.from([0x80, ...Array<number>(11).fill(0xff)])),
          await packTar(members),
        ]),
    ],
  ])('that %s ends in one line', async (_, content) => {
    const run = await generateFrom(await content());
    expectOneLine(run, 1, run.images);
    expect(run.peakMemory).toBeLessThan(MEMORY);
    expect(pathsIn(run.cwd)).not.toContain(join('output', 'made'));
  });

  test('with a member of a size below zero counts it as an image of nothing', async () => {
    const header = tarHeader(`${firstId}.JPEG`, Buffer.alloc(12, 0xff)); // two's complement: -1
    const packed = Buffer.concat([header, await packTar(members.slice(1))]);
    const { cwd, code, stderr } = await generateFrom(packed);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(sourceOf(cwd).drops).toEqual({ 'image-corrupt': images[0]!.boxes.length });
  });

  test('that was changed since it was indexed is not read by its old places', async () => {
    const { cwd } = goodInput();
    const path = join(cwd, 'images.tar');
    writeFileSync(path, await packTar(members));
    expect(await generate({ cwd, images: path })).toMatchObject({ code: 0 });
    const before = readFileSync(join(cwd, 'output', 'made', 'metadata.jsonl'), 'utf8');
    writeFileSync(path, await packTar([...members].reverse()));
    expect(await generate({ cwd, images: path })).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(cwd, 'output', 'made', 'metadata.jsonl'), 'utf8')).toBe(before);
  });
});

describe('A place without images', () => {
  test.concurrent.each<[string, (cwd: string) => string, (string | RegExp)[]]>([
    ['that is not there', (cwd) => join(cwd, 'nowhere'), ['nowhere', 'no such file or folder']],
    ['that holds none', (cwd) => join(cwd, 'annotations'), ['annotations', 'no image', '--images']],
    ['that is another file', (cwd) => join(cwd, 'recipe.yaml'), ['recipe.yaml', '.tar']],
  ])('- one %s - ends in one line', async (_, place, says) => {
    const { cwd } = goodInput();
    writeRecipe(cwd);
    expectOneLine(await generate({ cwd, images: place(cwd) }), 1, ...says);
  });

  test('is said to be missing where neither flag nor recipe names it', async () => {
    const { cwd } = goodInput();
    const args = ['-r', writeRecipe(cwd), '-a', join(cwd, 'annotations'), '-q'];
    expectOneLine(await runCli(['generate', ...args], { cwd }), 1, 'source.images', '--images');
  });
});
