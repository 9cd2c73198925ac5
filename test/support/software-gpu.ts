import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';

/** SwiftShader, a GPU in software, which comes with Debian's chromium; it needs libvulkan1 too. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const VULKAN = '/usr/lib/x86_64-linux-gnu/libvulkan.so.1';

/** The environment in which Vulkan finds SwiftShader and nothing else. */
export const SOFTWARE_GPU = { VK_ICD_FILENAMES: SWIFTSHADER, XDG_RUNTIME_DIR: '/tmp' };

/** The environment in which Vulkan finds nothing. */
export const NO_GPU = { VK_ICD_FILENAMES: '/nonexistent.json', XDG_RUNTIME_DIR: '/tmp' };

/** `describe` where SwiftShader is, else a skipped one that says why. */
export function describeWithSoftwareGpu(name: string, tests: () => void): void {
  const missing = [SWIFTSHADER, VULKAN].find((path) => !existsSync(path));
  if (missing === undefined) describe(name, tests);
  else describe.skip(`${name} (skipped: there is no ${missing})`, tests);
}
