// Hostile annotations on the whole way of a run: imagenet, index, extract and the command line.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { DatasetSummary } from '../../src/dataset/dataset.js';
import {
  countObjects,
  type MadeImage,
  makeImages,
  toXml,
  writeCsv,
  writeFolders,
} from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { annotationXml } from '../support/unit-annotations.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { openWorkspace, pathsIn, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 16 });
const first = images[0]!;
const good = toXml(first);
const objects = countObjects(images);
/** What a run may hold at most, whatever it is given, bytes. */
const MEMORY = 500e6;

interface Input {
  cwd: string;
  annotations: string;
}

/** A folder with good images and XML, in which a test puts bad ones. */
function goodInput(): Input {
  const cwd = newFolder('input');
  return { cwd, annotations: writeFolders(cwd, images).annotations };
}

function generate({ cwd, annotations }: Input, ...more: string[]): Promise<CliRun> {
  const args = ['-r', writeRecipe(cwd), '-a', annotations, '-i', join(cwd, 'images'), '-q'];
  return runCli(['generate', ...args, ...more], { cwd });
}

function sourceOf(cwd: string): DatasetSummary['source'] {
  return readJson<DatasetSummary>(join(cwd, 'output', 'made', 'dataset.json')).source;
}

/** What `inspect --drops` lists of the one pool there is. */
async function dropsIn(cwd: string): Promise<Record<string, unknown>[]> {
  const pool = pathsIn(cwd).find((path) => path.endsWith('pool.json'))!;
  const { stdout } = await runCli(['inspect', dirname(pool), '--drops'], { cwd });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** XML that is malformed or hostile, by the name of its file. */
const MALFORMED: Record<string, string | Buffer> = {
  'a-empty': '',
  'a-text': 'hello',
  'a-page': '<!DOCTYPE html><html><body>Not found</body></html>',
  'a-cut-off': good.slice(0, good.length / 2),
  'a-not-closed': good.replace('</bndbox>', ''),
  'a-another-root': good.replaceAll('annotation>', 'annotations>'),
  'b-entity-bomb': `<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY a "ha">${Array.from(
    { length: 30 },
    (_, n) => `<!ENTITY a${n} "${`&a${n - 1};`.repeat(10)}">`,
  ).join('')}]>${good.replace('<folder>val', '<folder>&a29;')}`,
  'b-external-entity': `<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>${good.replace(
    /<name>.*<\/name>/,
    '<name>&secret;</name>',
  )}`,
  'b-deep': '<annotation>'.repeat(50_000),
  'b-deep-and-closed': `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`,
  'b-prototype': good.replaceAll('object>', '__proto__>').replaceAll('bndbox', 'constructor'),
  'c-utf-16': Buffer.from(`\ufeff${good}`, 'utf16le'),
  'c-latin-1': Buffer.from(good.replace('ILSVRC_2012', 'caf\u00e9'), 'latin1'),
  'c-zeros': Buffer.alloc(2000),
  'c-noise': Buffer.from(Array.from({ length: 2000 }, (_, n) => (n * 7919) % 256)),
};

/** XML of which one object is odd, by the name of its file. */
const ODD_OBJECTS: Record<string, string> = {
  'a-without-name': good.replace(/<name>.*<\/name>/, ''),
  'a-without-box': good.replace(/<bndbox>[\s\S]*?<\/bndbox>/, ''),
  'a-without-xmax': good.replace(/<xmax>.*<\/xmax>/, ''),
  'a-two-xmax': good.replace(/<xmax>.*<\/xmax>/, '<xmax>90</xmax><xmax>95</xmax>'),
};

describe('XML with an odd object', () => {
  test('drops that object alone, and says what is wrong with it', async () => {
    const input = goodInput();
    const { cwd, annotations } = input;
    for (const [name, xml] of Object.entries(ODD_OBJECTS)) {
      writeFileSync(join(annotations, `${name}.xml`), xml);
    }
    const polygon = `<object><name>${first.wnid}</name><polygon><x1>1</x1></polygon></object>`;
    const more = good.replace('</annotation>', `${polygon}</annotation>`);
    writeFileSync(join(annotations, `${first.id}.xml`), more);
    expect(await generate(input)).toMatchObject({ code: 0, stderr: '' });
    const odd = Object.keys(ODD_OBJECTS).length;
    const { malformed, patches, drops } = sourceOf(cwd);
    expect({ malformed, patches }).toEqual({ malformed: 0, patches: objects });
    expect(drops['malformed-object']).toBe(odd + 1);
    const listed = await dropsIn(cwd);
    expect(listed).toContainEqual({
      image: first.id,
      object: first.boxes.length,
      reason: 'malformed-object',
      detail: expect.stringContaining('bndbox') as unknown,
    });
    const run = await generate(input, '--strict');
    expectOneLine(run, 1, annotations, 'object', '--strict');
  });
});

describe('XML that is malformed or hostile', () => {
  test('among good XML is counted and listed, and the good gives its images as ever', async () => {
    const input = goodInput();
    const { cwd, annotations } = input;
    for (const [name, content] of Object.entries(MALFORMED)) {
      writeFileSync(join(annotations, `${name}.xml`), content);
    }
    writeFileSync(join(annotations, 'd-huge.xml'), '<a>');
    truncateSync(join(annotations, 'd-huge.xml'), 100 * 2 ** 20); // sparse: 100 MB of zeros
    writeFileSync(join(annotations, 'no id.xml'), good);
    writeFileSync(join(annotations, '..xml'), good); // hidden: left out
    const secret = join(newFolder('outside'), 'secret.xml');
    writeFileSync(secret, good);
    symlinkSync(secret, join(annotations, 'e-link-out.xml'));
    symlinkSync(join(cwd, 'nowhere'), join(annotations, 'e-link-nowhere.xml'));
    symlinkSync('e-link-loop.xml', join(annotations, 'e-link-loop.xml'));
    const malformed = Object.keys(MALFORMED).length + 4;

    const run = await generate(input);
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(run.peakMemory).toBeLessThan(MEMORY);
    expect(sourceOf(cwd)).toEqual({
      annotations: 16 + 1 + malformed, // the link that can be followed is one more, of no image
      malformed,
      objects: objects + first.boxes.length,
      patches: objects,
      drops: { 'image-missing': first.boxes.length },
    });
    const drops = await dropsIn(cwd);
    expect(drops.filter(({ reason }) => reason === 'image-missing')).toHaveLength(
      first.boxes.length,
    );
    const listed = drops.filter(({ problem }) => problem !== undefined);
    expect(listed.map(({ imageId }) => imageId).sort()).toEqual(
      [...Object.keys(MALFORMED), 'd-huge', 'no id', 'e-link-nowhere', 'e-link-loop'].sort(),
    );
    for (const { problem } of listed) expect(problem).toMatch(/^[^\n]{3,250}$/);

    const clean = goodInput();
    expect(await generate(clean)).toMatchObject({ code: 0 });
    const imagesOf = (folder: string): string =>
      readFileSync(join(folder, 'output', 'made', 'metadata.jsonl'), 'utf8');
    expect(imagesOf(cwd)).toBe(imagesOf(clean.cwd));
  });

  test('ends a strict run in one line that names it, whether or not it was counted before', async () => {
    const input = goodInput();
    writeFileSync(join(input.annotations, 'b-bomb.xml'), MALFORMED['b-entity-bomb']!);
    const says = [input.annotations, 'b-bomb', 'entities', '--strict'];
    expectOneLine(await generate(input, '--strict'), 1, ...says);
    expect(await generate(input)).toMatchObject({ code: 0 });
    expectOneLine(await generate(input, '--strict'), 1, ...says);
  });
});

describe('Boxes that no image can have', () => {
  test('are counted drops, and objects are patches and drops together', async () => {
    const input = goodInput();
    const { id, wnid, width, height } = first;
    const boxes: [string, ...(string | number)[]][] = [
      [wnid, 80, 10, 10, 90], // reversed
      [wnid, 10, 90, 80, 10],
      [wnid, 'NaN', 10, 80, 90],
      [wnid, '', 10, 80, 90],
      [wnid, 10, 10, 'Infinity', 90],
      [wnid, '1e999', 10, '1e999', 90],
      [wnid, 1e6, 10, 2e6, 90], // wholly outside
      [wnid, -900, -900, -800, -800],
      [wnid, '0x10', 'ten', 80, 90],
      [wnid, 10, 10, 20, 20], // 11 x 11 px
      [wnid, 0, 0, 159, 33], // 160 x 34 px: 4.7 to 1
      ['n99999999', 10, 10, 80, 90],
      ['../../etc/passwd', 10, 10, 80, 90],
      ['__proto__', 10, 10, 80, 90],
      [wnid, -1e15, -1e15, 1e15, 1e15], // clipped to the whole image
      [wnid, 0, 0, 159, 119], // the same box again
    ];
    expect([width, height]).toEqual([160, 120]);
    const xml = annotationXml(boxes, [width, height], id);
    writeFileSync(join(input.annotations, `${id}.xml`), xml);
    const run = await generate(input);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.peakMemory).toBeLessThan(MEMORY);
    const source = sourceOf(input.cwd);
    expect(source).toEqual({
      annotations: 16,
      malformed: 0,
      objects: objects - first.boxes.length + boxes.length,
      patches: objects - first.boxes.length + 1, // the clipped one
      drops: {
        'unknown-synset': 3,
        'degenerate-box': 9,
        'too-small': 1,
        'too-elongated': 1,
        'duplicate-box': 1,
      },
    });
    const listed = await dropsIn(input.cwd);
    expect(listed).toHaveLength(15);
    const numbers = listed.map(({ object }) => Number(object)).sort((a, b) => a - b);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15]);
  });
});

describe('A CSV of boxes', () => {
  test('with names and rows that cannot be is counted and listed', async () => {
    const { cwd } = goodInput();
    const annotations = writeCsv(join(cwd, 'LOC_val_solution.csv'), images);
    const bad = [
      `../../etc/passwd,${first.wnid} 1 1 90 90 `,
      `/etc/passwd,${first.wnid} 1 1 90 90 `,
      `val\\..\\x,${first.wnid} 1 1 90 90 `,
      `..,${first.wnid} 1 1 90 90 `,
      `${'x'.repeat(5000)},${first.wnid} 1 1 90 90 `,
    ];
    const odd = [
      `odd-boxes,${first.wnid} NaN 1 90 90 n0 1 1 90 90 `,
      'no-boxes,',
      `four-fields,${first.wnid} 1 1 90 `,
    ];
    writeFileSync(
      annotations,
      `${readFileSync(annotations, 'utf8')}${[...bad, ...odd].join('\n')}\n`,
    );
    expect(await generate({ cwd, annotations })).toMatchObject({ code: 0, stderr: '' });
    expect(sourceOf(cwd)).toEqual({
      annotations: 16 + bad.length + odd.length,
      malformed: bad.length,
      objects: objects + 3,
      patches: objects,
      drops: { 'malformed-object': 1, 'unknown-synset': 1, 'image-missing': 1 },
    });
    const listed = await dropsIn(cwd);
    expect(listed).toHaveLength(bad.length + 3);
  });

  test.concurrent.each<[string, string | Buffer, (string | RegExp)[]]>([
    ['another header', 'image,label\na,b\n', ['row 1', 'ImageId,PredictionString']],
    ['no header', `${first.id},${first.wnid} 1 1 9 9\n`, ['row 1', 'ImageId,PredictionString']],
    ['an open quote', 'ImageId,PredictionString\na,"n01443537 1 1\n', ['not CSV', 'row']],
    ['bytes of an image', first.jpeg, [/not CSV|header/]],
    ['nothing in it', '', [/header|no row|empty/]],
  ])('that has %s ends in one line', async (_, content, says) => {
    const { cwd } = goodInput();
    const annotations = join(cwd, 'boxes.csv');
    writeFileSync(annotations, content);
    expectOneLine(await generate({ cwd, annotations }), 1, annotations, ...says);
  });
});

describe('An archive of XML', () => {
  test('whose members lead out of it is read by their last part, and nothing is unpacked', async () => {
    const { cwd } = goodInput();
    const annotations = join(cwd, 'boxes.tgz');
    const [a, b, c, ...rest] = images as [MadeImage, MadeImage, MadeImage, ...MadeImage[]];
    const members: [string, string][] = [
      [`../${a.id}.xml`, toXml(a)],
      [`/etc/${b.id}.xml`, toXml(b)],
      [`./${c.id}.xml`, toXml(c)],
      ...rest.map((image): [string, string] => [`val/${image.id}.xml`, toXml(image)]),
      ['val/..\\odd.xml', good], // its name begins with a dot: hidden
      ['val/notes.txt', 'not XML'],
    ];
    writeFileSync(annotations, gzipSync(await packTar(members)));
    expect(await generate({ cwd, annotations })).toMatchObject({ code: 0, stderr: '' });
    expect(sourceOf(cwd)).toMatchObject({ annotations: 16, malformed: 0, patches: objects });
    const parent = dirname(cwd); // all folders of these tests are in it, and none of `..` more
    const unpacked = pathsIn(parent).filter((path) => path.endsWith(`${b.id}.xml`));
    expect(unpacked.filter((path) => !path.includes('-input/annotations/'))).toEqual([]);
    expect(existsSync(`/etc/${b.id}.xml`)).toBe(false);
  });

  test('with a link and a member of absurd size is not believed', async () => {
    const { cwd } = goodInput();
    const annotations = join(cwd, 'boxes.tar');
    const packed = await packTar([
      ...images.map((image) => [`val/${image.id}.xml`, toXml(image)] as const),
      [{ name: 'val/link.xml', type: 'symlink', linkname: '/etc/passwd' }, ''],
      ['val/large.xml', ' '.repeat(3e6)],
    ]);
    writeFileSync(annotations, packed);
    expect(await generate({ cwd, annotations })).toMatchObject({ code: 0, stderr: '' });
    expect(sourceOf(cwd)).toMatchObject({ annotations: 17, malformed: 1, patches: objects });

    // The same with a member that says it has 8 GB, of which nothing is there.
    const end = packed.subarray(0, packed.length - 1024);
    writeFileSync(annotations, Buffer.concat([end, tarHeader('val/8gb.xml', '77777777777\0')]));
    const run = await generate({ cwd, annotations }, '--name', 'other');
    expectOneLine(run, 1, annotations, 'cannot be read', 'download it again');
    expect(run.peakMemory).toBeLessThan(MEMORY);
  });

  test.concurrent.each<[string, string, () => Promise<Buffer>]>([
    ['is cut off', 'boxes.tgz', async () => (await archive()).subarray(0, 700)],
    ['is no gzip', 'boxes.tgz', () => packTar([['val/a.xml', good]])],
    ['is no tar', 'boxes.tgz', () => Promise.resolve(gzipSync('hello '.repeat(500)))],
    ['is empty', 'boxes.tgz', () => Promise.resolve(Buffer.alloc(0))],
    ['is a tar without its end', 'boxes.tar', async () => (await tarOf()).subarray(0, 5000)],
    ['holds no XML', 'boxes.tgz', async () => gzipSync(await packTar([['a.txt', 'a']]))],
    ['is no tar at all', 'boxes.tar', () => Promise.resolve(Buffer.alloc(2000, 'x'))],
  ])('that %s ends in one line', async (_, name, content) => {
    const { cwd } = goodInput();
    const annotations = join(cwd, name);
    writeFileSync(annotations, await content());
    expectOneLine(await generate({ cwd, annotations }), 1, annotations);
    expect(pathsIn(cwd)).not.toContain(join('output', 'made'));
  });
});

describe('A place without annotations', () => {
  test.concurrent.each<[string, (cwd: string) => string, (string | RegExp)[]]>([
    ['that is not there', (cwd) => join(cwd, 'nowhere'), ['nowhere', 'no such file or folder']],
    ['that holds none', (cwd) => join(cwd, 'images'), ['images', 'no .xml', '--annotations']],
    ['that is another file', (cwd) => join(cwd, 'recipe.yaml'), ['recipe.yaml', 'LOC_']],
    ['below a file', (cwd) => join(cwd, 'recipe.yaml', 'xml'), ['recipe.yaml/xml']],
  ])('- one %s - ends in one line', async (_, place, says) => {
    const { cwd } = goodInput();
    writeRecipe(cwd);
    expectOneLine(await generate({ cwd, annotations: place(cwd) }), 1, ...says);
  });

  test('is said to be missing where neither flag nor recipe names it', async () => {
    const { cwd } = goodInput();
    const run = await runCli(['generate', '-r', writeRecipe(cwd), '-q'], { cwd });
    expectOneLine(run, 1, 'source.annotations', '--annotations');
  });

  test('gives no dataset where all of it is malformed', async () => {
    const { cwd } = goodInput();
    const annotations = join(cwd, 'bad');
    mkdirSync(annotations);
    writeFileSync(join(annotations, 'a.xml'), 'a');
    expectOneLine(await generate({ cwd, annotations }), 1, 'sampling.counts');
  });
});

async function tarOf(): Promise<Buffer> {
  return packTar(images.map((image) => [`val/${image.id}.xml`, toXml(image)] as const));
}

async function archive(): Promise<Buffer> {
  return gzipSync(await tarOf());
}
