import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import {
  EXPORT_NAMES,
  generate,
  type Generated,
  parseRecipe,
  type Recipe,
  releaseDataset,
} from '../../src/index.js';
import { makeSample } from '../make-sample.js';

/** Good inputs of every kind. */
export interface Corpus {
  recipe: Recipe;
  annotations: string;
  images: string;
  made: Generated;
  release: string;
  /** Small files, by the kind of input they are. */
  files: Record<FileKind, string[]>;
}

export type FileKind =
  | ('xml' | 'annotation-csv' | 'annotation-tar' | 'annotation-tgz')
  | ('image' | 'image-tar' | 'recipe' | 'card' | 'labels-csv' | 'labels-json')
  | ('npy' | 'npz' | 'csv' | 'parquet' | 'onnx' | 'config');

/** Makes the good inputs in a folder. */
export async function makeCorpus(folder: string): Promise<Corpus> {
  const sample = join(folder, 'sample');
  await makeSample({ out: sample, seed: '42', trainPerClass: 0, valPerClass: 1 });
  const annotations = join(sample, 'val', 'annotations');
  const images = join(sample, 'val', 'images');
  const recipe = parseRecipe({ name: 'fuzz', sampling: { counts: { 2: 4, 3: 4 } } });
  const out = join(folder, 'dataset');
  const made = await generate({ recipe, annotations, images, out, work: join(folder, 'work') });
  const { folder: release } = await releaseDataset({
    dataset: out,
    version: '1.0.0',
    to: folder,
    exports: [...EXPORT_NAMES],
  });
  const files = await writeFiles(join(folder, 'files'), annotations, images);
  return { recipe, annotations, images, made, release, files };
}

async function writeFiles(
  folder: string,
  annotations: string,
  images: string,
): Promise<Corpus['files']> {
  await mkdir(folder);
  const write = async (name: string, bytes: Buffer | string): Promise<string> => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const pathsIn = async (path: string, ending: string): Promise<string[]> =>
    (await readdir(path)).filter((name) => name.endsWith(ending)).map((name) => join(path, name));
  const xml = (await pathsIn(annotations, '.xml')).slice(0, 5);
  const photos = await pathsIn(images, '.JPEG');
  const [xmlTar, imageTar] = [await packFiles(xml), await packFiles(photos.slice(0, 3))];
  const names = photos.map((path) => basename(path, '.JPEG'));
  const photo = sharp(photos[0]).resize(60, 40);
  const labels = names.map((name, row) => [`${name}.JPEG`, row] as const);
  const lists = Object.fromEntries(labels.map(([file, label]) => [file, [label, label + 1]]));
  return {
    xml,
    'annotation-csv': [
      await write('LOC.csv', `ImageId,PredictionString\n${names.map(toCsvRow).join('')}`),
    ],
    'annotation-tar': [await write('xml.tar', xmlTar)],
    'annotation-tgz': [await write('xml.tgz', gzipSync(xmlTar))],
    image: [
      await write('a.jpeg', await photo.jpeg().toBuffer()),
      await write('b.jpeg', await photo.jpeg({ progressive: true }).toBuffer()),
      await write('c.png', await photo.png().toBuffer()),
      await write('d.png', await photo.png({ progressive: true, palette: true }).toBuffer()),
      await write('e.webp', await photo.webp({ lossless: true }).toBuffer()),
      await write('f.gif', await photo.gif().toBuffer()),
      await write('g.tiff', await photo.tiff().toBuffer()),
      await write('h.png', await photo.toColourspace('grey16').png().toBuffer()),
    ],
    'image-tar': [await write('images.tar', imageTar)],
    recipe: await pathsIn('configs/recipes', '.yaml'),
    card: await pathsIn('configs/models', '.yaml'),
    'labels-csv': [
      await write(
        'labels.csv',
        `file,label\n${labels.map((row) => `${row.join(',')}\n`).join('')}`,
      ),
    ],
    'labels-json': [await write('labels.json', JSON.stringify(lists))],
    npy: await pathsIn(PREDICTIONS, '.npy'),
    npz: (await pathsIn(PREDICTIONS, '.npz')).filter((path) => !path.endsWith('two.npz')),
    csv: await pathsIn(PREDICTIONS, '.csv'),
    parquet: await pathsIn(PREDICTIONS, '.parquet'),
    onnx: await pathsIn('configs/models', '.onnx'),
    config: [
      await write('a.json', JSON.stringify(HUGGING_FACE)),
      await write('b.json', JSON.stringify(TIMM)),
    ],
  };
}

const PREDICTIONS = 'test/predictions/fixtures';

const HUGGING_FACE = {
  image_processor_type: 'ConvNextImageProcessor',
  do_resize: true,
  size: { shortest_edge: 224 },
  crop_pct: 0.875,
  resample: 3,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.485, 0.456, 0.406],
  image_std: [0.229, 0.224, 0.225],
};

const TIMM = {
  architecture: 'resnet50',
  pretrained_cfg: {
    input_size: [3, 224, 224],
    test_input_size: [3, 288, 288],
    crop_pct: 0.95,
    crop_mode: 'center',
    interpolation: 'bicubic',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    num_classes: 1000,
  },
};

function toCsvRow(name: string, row: number): string {
  return `${name},n01440764 ${row} 1 100 90 n01443537 5 6 60 ${50 + row} \n`;
}

async function packFiles(paths: readonly string[]): Promise<Buffer> {
  const archive = pack();
  for (const path of paths) archive.entry({ name: basename(path) }, await readFile(path));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
