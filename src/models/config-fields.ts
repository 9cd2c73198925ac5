import type { z } from 'zod';
import { EvaluationError } from '../errors.js';

/** Published configs write `null` where nothing is said. */
export function dropNulls(config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

/**
 * Reads the fields of a published config, and refuses what is not understood: a key that is passed
 * over could change every pixel. A `do_...` that is switched off does nothing.
 *
 * @param others keys that say nothing of pixels
 * @throws EvaluationError `model-config-invalid`, which names the key
 */
export function requireKnownKeys<Shape extends z.ZodObject>(
  config: Record<string, unknown>,
  fields: Shape,
  others: ReadonlySet<string>,
  path: string,
): z.output<Shape> {
  const unknown = Object.entries(config)
    .filter(([key, value]) => !(key in fields.shape) && !others.has(key) && !isOff(key, value))
    .map(([key]) => key);
  if (unknown.length > 0) {
    throw invalidConfig(`patchml does not know what ${unknown.join(', ')} does to an image`, path);
  }
  const parsed = fields.safeParse(config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue!.path.map(String).join('.');
  const got = JSON.stringify(config[String(issue!.path[0])]);
  throw invalidConfig(`${place} is ${got.slice(0, 80)}: ${issue!.message}`, path);
}

function isOff(key: string, value: unknown): boolean {
  return key.startsWith('do_') && value === false;
}

/** A config that cannot be read as its library reads it. */
export function invalidConfig(problem: string, path: string, cause?: unknown): EvaluationError {
  return new EvaluationError(problem, {
    code: 'model-config-invalid',
    path,
    fix: 'pass the preprocessing with flags, with --preset, or another file as --config',
    cause,
  });
}

/** One number for all channels, or three. */
export function toTriple(values: number | readonly number[]): [number, number, number] {
  const [first, second, third] = typeof values === 'number' ? [values] : values;
  return [first!, second ?? first!, third ?? first!];
}
