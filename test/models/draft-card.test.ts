import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { draftModelCard, readSynsetList } from '../../src/models/draft-card.js';
import type { CardDraft } from '../../src/models/card.js';
import { TINY_CLASSES, tinyModel } from '../support/unit-cards.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

const preprocessing: CardDraft = {
  channels: 'RGB',
  scale: 1 / 255,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  mode: 'squash',
  interpolation: 'bicubic',
  antialias: true,
  cropFraction: 1,
};

/** The fields of the card that is made of a tiny model. */
async function draft(name: string, given: CardDraft, files: Record<string, string> = {}) {
  const folder = writeTree(files);
  copyFileSync(tinyModel(name), join(folder, 'model.onnx'));
  const input = { model: join(folder, 'model.onnx'), out: join(folder, 'cards', 'a.yaml') };
  const { text } = await draftModelCard({ ...input, name: 'tiny', given });
  return parse(text) as Record<string, Record<string, unknown>>;
}

describe('draftModelCard', () => {
  it("takes size, layout and the kind of output from the model's graph", async () => {
    const card = await draft('wide', { ...preprocessing, classes: TINY_CLASSES });
    expect(card).toMatchObject({
      name: 'tiny',
      model: '../model.onnx',
      input: { size: [12, 6], layout: 'NCHW', channels: 'RGB' },
      resize: { mode: 'squash', interpolation: 'bicubic', antialias: true, cropFraction: 1 },
      classes: TINY_CLASSES,
      output: { kind: 'logits' },
    });
  });

  it('knows channels that come last, a background class, and probabilities', async () => {
    const last = await draft('nhwc-fixed', { ...preprocessing, classes: TINY_CLASSES });
    expect(last['input']).toMatchObject({ size: 8, layout: 'NHWC' });
    expect((await draft('background', preprocessing))['classes']).toBe('imagenet-1k-background');
    const softmax = await draft('probabilities', { ...preprocessing, classes: TINY_CLASSES });
    expect(softmax['output']).toEqual({ kind: 'probabilities' });
  });

  it('takes preprocessing from the file beside the model, and what is given above it', async () => {
    const config = {
      pretrained_cfg: {
        input_size: [3, 8, 8],
        interpolation: 'bicubic',
        crop_pct: 0.9,
        mean: [0.1, 0.2, 0.3],
        std: [1, 1, 1],
      },
    };
    const files = { 'config.json': JSON.stringify(config) };
    const card = await draft('nchw', { classes: TINY_CLASSES, cropFraction: 1 }, files);
    expect(card['input']).toMatchObject({ size: 8, mean: [0.1, 0.2, 0.3], scale: 1 / 255 });
    expect(card['resize']).toMatchObject({ mode: 'shorter-side', cropFraction: 1 });
  });

  it('asks by name for everything that cannot be known', async () => {
    await expect(draft('nchw', {})).rejects.toMatchObject({
      code: 'card-unknown-fields',
      fix: expect.stringMatching(
        /^pass --channels RGB\|BGR --scale NUMBER --mean R,G,B --std R,G,B --resize \S+ --interpolation \S+ --antialias .*--crop-fraction NUMBER --classes .*--preset torchvision\|timm/,
      ) as unknown as string,
    });
    await expect(draft('any-size', preprocessing)).rejects.toThrow(/says size; pass --size/);
    await expect(draft('two-outputs', { ...preprocessing, classes: TINY_CLASSES })).rejects.toThrow(
      /says outputName; pass --output-name \S+\|\S+$/,
    );
  });

  it('asks nobody about a model that no card can feed', async () => {
    const says = 'its input "image" is int64, expected float32, float16 or uint8';
    await expect(draft('int64', {})).rejects.toThrow(says);
    await expect(draft('flat', {})).rejects.toThrow(/has shape \[batch, 3\], expected four/);
    await expect(draft('any-size', { ...preprocessing, size: 8, layout: 'NHWC' })).rejects.toThrow(
      'it does not run on an input of 1 x 8 x 8 x 3',
    );
  });

  it('takes pixels as they are for an input of bytes, whatever a config says', async () => {
    const { mean, std, scale, ...resize } = preprocessing;
    const config = JSON.stringify({ mean, std, input_size: [3, 8, 8], scale });
    const given = { ...resize, classes: TINY_CLASSES };
    const card = await draft('bytes', given, { 'config.json': config });
    expect(card['input']).toMatchObject({ scale: 1, mean: [0, 0, 0], std: [1, 1, 1] });
  });

  it('asks what whole numbers stand for, and says what a step is worth', async () => {
    const given = { ...preprocessing, classes: TINY_CLASSES };
    await expect(draft('whole', given)).rejects.toThrow(
      /says outputKind; pass --output-kind \S+ \(and --output-step NUMBER/,
    );
    const steps = { outputKind: 'logits', outputStep: 4, outputZeroPoint: -128 } as const;
    const card = await draft('whole', { ...given, ...steps });
    expect(card['output']).toEqual({ kind: 'logits', step: 4, zeroPoint: -128 });
  });

  it('takes a usual set by its name', async () => {
    const folder = temporaryFolder();
    copyFileSync(tinyModel('nchw'), join(folder, 'model.onnx'));
    const input = { model: join(folder, 'model.onnx'), given: { classes: TINY_CLASSES } };
    const { card } = await draftModelCard({ ...input, preset: 'clip' });
    expect(card.resize).toMatchObject({ interpolation: 'bicubic', cropFraction: 1 });
    expect(card.input.mean[0]).toBe(0.48145466);
  });

  it('drafts no card that evaluate refuses', async () => {
    const refused: [CardDraft, string][] = [
      [{ classes: 'imagenet-1k' }, 'model-class-count'],
      [{ classes: TINY_CLASSES, size: 9 }, 'model-input-shape'],
      [{ classes: TINY_CLASSES, outputName: 'none' }, 'model-output-name'],
    ];
    for (const [given, code] of refused) {
      await expect(
        draft('nchw', { ...preprocessing, outputKind: 'logits', ...given }),
      ).rejects.toMatchObject({ code });
    }
    await expect(
      draft('background', { ...preprocessing, classes: 'imagenet-1k' }),
    ).rejects.toMatchObject({ fix: expect.stringContaining('imagenet-1k-background') as unknown });
  });

  it('refuses what no card may say', async () => {
    const given: CardDraft = { ...preprocessing, classes: TINY_CLASSES, cropFraction: 3 };
    await expect(draft('nchw', given)).rejects.toMatchObject({ place: 'resize.cropFraction' });
  });
});

describe('readSynsetList', () => {
  it('reads one synset a line, whatever stands behind it', async () => {
    const folder = writeTree({ 'list.txt': 'n07753592 banana\r\n\nn01440764\tfish\n' });
    expect(await readSynsetList(join(folder, 'list.txt'))).toEqual(['n07753592', 'n01440764']);
  });

  it('names the line that holds none', async () => {
    const folder = writeTree({ 'list.txt': 'n07753592\nbanana\n' });
    await expect(readSynsetList(join(folder, 'list.txt'))).rejects.toMatchObject({
      code: 'synset-list-invalid',
      place: 'line 2',
    });
    await expect(readSynsetList(join(temporaryFolder(), 'x'))).rejects.toMatchObject({
      code: 'enoent',
    });
  });
});
