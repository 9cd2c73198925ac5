// From a published config to pixels, against the libraries' own processors.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encode } from '../../src/image/encode.js';
import {
  type CardDraft,
  inputSize,
  type ModelCard,
  parseModelCard,
} from '../../src/models/card.js';
import { openPreprocessor, valuesPerImage } from '../../src/models/preprocess.js';
import { readModelConfig } from '../../src/models/published-config.js';
import { writeTree } from '../support/unit-folder.js';
import { drawImageOf } from '../support/unit-images.js';

/** What the libraries' own processors made; by scripts/processor-reference.py. */
interface Reference {
  sizes: [number, number][];
  cases: ReferenceCase[];
}

interface ReferenceCase {
  name: string;
  /** What the config is called beside a model. */
  file: string;
  config: object;
  backend: 'pillow' | 'torchvision';
  /** Channels, rows and columns of the tensor. */
  shape: [number, number, number];
  images: { pixels: string; stride: number; values: string }[];
}

function readReference(name: string): Reference {
  const text = readFileSync(join('test', 'models', 'processors', name), 'utf8');
  return JSON.parse(text) as Reference;
}

const references = [readReference('reference.json'), readReference('efficientformer.json')];
const cases = references.flatMap(({ sizes, cases }) => cases.map((one) => ({ ...one, sizes })));

/** The card that `model add` makes of a config, for a graph that takes any size. */
async function cardOf({ file, config, shape }: ReferenceCase): Promise<ModelCard> {
  const folder = writeTree({ [file]: JSON.stringify(config) });
  const size = [shape[2], shape[1]] as const;
  const draft = await readModelConfig(join(folder, 'model.onnx'), { size });
  return parseModelCard(fieldsOf(draft), join(folder, 'card.yaml'));
}

function fieldsOf({ size, channels, scale, mean, std, ...resize }: CardDraft): object {
  return {
    model: 'model.onnx',
    input: { size, layout: 'NCHW', channels, scale, mean, std },
    resize,
    classes: 'imagenet-1k',
    output: { kind: 'logits' },
  };
}

const pictures = new Map<string, Promise<Buffer>>();

/** The picture that the script draws; each is drawn once. */
function drawn(width: number, height: number): Promise<Buffer> {
  const key = `${width} x ${height}`;
  const picture = pictures.get(key) ?? draw(width, height);
  pictures.set(key, picture);
  return picture;
}

function draw(width: number, height: number): Promise<Buffer> {
  const noise = (x: number, y: number, c: number): number =>
    ((Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(c, 83492791)) >>> 0) % 64;
  const level = (x: number, y: number, c: number): number => {
    const along = Math.floor((x * (5 + 2 * c) * 256) / width);
    const slope = (along + Math.floor((y * (3 + c) * 256) / height)) % 512;
    const shade = Math.floor(((slope < 256 ? slope : 511 - slope) * 3) / 4) + noise(x, y, c);
    return ((x >> 4) + (y >> 4)) % 2 === 1 && 2 * x > width ? 255 - shade : shade;
  };
  const image = drawImageOf(width, height, (x, y) => [
    level(x, y, 0),
    level(x, y, 1),
    level(x, y, 2),
  ]);
  return encode(image, 'png', 100);
}

/** The levels that values stand for, in their own order. */
function levelsOf(values: Float32Array, { input }: ModelCard): Uint8Array {
  const plane = values.length / 3;
  const levels = new Uint8Array(values.length);
  for (let at = 0; at < levels.length; at += 1) {
    const channel = Math.floor(at / plane);
    levels[at] = Math.round(
      (values[at]! * input.std[channel]! + input.mean[channel]!) / input.scale,
    );
  }
  return levels;
}

function decodeValues(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

describe("cards of published configs, against the libraries' own processors", () => {
  it.each(cases)('$name', async (reference) => {
    const card = await cardOf(reference);
    const [, height, width] = reference.shape;
    expect(inputSize(card.input)).toEqual([width, height]);
    const preprocess = openPreprocessor(card, 'float32');
    let most = 0;
    for (const [at, [width, height]] of reference.sizes.entries()) {
      const { pixels, stride, values } = reference.images[at]!;
      const mine = new Float32Array(valuesPerImage(card.input));
      await preprocess(await drawn(width, height), mine);
      const theirs = decodeValues(values);
      for (const [index, value] of theirs.entries()) {
        const place = index * stride;
        const { scale, std } = card.input;
        const step = scale / std[Math.floor((3 * place) / mine.length)]!;
        most = Math.max(most, Math.abs(mine[place]! - value) / step);
      }
      if (reference.backend === 'pillow') {
        const digest = createHash('sha256').update(levelsOf(mine, card)).digest('hex');
        expect({ width, height, pixels: digest }).toEqual({ width, height, pixels });
      }
    }
    // Float32 rounds the normalisation otherwise in places: thousandths of a level of 255.
    expect(most).toBeLessThanOrEqual(reference.backend === 'pillow' ? 2e-3 : 1.002);
  });
});
