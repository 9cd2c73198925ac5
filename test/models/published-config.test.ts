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
      size: 224,
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

  it('leaves out what it does not say', async () => {
    const draft = await readBeside('config.json', { pretrained_cfg: { crop_pct: 0.9 } });
    expect(draft).not.toHaveProperty('mean');
    expect(draft).not.toHaveProperty('size');
  });
});

const vit = {
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
      size: 224,
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
    expect(draft).toMatchObject({ size: 224, mode: 'shorter-side', interpolation: 'bicubic' });
    expect(Math.floor(224 / draft.cropFraction!)).toBe(235);
  });

  it("crops as ConvNeXt's processor does, below 384 px only", async () => {
    const small = { ...vit, size: { shortest_edge: 224 }, crop_pct: 0.875 };
    expect(await readBeside('preprocessor_config.json', small)).toMatchObject({
      size: 224,
      mode: 'shorter-side',
      cropFraction: 0.875,
    });
    const large = { ...vit, size: { shortest_edge: 384 }, crop_pct: 0.875 };
    expect(await readBeside('preprocessor_config.json', large)).toMatchObject({
      size: 384,
      mode: 'squash',
      cropFraction: 1,
    });
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
      readModelConfig(join(folder, 'model.onnx'), join(folder, 'config.json')),
    ).rejects.toMatchObject({ code: 'model-config-invalid' });
  });

  it('refuses what is no JSON, and a file that is not there', async () => {
    const folder = writeTree({ 'preprocessor_config.json': '{' });
    await expect(readModelConfig(join(folder, 'model.onnx'))).rejects.toMatchObject({
      code: 'model-config-invalid',
    });
    await expect(readModelConfig('m.onnx', join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'enoent',
    });
  });
});
