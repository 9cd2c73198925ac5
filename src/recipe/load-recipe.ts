import { readFile, stat } from 'node:fs/promises';
import { Lexer, parseDocument } from 'yaml';
import type { z } from 'zod';
import { explainError, RecipeError } from '../errors.js';
import { cellsASide, cellSize, safeArea } from './geometry.js';
import { patchCounts } from './patch-counts.js';
import { MAX_PATCHES, MIN_CELL_SIDE } from './limits.js';
import { type Recipe, type RecipeInput, recipeSchema } from './schema.js';

/** Room for all of ImageNet's blocked images; the parser is slow on much more. */
const MAX_RECIPE_BYTES = 1 << 17;
const MAX_DEPTH = 50;

/** Fields to lay over those of the file, such as `{ seed: 7, sampling: { counts: { 2: 500 } } }`. */
export type RecipeOverrides = DeepPartial<RecipeInput>;

type DeepPartial<T> = T extends unknown[] | string | number | boolean
  ? T
  : { [K in keyof T]?: DeepPartial<T[K]> | undefined };

/**
 * Reads a recipe from a YAML file, lays the overrides over it, fills in the defaults and checks it.
 * @throws RecipeError that names the field, what it may be and what it was.
 */
export async function loadRecipe(path: string, overrides: RecipeOverrides = {}): Promise<Recipe> {
  const fields = parseYaml(await readText(path), path);
  if (!isMapping(fields)) {
    throw new RecipeError('expected fields such as "name: my-dataset"', {
      code: 'recipe-not-fields',
      path,
      fix: '"patchml init" writes a recipe with every field',
    });
  }
  return parseRecipe(merge(fields, overrides), path);
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_RECIPE_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    throw explainError(error, path);
  }
  throw new RecipeError('this is too large to be a recipe', { code: 'recipe-too-large', path });
}

function parseYaml(text: string, path: string): unknown {
  if (isTooDeep(text)) {
    throw new RecipeError('this is nested too deep to be a recipe', {
      code: 'recipe-not-yaml',
      path,
    });
  }
  try {
    const document = parseDocument(text, { prettyErrors: true });
    const [problem] = document.errors;
    if (problem) throw problem;
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const { message, linePos } = cause as Error & { linePos?: [{ line: number }] };
    throw new RecipeError(`this is not YAML: ${message.split('\n')[0]!}`, {
      code: 'recipe-not-yaml',
      path,
      place: linePos && `line ${linePos[0].line}`,
      cause,
    });
  }
}

/** Whether the parser, which is recursive, would run out of stack. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let openedInLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    else if (token === '-' || token === '?') openedInLine += 1;
    else if (token.startsWith('\n')) openedInLine = 0;
    if (depth + openedInLine > MAX_DEPTH) return true;
  }
  return false;
}

/**
 * Fills in the defaults of a recipe and checks it.
 * @param path named in errors
 * @throws RecipeError
 */
export function parseRecipe(input: unknown, path?: string): Recipe {
  const parsed = recipeSchema.safeParse(input, { reportInput: true });
  if (!parsed.success) throw describeIssue(parsed.error.issues[0]!, path);
  const contradiction = findContradiction(parsed.data);
  if (contradiction) {
    const [place, problem, fix] = contradiction;
    throw new RecipeError(problem, { code: 'recipe-contradiction', path, place, fix });
  }
  return parsed.data;
}

function describeIssue(issue: z.core.$ZodIssue, path: string | undefined): RecipeError {
  const place = issue.path.map(String).join('.') || undefined;
  if (issue.code === 'unrecognized_keys') {
    return new RecipeError(`unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}`, {
      code: 'recipe-unknown-field',
      path,
      place,
      fix: '"patchml init" writes a recipe with every field',
    });
  }
  const { message } = issue.code === 'invalid_key' ? issue.issues[0]! : issue;
  const got = issue.input === undefined ? '' : `, got ${shorten(JSON.stringify(issue.input))}`;
  return new RecipeError(`${lowerFirst(message)}${got}`, {
    code: 'recipe-invalid-field',
    path,
    place,
  });
}

type Contradiction = [place: string, problem: string, fix: string];

function findContradiction(recipe: Recipe): Contradiction | undefined {
  return (
    findImpossibleCount(recipe) ??
    findConflictTwice(recipe) ??
    findImpossibleScatter(recipe) ??
    findOtherContradiction(recipe)
  );
}

function findImpossibleCount(recipe: Recipe): Contradiction | undefined {
  for (const k of patchCounts(recipe)) {
    const place = `sampling.counts.${k}`;
    if (k > MAX_PATCHES) {
      return [place, `an image holds at most ${MAX_PATCHES} patches`, 'ask for fewer'];
    }
    const cells = cellsASide(recipe, k) ** 2;
    if (recipe.layout.type === 'fixed-grid' && k > cells) {
      return [place, `${k} patches do not fit in ${cells} cells`, 'raise layout.cells'];
    }
    if (Math.min(...cellSize(recipe, k)) < MIN_CELL_SIDE) {
      return [
        place,
        `cells would be smaller than ${MIN_CELL_SIDE} px`,
        'enlarge the canvas, or lower layout.gap or the number of patches',
      ];
    }
  }
  return undefined;
}

function findConflictTwice({ sampling }: Recipe): Contradiction | undefined {
  const seen = new Set<string>();
  for (const [index, group] of sampling.conflicts.entries()) {
    for (const wnid of group) {
      if (seen.has(wnid)) {
        return [`sampling.conflicts.${index}`, `${wnid} is named twice`, 'make it one group'];
      }
      seen.add(wnid);
    }
  }
  return undefined;
}

function findImpossibleScatter(recipe: Recipe): Contradiction | undefined {
  const { type, gap, maxOverlap, scale } = recipe.layout;
  if (scale[0] > scale[1]) {
    return ['layout.scale', 'the least is larger than the most', 'swap the two'];
  }
  if (type !== 'scatter') return undefined;
  const [, , width, height] = safeArea(recipe);
  if (Math.min(width, height) * scale[0] < MIN_CELL_SIDE) {
    return ['layout.scale', `patches would be smaller than ${MIN_CELL_SIDE} px`, 'raise the least'];
  }
  if (gap > 0 && maxOverlap > 0) {
    return ['layout.gap', 'patches that may overlap have no gap', 'set one of the two to 0'];
  }
  return undefined;
}

function findOtherContradiction({ sampling, source }: Recipe): Contradiction | undefined {
  if (sampling.paired && sampling.replacement === 'per-dataset') {
    return [
      'sampling.paired',
      'paired images share patches, replacement "per-dataset" forbids it',
      'set one of the two',
    ];
  }
  if (Object.values(sampling.counts).every((count) => count === 0)) {
    return ['sampling.counts', 'no image is asked for', 'give at least one count'];
  }
  for (const kind of ['synsets', 'images'] as const) {
    const both = source.allow[kind].find((name) => source.block[kind].includes(name));
    if (both !== undefined) {
      return [`source.block.${kind}`, `${both} is allowed and blocked`, 'keep it in one list'];
    }
  }
  return undefined;
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isMapping(base) || !isMapping(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    // Counts are one value: giving some on the command line replaces them all.
    merged[key] = key === 'counts' ? (value ?? merged[key]) : merge(merged[key], value);
  }
  return merged;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
