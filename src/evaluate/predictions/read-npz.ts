import type { PredictionSource } from '../prediction-source.js';
import type { ByteStore } from './byte-store.js';
import { npyPredictions } from './npy-predictions.js';
import { readNpyTexts } from './npy-texts.js';
import type { PredictionOptions } from './prediction-options.js';
import { problemIn } from './prediction-errors.js';
import { zipMembers } from './zip-members.js';

/** What predictions are called, the likeliest first. */
const NAMES = ['logits', 'probs', 'predictions', 'scores', 'arr_0'];

const IDS = 'ids';

/** Opens what numpy.savez or numpy.savez_compressed wrote; an array of texts `ids` is taken as such. */
export async function readNpz(
  path: string,
  { kind, key, ids }: PredictionOptions,
): Promise<PredictionSource> {
  const arrays = await arraysIn(path);
  const name = chooseArray([...arrays.keys()], path, key);
  const source = await npyPredictions(arrays.get(name)!, path, kind, `array "${name}"`);
  const names = arrays.get(IDS);
  if (names === undefined || name === IDS || ids !== undefined) return source;
  return { ...source, ids: await readNpyTexts(names, path, `array "${IDS}"`) };
}

async function arraysIn(path: string): Promise<Map<string, ByteStore>> {
  const arrays = new Map<string, ByteStore>();
  for (const [name, bytes] of await zipMembers(path)) {
    if (name.endsWith('.npy')) arrays.set(name.slice(0, -4), bytes);
  }
  return arrays;
}

function chooseArray(names: string[], path: string, key?: string): string {
  const candidates = names.filter((name) => name !== IDS);
  if (key === undefined && candidates.length === 1) return candidates[0]!;
  const chosen = key ?? NAMES.find((name) => names.includes(name));
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  const listed = names.slice(0, 10).join(', ');
  throw problemIn(
    path,
    'predictions-no-array',
    key === undefined
      ? `which of its ${names.length} arrays holds the predictions is not clear: ${listed}`
      : `there is no array "${key}" in it, only: ${listed}`,
    { fix: 'name the array with --key' },
  );
}
