import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readModelConfig } from '../../src/models/published-config.js';
import { writeTree } from '../support/unit-folder.js';

/** What is read from a file of this name that lies beside a model. */
function readBeside(name: string, content: unknown): ReturnType<typeof readModelConfig> {
  const folder = writeTree({ [name]: JSON.stringify(content) });
  return readModelConfig(join(folder, 'model.onnx'));
}

const timm = {
  architecture: 'mobilenetv3_large_100',
  num_classes: 1000,
  pretrained_cfg: {
    input_size: [3, 224, 224],
    interpolation: 'bicubic',
    crop_pct: 0.875,
    crop_mode: 'center',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
};

describe("readModelConfig, timm's config.json", () => {
  it('takes the preprocessing of its pretrained_cfg', async () => {
    expect(await readBeside('config.json', timm)).toEqual({
      size: [224, 224],
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      mode: 'shorter-side',
      interpolation: 'bicubic',
      antialias: true,
      cropFraction: 0.875,
    });
  });

  it('prefers the size and crop that the model is tested at', async () => {
    const config = { ...timm.pretrained_cfg, test_input_size: [3, 288, 256], test_crop_pct: 1 };
    const draft = await readBeside('config.json', { pretrained_cfg: config });
    expect(draft).toMatchObject({ size: [256, 288], cropFraction: 1 });
  });

  it.each([
    ['squash', 'squash'],
    ['border', 'letterbox'],
  ])('knows the crop mode %s as %s', async (crop_mode, mode) => {
    const config = { pretrained_cfg: { ...timm.pretrained_cfg, crop_mode } };
    expect(await readBeside('config.json', config)).toMatchObject({ mode });
  });

  it("takes timm's own defaults for what it does not say, and nothing from a config of nothing", async () => {
    const draft = await readBeside('config.json', { pretrained_cfg: { crop_pct: 0.9 } });
    expect(draft).toMatchObject({ mean: [0.485, 0.456, 0.406], interpolation: 'bicubic' });
    expect(await readBeside('config.json', { pretrained_cfg: { tag: 'a1_in1k' } })).toEqual({});
  });

  it("takes the pair of size and crop that the model's size belongs to", async () => {
    const pretrained_cfg = {
      ...timm.pretrained_cfg,
      test_input_size: [3, 288, 288],
      test_crop_pct: 1,
    };
    const folder = writeTree({ 'config.json': JSON.stringify({ pretrained_cfg }) });
    const read = (side: number) =>
      readModelConfig(join(folder, 'model.onnx'), { size: [side, side] });
    expect(await read(224)).toMatchObject({ size: [224, 224], cropFraction: 0.875 });
    expect(await read(288)).toMatchObject({ size: [288, 288], cropFraction: 1 });
    // Of a third size no crop is known.
    expect(await read(256)).not.toHaveProperty('cropFraction');
  });

  it.each([
    ['a key that is not known', { blur_pct: 0.1 }, 'blur_pct'],
    ['an interpolation of training', { interpolation: 'random' }, 'interpolation is "random"'],
    ['more than three channels', { input_size: [4, 224, 224] }, 'input_size'],
  ])('refuses %s by name', async (_, others, named) => {
    const config = { pretrained_cfg: { ...timm.pretrained_cfg, ...others } };
    await expect(readBeside('config.json', config)).rejects.toThrow(named);
  });

  it('reads a data_config over it, and the older form without a pretrained_cfg', async () => {
    const resolved = { ...timm, data_config: { crop_pct: 1, mean: [0.5] } };
    const draft = await readBeside('config.json', resolved);
    expect(draft).toMatchObject({ cropFraction: 1, mean: [0.5, 0.5, 0.5] });
    const old = { architecture: 'resnet50', ...timm.pretrained_cfg };
    expect(await readBeside('config.json', old)).toMatchObject({ cropFraction: 0.875 });
  });
});

const vit = {
  image_processor_type: 'ViTImageProcessor',
  do_resize: true,
  size: { height: 224, width: 224 },
  resample: 2,
  do_rescale: true,
  rescale_factor: 0.00392156862745098,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};

describe("readModelConfig, Hugging Face's preprocessor_config.json", () => {
  it('squashes to a size of width and height', async () => {
    expect(await readBeside('preprocessor_config.json', vit)).toEqual({
      size: [224, 224],
      channels: 'RGB',
      scale: 0.00392156862745098,
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      mode: 'squash',
      interpolation: 'bilinear',
      antialias: true,
      cropFraction: 1,
    });
  });

  it('scales the shortest edge and crops', async () => {
    const config = {
      ...vit,
      size: { shortest_edge: 235 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 3,
    };
    const draft = await readBeside('preprocessor_config.json', config);
    expect(draft).toMatchObject({
      size: [224, 224],
      mode: 'shorter-side',
      to: 235,
      crop: 'floor',
      interpolation: 'bicubic',
    });
  });

  it("crops as ConvNeXt's processor does, below 384 px only", async () => {
    const convnext = { ...vit, image_processor_type: 'ConvNextImageProcessor', crop_pct: 0.875 };
    const small = { ...convnext, size: { shortest_edge: 224 } };
    expect(await readBeside('preprocessor_config.json', small)).toMatchObject({
      size: [224, 224],
      mode: 'shorter-side',
      to: 256,
    });
    const large = { ...convnext, size: { shortest_edge: 384 } };
    expect(await readBeside('preprocessor_config.json', large)).toMatchObject({
      size: [384, 384],
      mode: 'squash',
      cropFraction: 1,
    });
  });

  it.each([
    ['a processor that is not known', { image_processor_type: 'DonutImageProcessor' }, 'Donut'],
    ['a file that names none', { image_processor_type: null }, 'names no image processor'],
    ['a key that is not known', { do_sharpen: true }, 'do_sharpen'],
    ['padding', { do_pad: true }, 'do_pad'],
    ['images of many sizes', { size: { shortest_edge: 224 } }, 'images of different sizes'],
    ['a longest edge alone', { size: { longest_edge: 224 } }, 'size is {"longest_edge":224}'],
    ['a filter that there is not', { resample: 9 }, 'resample is 9'],
  ])('refuses %s by name', async (_, others, named) => {
    const config = { ...vit, ...others };
    await expect(readBeside('preprocessor_config.json', config)).rejects.toThrow(named);
  });

  it('takes null for nothing said, and what is off for nothing done', async () => {
    const config = { ...vit, crop_size: null, do_center_crop: null, do_pad: false, odd: null };
    const plain = await readBeside('preprocessor_config.json', vit);
    expect(await readBeside('preprocessor_config.json', config)).toEqual(plain);
  });

  it('knows a filter by its word, and the processor by the type of the model', async () => {
    const unnamed = Object.fromEntries(
      Object.entries(vit).filter(([key]) => key !== 'image_processor_type'),
    );
    const folder = writeTree({
      'config.json': '{"model_type": "swin"}',
      'preprocessor_config.json': JSON.stringify({ ...unnamed, resample: 'BICUBIC' }),
    });
    const draft = await readModelConfig(join(folder, 'model.onnx'));
    expect(draft).toMatchObject({ mode: 'squash', interpolation: 'bicubic' });
  });

  it('leaves pixels as they are where it neither rescales nor normalises', async () => {
    const config = { ...vit, do_rescale: false, do_normalize: false };
    expect(await readBeside('preprocessor_config.json', config)).toMatchObject({
      scale: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
  });
});

describe('readModelConfig', () => {
  it('knows nothing where no file lies beside the model', async () => {
    expect(await readModelConfig(join(writeTree({}), 'model.onnx'))).toEqual({});
  });

  it('passes over a config.json of another kind, unless it was named', async () => {
    const folder = writeTree({ 'config.json': '{"port": 80}' });
    expect(await readModelConfig(join(folder, 'model.onnx'))).toEqual({});
    await expect(
      readModelConfig(join(folder, 'model.onnx'), { config: join(folder, 'config.json') }),
    ).rejects.toMatchObject({ code: 'model-config-invalid' });
  });

  it('refuses what is no JSON, and a file that is not there', async () => {
    const folder = writeTree({ 'preprocessor_config.json': '{' });
    await expect(readModelConfig(join(folder, 'model.onnx'))).rejects.toMatchObject({
      code: 'model-config-invalid',
    });
    await expect(
      readModelConfig('m.onnx', { config: join(folder, 'none.json') }),
    ).rejects.toMatchObject({
      code: 'enoent',
    });
  });
});
