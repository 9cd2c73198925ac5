import { createRequire } from 'node:module';

/** The version of onnxruntime that models run on. */
export function onnxruntimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
    version: string;
  };
  return version;
}
