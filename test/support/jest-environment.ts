import { TestEnvironment } from 'jest-environment-node';

/**
 * Node's environment, in which typed arrays are those of Node itself: native code makes such, and
 * takes no others.
 */
export default class extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    Object.assign(this.global, {
      ArrayBuffer,
      BigInt64Array,
      Float32Array,
      Float64Array,
      Int16Array,
      Int32Array,
      Int8Array,
      Uint16Array,
      Uint32Array,
      Uint8Array,
    });
  }
}
