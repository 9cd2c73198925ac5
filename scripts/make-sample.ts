import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import sharp from 'sharp';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { exists } from '../src/files/folders.js';
import { toJson } from '../src/files/json.js';
import { drawWithoutReplacement, openStream } from '../src/random.js';
import { toAnnotationXml } from './sample/annotation-xml.js';
import { SAMPLE_CLASSES, type SampleClass } from './sample/classes.js';
import { distortBoxes, encodeImage, ODDITIES, type Oddity, oddityAt } from './sample/oddities.js';
import { openPictures } from './sample/picture.js';
import { renderImage } from './sample/render-image.js';

export interface SampleOptions {
  /** Where it goes; replaced only if it is a sample. */
  out: string;
  seed: string;
  trainPerClass: number;
  valPerClass: number;
  onProgress?: (done: number, total: number) => void;
}

const VERSION = 4;

/** What `sample.json` says, and what the caller is told. */
export interface Sample {
  format: 'patchml-sample';
  /** Of the code that made it: raised when the same seed gives other bytes. */
  version: number;
  seed: string;
  trainPerClass: number;
  valPerClass: number;
  classes: number;
  images: number;
  boxes: number;
  /** What is in it on purpose, and what becomes of it. */
  special: string[];
}

/** One image to be made: its file and its annotation, without their extensions. */
interface SampleImage {
  imageId: string;
  folder: string;
  imageFolder: string;
  annotationFolder: string;
  shown: SampleClass;
  stream: string;
  oddity?: Oddity | undefined;
}

/**
 * Makes a small data set in ImageNet's own form: objects of 40 of its classes, rendered from 3D
 * pictures on varied backgrounds, with tight boxes; flat for the validation split, by synset for
 * the train split. Its bytes depend on the seed and the sizes alone.
 */
export async function makeSample(options: SampleOptions): Promise<Sample> {
  const { out, seed, trainPerClass, valPerClass } = options;
  const wanted = {
    format: 'patchml-sample',
    version: VERSION,
    seed,
    trainPerClass,
    valPerClass,
  } as const;
  const former = await readSample(out);
  if (former && toJson({ ...former, ...wanted }) === toJson(former)) return former;
  if (!former && (await exists(out))) throw new Error(`${out} is there and is no sample`);

  const partial = `${out}.partial`;
  await rm(partial, { recursive: true, force: true });
  const images = [...listVal(options), ...listTrain(options)];
  const boxes = await renderAll(images, partial, options);
  await mkdir(join(partial, 'val'), { recursive: true });
  await writeFile(join(partial, 'val', 'labels.csv'), toLabelsCsv(images));
  const sample: Sample = {
    ...wanted,
    classes: SAMPLE_CLASSES.length,
    images: images.length,
    boxes,
    special: ODDITIES.map(({ what }) => what),
  };
  await writeFile(join(partial, 'sample.json'), toJson(sample));
  await rm(out, { recursive: true, force: true });
  await rename(partial, out);
  return sample;
}

/** Validation images in a random order of classes, as in ImageNet. */
function listVal({ seed, valPerClass }: SampleOptions): SampleImage[] {
  const total = SAMPLE_CLASSES.length * valPerClass;
  const order = drawWithoutReplacement(openStream(`${seed}/sample/val/order`), total, total);
  return order.map((drawn, position) => ({
    imageId: `SAMPLE_val_${String(position + 1).padStart(8, '0')}`,
    folder: 'val',
    imageFolder: 'val/images',
    annotationFolder: 'val/annotations',
    shown: SAMPLE_CLASSES[drawn % SAMPLE_CLASSES.length]!,
    stream: `${seed}/sample/val/image=${position}`,
    oddity: oddityAt(position),
  }));
}

function listTrain({ seed, trainPerClass }: SampleOptions): SampleImage[] {
  return SAMPLE_CLASSES.flatMap((shown) =>
    Array.from({ length: trainPerClass }, (_, number) => ({
      imageId: `${shown.wnid}_${number}`,
      folder: shown.wnid,
      imageFolder: `train/images/${shown.wnid}`,
      annotationFolder: `train/annotations/${shown.wnid}`,
      shown,
      stream: `${seed}/sample/train/${shown.wnid}/image=${number}`,
    })),
  );
}

/** The class of each validation image that is there, as `patchml evaluate --labels` takes it. */
function toLabelsCsv(images: readonly SampleImage[]): string {
  const shown = images.filter(({ folder, oddity }) => folder === 'val' && oddity !== 'no-image');
  return [
    'file,labels',
    ...shown.map(({ imageId, shown }) => `${imageId}.JPEG,${shown.wnid}`),
    '',
  ].join('\n');
}

async function renderAll(
  images: readonly SampleImage[],
  partial: string,
  { onProgress }: SampleOptions,
): Promise<number> {
  sharp.concurrency(1);
  const pictures = await openPictures();
  const folders = new Set(images.flatMap((image) => [image.imageFolder, image.annotationFolder]));
  for (const folder of folders) await mkdir(join(partial, folder), { recursive: true });
  const limit = pLimit(4);
  let done = 0;
  const counts = await limit.map(images, async (image) => {
    const boxes = await makeImage(image, pictures.get(image.shown.wnid)!, partial);
    onProgress?.((done += 1), images.length);
    return boxes;
  });
  return counts.reduce((sum, boxes) => sum + boxes, 0);
}

async function makeImage(
  { imageId, folder, imageFolder, annotationFolder, shown, stream, oddity }: SampleImage,
  picture: Parameters<typeof renderImage>[0],
  partial: string,
): Promise<number> {
  const { width, height, image, boxes } = await renderImage(picture, openStream(stream));
  const annotated = distortBoxes(boxes, [width, height], oddity);
  const bytes = await encodeImage(image, oddity);
  if (bytes) await writeFile(join(partial, imageFolder, `${imageId}.JPEG`), bytes);
  await writeFile(
    join(partial, annotationFolder, `${imageId}.xml`),
    toAnnotationXml({ folder, imageId, width, height, wnid: shown.wnid, boxes: annotated }),
  );
  return annotated.length;
}

async function readSample(out: string): Promise<Sample | undefined> {
  try {
    const sample = JSON.parse(await readFile(join(out, 'sample.json'), 'utf8')) as Partial<Sample>;
    return sample.format === 'patchml-sample' ? (sample as Sample) : undefined;
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const flags = await yargs(hideBin(process.argv))
    .usage('$0\n\nMakes a sample in ImageNet form.')
    .options({
      out: { type: 'string', default: join('output', 'sample'), describe: 'Where it goes' },
      seed: { type: 'string', default: '42', describe: 'Seed of every random choice' },
      'train-per-class': { type: 'number', default: 0, describe: 'Train images per class' },
      'val-per-class': { type: 'number', default: 10, describe: 'Validation images per class' },
    })
    .strict()
    .parseAsync();
  const sample = await makeSample({
    out: flags.out,
    seed: flags.seed,
    trainPerClass: flags['train-per-class'],
    valPerClass: flags['val-per-class'],
  });
  console.log(JSON.stringify({ out: flags.out, ...sample }, null, 2));
}
