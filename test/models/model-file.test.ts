import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { nameOfModel, readModelFacts } from '../../src/models/model-file.js';
import { tinyModel } from '../support/unit-cards.js';
import { writeTree } from '../support/unit-folder.js';

describe('readModelFacts', () => {
  it('tells models whose results depend on the batch', async () => {
    expect((await readModelFacts(tinyModel('nchw'))).dependsOnBatch).toBe(false);
    const folder = writeTree({ 'a.onnx': `${'x'.repeat((1 << 20) - 5)}DynamicQuantizeLinear` });
    const facts = await readModelFacts(join(folder, 'a.onnx'));
    expect(facts.dependsOnBatch).toBe(true); // the name lies across two reads
    expect(facts.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(['model.onnx_data', `${'long'.repeat(40)}.bin`])(
    'knows a model with its weights in %s by both',
    async (weights) => {
      const size = weights.length;
      const length = size < 128 ? [size] : [(size & 127) | 128, size >> 7];
      const name = Buffer.concat([Buffer.from('\n\u0008location\u0012'), Buffer.from(length)]);
      const graph = `${'x'.repeat((1 << 20) - 15)}${name.toString('latin1')}${weights} and more`;
      const folder = writeTree({ 'a.onnx': Buffer.from(graph, 'latin1'), [weights]: 'one' });
      const read = async (): Promise<string> =>
        (await readModelFacts(join(folder, 'a.onnx'))).sha256;
      const before = await read();
      expect(await read()).toBe(before);
      writeFileSync(join(folder, weights), 'other');
      expect(await read()).not.toBe(before);
    },
  );

  it('says that a model is not there', async () => {
    await expect(readModelFacts('none.onnx')).rejects.toMatchObject({ code: 'enoent' });
  });
});

describe('nameOfModel', () => {
  it.each([
    ['nets/resnet50.onnx', 'resnet50'],
    ['nets/resnet50/model.onnx', 'resnet50'],
    ['nets/resnet50/model_fp16.onnx', 'resnet50_fp16'],
    ['nets/resnet50/onnx/model.onnx', 'resnet50'],
    [`hub/vit-tiny/snapshots/${'0a'.repeat(20)}/onnx/model_quantized.onnx`, 'vit-tiny_quantized'],
    ['nets/modelling.onnx', 'modelling'],
    ['nets/my net (2).onnx', 'my-net-2-'],
  ])('%s is %s', (path, name) => {
    expect(nameOfModel(path)).toBe(name);
  });
});
