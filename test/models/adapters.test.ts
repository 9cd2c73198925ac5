import { describe, expect, test } from '@jest/globals';
import { decide, readHardware } from '../../src/models/adapters.js';

/** Lines as onnxruntime 1.30 logs them. */
const CPU =
  '2026-11-27 18:01:01.333876015 [I:onnxruntime:onnxruntime-node, device_discovery_common.cc:34 operator()] Discovered OrtHardwareDevice {vendor_id:0x1022, device_id:0x0, vendor:AMD, type:0, metadata: []}';
const found = (fields: string) =>
  `${CPU}\n2026-11-27 18:01:01.333876015 [I:onnxruntime:onnxruntime-node, device_discovery_common.cc:34 operator()] Discovered OrtHardwareDevice {${fields}}\n`;
const H200 = found('vendor_id:0x10de, device_id:0x2335, vendor:NVIDIA, type:1, metadata: []');

describe('readHardware', () => {
  test('reads GPUs and NPUs, and leaves the processor out', () => {
    expect(readHardware(CPU)).toEqual([]);
    expect(readHardware(H200)).toEqual([
      { name: '10de:2335', vendor: 'NVIDIA', type: 'gpu', isSoftware: false },
    ]);
    expect(
      readHardware(found('vendor_id:0x8086, device_id:0x7d1d, vendor:, type:2, metadata: []')),
    ).toEqual([{ name: '8086:7d1d', vendor: '', type: 'npu', isSoftware: false }]);
  });

  test('calls a device what the system calls it', () => {
    const fields =
      'vendor_id:0x10de, device_id:0x2684, vendor:NVIDIA, type:1, metadata: [Description=NVIDIA GeForce RTX 4090, Discrete=1]';
    expect(readHardware(found(fields))).toMatchObject([{ name: 'NVIDIA GeForce RTX 4090' }]);
  });

  test('finds nothing in a log that says nothing', () => {
    expect(readHardware('')).toEqual([]);
    expect(readHardware('cannot open shared object file')).toEqual([]);
  });
});

describe('decide', () => {
  const gpu = readHardware(H200);
  const nvidia = { libraries: ['/usr/lib/libGLX_nvidia.so.0'], devices: ['/dev/nvidia0'] };
  const software = {
    libraries: ['/usr/lib/chromium/libvk_swiftshader.so'],
    devices: ['/dev/null'],
  };

  test('takes a GPU that runs a model', () => {
    expect(decide(gpu, { state: 'works', ...nvidia })).toEqual({
      adapters: gpu,
      provider: 'webgpu',
      reason: 'NVIDIA 10de:2335',
    });
    // Under macOS and Windows nobody says which files are open.
    expect(decide(gpu, { state: 'works', libraries: [], devices: [] }).provider).toBe('webgpu');
  });

  test('takes a GPU beside which a software renderer is installed', () => {
    const libraries = [...nvidia.libraries, ...software.libraries];
    const both = decide(gpu, { state: 'works', libraries, devices: nvidia.devices });
    expect(both).toMatchObject({ adapters: gpu, provider: 'webgpu' });
  });

  test('takes the processor where the driver does not start, and says why', () => {
    const state = 'Failed to get a WebGPU adapter.';
    expect(decide(gpu, { state, libraries: [], devices: [] })).toEqual({
      adapters: gpu,
      provider: 'cpu',
      reason: `NVIDIA 10de:2335 does not run WebGPU: ${state}`,
    });
  });

  test('takes the processor where only a software renderer is reached', () => {
    const [only] = decide([], { state: 'works', ...software }).adapters;
    expect(only).toEqual({ name: 'SwiftShader', vendor: '', type: 'gpu', isSoftware: true });
    expect(decide([], { state: 'works', ...software })).toMatchObject({
      provider: 'cpu',
      reason: 'there is no GPU but in software',
    });
    expect(decide(gpu, { state: 'works', ...software })).toMatchObject({
      provider: 'cpu',
      reason: 'WebGPU reaches only SwiftShader, not NVIDIA 10de:2335',
    });
  });

  test('takes the processor where there is nothing else', () => {
    expect(decide([], { state: 'no adapter', libraries: [], devices: [] })).toEqual({
      adapters: [],
      provider: 'cpu',
      reason: 'there is no GPU',
    });
  });
});
