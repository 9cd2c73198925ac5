// Folders as people have them, on the whole way of a run.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generate, type Generated } from '../../src/generate/generate.js';
import { releaseDataset } from '../../src/release/release.js';
import { verify } from '../../src/release/verify.js';
import { pushRelease } from '../../src/transfer/push.js';
import { makeImages, toXml, writeFolders } from '../support/input.js';
import { madeRecipe, writeRecipe } from '../support/made-recipe.js';
import { runCli } from '../support/run-cli.js';
import { packTar, tarHeader } from '../support/unit-archives.js';
import { openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 24 });
const plain = writeFolders(newFolder('plain'), images);

interface Made {
  cwd: string;
  digest: string;
  hidden: Generated['hidden'];
}

async function make(given: Partial<typeof plain>, strict = false): Promise<Made> {
  const cwd = newFolder('run');
  const places = { out: join(cwd, 'output', 'made'), work: join(cwd, 'work') };
  const input = { recipe: madeRecipe(), ...plain, ...given, ...places };
  const { lock, hidden } = await generate(input, { strict });
  return { cwd, digest: lock.dataset, hidden };
}

const { cwd: made, digest } = await make({});

describe('generate, of the folders that people have', () => {
  test('follows links to images, to XML, and to folders of either', async () => {
    const linked = newFolder('linked');
    mkdirSync(join(linked, 'annotations'));
    symlinkSync(plain.annotations, join(linked, 'annotations', 'n01440764'));
    mkdirSync(join(linked, 'images'));
    for (const file of pathsIn(plain.images)) {
      symlinkSync(join(plain.images, file), join(linked, 'images', file));
    }
    const places = { annotations: join(linked, 'annotations'), images: join(linked, 'images') };
    expect(await make(places)).toMatchObject({ digest });
  });

  test('takes images that are named with their synset', async () => {
    const named = newFolder('named');
    for (const { id, wnid, jpeg } of images) writeFileSync(join(named, `${id}_${wnid}.JPEG`), jpeg);
    expect(await make({ images: named })).toMatchObject({ digest });
  });

  test('takes an archive of the old form of tar (v7)', async () => {
    const archive = join(newFolder('v7'), 'images.tar');
    const packed = images.map(({ id, jpeg }) => {
      const header = tarHeader(`${id}.JPEG`, `${jpeg.length.toString(8).padStart(11, '0')}\0`);
      header.fill(0, 257); // no "ustar"
      header.fill(' ', 148, 156);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return Buffer.concat([header, jpeg, Buffer.alloc((512 - (jpeg.length % 512)) % 512)]);
    });
    writeFileSync(archive, Buffer.concat([...packed, Buffer.alloc(1024)]));
    expect(await make({ images: archive })).toMatchObject({ digest });
  });

  test('skips hidden files, in folders and archives, and says how many', async () => {
    const hiding = writeFolders(newFolder('hiding'), images);
    for (const { id, jpeg } of images.slice(0, 3)) {
      mkdirSync(join(hiding.images, '.ipynb_checkpoints'), { recursive: true });
      writeFileSync(join(hiding.images, '.ipynb_checkpoints', `${id}-checkpoint.JPEG`), jpeg);
    }
    const members = images.map((image) => [`val/${image.id}.xml`, toXml(image)] as const);
    const archive = join(newFolder('mac'), 'val.tar');
    writeFileSync(archive, await packTar([['val/._a.xml', 'Mac OS X'], ...members]));
    const places = { annotations: archive, images: hiding.images };
    expect(await make(places)).toMatchObject({ digest, hidden: { annotations: 1, images: 3 } });
    const cwd = newFolder('said');
    const flags = ['-r', writeRecipe(cwd), '-a', archive, '-i', hiding.images];
    const { stdout } = await runCli(['generate', ...flags], { cwd });
    expect(stdout).toMatch(/hidden files skipped +│ annotations: 1, images: 3 /);
  });

  test('says where not one annotation has its image', async () => {
    const other = newFolder('other');
    images.forEach(({ jpeg }, n) => {
      writeFileSync(join(other, `picture-${n}.JPEG`), jpeg);
    });
    await expect(make({ images: other })).rejects.toMatchObject({
      name: 'ImageError',
      code: 'images-unmatched',
      path: other,
      message: expect.stringContaining(
        '0 of 24 annotated images were found in it; it contains 24 images, such as "picture-0"',
      ) as unknown,
    });
  });

  test('ends a strict run at an image whose size contradicts its annotation', async () => {
    const { annotations } = writeFolders(newFolder('turned'), images);
    const [first] = images;
    const turned = toXml({ ...first!, width: 3 * first!.width });
    writeFileSync(join(annotations, `${first!.id}.xml`), turned);
    await expect(make({ annotations }, true)).rejects.toMatchObject({
      name: 'AnnotationError',
      code: 'annotation-malformed',
      place: first!.id,
    });
    await expect(make({ annotations })).resolves.toMatchObject({ hidden: {} });
  });
});

describe('A folder one level too high or too low', () => {
  test.each([
    ['output', join('output', 'made')],
    [join('output', 'made', 'images'), join('output', 'made')],
  ])('is answered with the one that is meant: %s', async (given, meant) => {
    await expect(verify({ folder: join(made, given) })).rejects.toMatchObject({
      code: 'stage-missing',
      path: join(made, given),
      fix: `did you mean "${join(made, meant)}"?`,
    });
  });
});

describe('A release that Ultralytics was trained on', () => {
  test('is whole, and the label caches that it left are named and not pushed', async () => {
    const dataset = join(made, 'output', 'made');
    const to = newFolder('releases');
    const { folder } = await releaseDataset({ dataset, to, version: '1.0.0', exports: ['yolo'] });
    const cache = 'exports/yolo/labels/val.cache';
    writeFileSync(join(folder, cache), 'pickle');
    const run = await runCli(['verify', folder], { cwd: made });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain(cache);
    await expect(verify({ folder: to })).rejects.toMatchObject({
      fix: `did you mean "${folder}"?`,
    });
    const store = newFolder('store');
    await pushRelease({ release: folder, to: store });
    const pushed = pathsIn(store);
    expect(pushed.some((path) => path.endsWith('data.yaml'))).toBe(true);
    expect(pushed.filter((path) => path.endsWith('.cache'))).toEqual([]);
  });
});
