import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { EvaluationError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { requireRegularFile } from '../files/read-file.js';

/** What a model's file says without being run. */
export interface ModelFacts {
  /** SHA-256 of the file; where its weights lie in other files, of the digests of all of them. */
  sha256: string;
  /**
   * Whether it quantises its activations by the range they have in the batch, so that what an
   * image is given depends on the images beside it.
   */
  dependsOnBatch: boolean;
  /** Bytes of the file, and of the others with its weights. */
  bytes: number;
}

const DYNAMIC_QUANTISATION = Buffer.from('DynamicQuantizeLinear');

/** How the name of a file with weights begins: key `location` of a `StringStringEntryProto`. */
const LOCATION = Buffer.from('\n\u0008location\u0012');

/** Bytes at the end of a chunk that are looked at again with the next: a name and what is before it. */
const OVERLAP = 4096;

/**
 * Reads a model's file once, and the files with its weights, if there are some.
 *
 * @throws PatchmlError where one cannot be read
 */
export async function readModelFacts(path: string): Promise<ModelFacts> {
  const hash = createHash('sha256');
  const weights = new Set<string>();
  let dependsOnBatch = false;
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  await requireRegularFile(path);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      const seen = Buffer.concat([tail, chunk as Buffer]);
      dependsOnBatch ||= seen.includes(DYNAMIC_QUANTISATION);
      for (const name of namesIn(seen)) weights.add(name);
      tail = seen.subarray(-OVERLAP);
    }
    const model = hash.digest('hex');
    if (weights.size === 0) return { sha256: model, dependsOnBatch, bytes };
    const files = [...weights].sort().map((name) => [name, join(dirname(path), name)] as const);
    const digests = files.map(([name, file]) => [name, sha256File(file)] as const);
    for (const [, file] of files) bytes += (await stat(file)).size;
    const sha256 = digestOf({ model, weights: Object.fromEntries(digests) });
    return { sha256, dependsOnBatch, bytes };
  } catch (error) {
    throw explainError(error, path);
  }
}

/**
 * Reads the file of the model that a card is of. A card says how one model is fed: another file at
 * its place may be fed in another way.
 *
 * @throws EvaluationError `model-changed`
 * @throws PatchmlError where a file cannot be read
 */
export async function readCardedModel(card: {
  model: string;
  sha256?: string | undefined;
}): Promise<ModelFacts> {
  const facts = await readModelFacts(card.model);
  if (card.sha256 === undefined || card.sha256 === facts.sha256) return facts;
  throw new EvaluationError('this is not the file that its card was made for', {
    code: 'model-changed',
    path: card.model,
    fix: 'recreate its card with "patchml model add --overwrite", or correct `sha256` in the card',
  });
}

/** The files that tensors lie in, of those that are named in these bytes from begin to end. */
function namesIn(bytes: Buffer): string[] {
  const names: string[] = [];
  for (let at = bytes.indexOf(LOCATION); at !== -1; at = bytes.indexOf(LOCATION, at + 1)) {
    const start = at + LOCATION.length;
    const length = bytes[start];
    // A length of 128 and more takes two bytes, of which the first has its highest bit set.
    if (length === undefined || start + 1 + (length & 127) > bytes.length) continue;
    const isLong = length > 127;
    const size = isLong ? (length & 127) + 128 * bytes[start + 1]! : length;
    const from = start + (isLong ? 2 : 1);
    if (from + size <= bytes.length) names.push(bytes.toString('utf8', from, from + size));
  }
  return names;
}

/** Folders that say nothing of the model in them: `resnet50/onnx/model.onnx`, the Hub's cache. */
const GENERIC = /^(onnx|snapshots|[0-9a-f]{40})$/;

/**
 * What a model is called unless it is said: as its file, or where that is what every exporter calls
 * it, `model.onnx` or `model_quantized.onnx`, as the folder around it.
 */
export function nameOfModel(path: string): string {
  const { name, dir } = parse(resolve(path));
  const [, ending] = /^model((?:_\w+)?)$/.exec(name) ?? [];
  const folder = dir.split(sep).findLast((part) => part !== '' && !GENERIC.test(part));
  const own = ending === undefined || folder === undefined ? name : `${folder}${ending}`;
  return own.replace(/[^\w.-]+/g, '-');
}
