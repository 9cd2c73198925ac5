import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { explainError } from '../errors.js';

/** What is told from a model's file without running it. */
export interface ModelFacts {
  sha256: string;
  /**
   * Whether it quantises its activations by the range they have in the whole batch, so that what an
   * image is given depends on the images beside it.
   */
  dependsOnBatch: boolean;
}

const DYNAMIC_QUANTISATION = Buffer.from('DynamicQuantizeLinear');

/** Reads a model's file once. @throws PatchmlError where it cannot be read */
export async function readModelFacts(path: string): Promise<ModelFacts> {
  const hash = createHash('sha256');
  let dependsOnBatch = false;
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      const seen = Buffer.concat([tail, chunk as Buffer]);
      dependsOnBatch ||= seen.includes(DYNAMIC_QUANTISATION);
      tail = seen.subarray(-DYNAMIC_QUANTISATION.length);
    }
  } catch (error) {
    throw explainError(error, path);
  }
  return { sha256: hash.digest('hex'), dependsOnBatch };
}
