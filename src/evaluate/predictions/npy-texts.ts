import type { ByteStore } from './byte-store.js';
import { readNpyHeader } from './npy-header.js';
import { problemIn } from './prediction-errors.js';

/** Enough for a million ids of 64 characters. */
const MAX_TEXT_BYTES = 256 * 2 ** 20;

/**
 * Reads a NumPy array of texts: Unicode (`<U20`) or bytes (`|S20`).
 * @throws EvaluationError `predictions-bad-id-list` where it holds anything else
 */
export async function readNpyTexts(
  store: ByteStore,
  path: string,
  place: string,
): Promise<string[]> {
  const fail = (problem: string): Error =>
    problemIn(path, 'predictions-bad-id-list', problem, {
      place,
      fix: 'save ids as an array of texts, or leave them out',
    });
  const reader = await store.open();
  try {
    const { descr, shape, offset } = await readNpyHeader(reader, store.size, path, place);
    const [, order, type, length] = /^([<>=|]?)([US])(\d{1,6})$/.exec(descr) ?? [];
    if (type === undefined || shape.length !== 1) {
      throw fail(`expected one text a row, got "${descr}" of shape (${shape.join(', ')})`);
    }
    const bytes = Number(length) * (type === 'U' ? 4 : 1);
    const total = shape[0]! * bytes;
    if (total > MAX_TEXT_BYTES) throw fail(`${total} bytes of ids are too many`);
    if (total !== store.size - offset) {
      throw fail(`expected ${total} bytes, got ${store.size - offset}`);
    }
    const raw = Buffer.alloc(total);
    await reader.read(raw, offset);
    if (type === 'U' && order === '>') raw.swap32();
    const decode = type === 'U' ? decodeUtf32 : decodeUtf8;
    return Array.from({ length: shape[0]! }, (_, row) =>
      decode(raw.subarray(row * bytes, (row + 1) * bytes)),
    );
  } catch (error) {
    if (error instanceof RangeError) throw fail('it holds characters that there are not');
    throw error;
  } finally {
    await reader.close();
  }
}

/** Four bytes a character, zeros behind the last. */
function decodeUtf32(raw: Buffer): string {
  let text = '';
  for (let at = 0; at < raw.length; at += 4) {
    const point = raw.readUInt32LE(at);
    if (point !== 0) text += String.fromCodePoint(point);
  }
  return text;
}

function decodeUtf8(raw: Buffer): string {
  return raw.toString('utf8').replace(/\0+$/, '');
}
