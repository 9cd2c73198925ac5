import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isScalar, Lexer, parseDocument, visit } from 'yaml';
import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { type ErrorDetails, type PatchmlError } from '../errors.js';
import { jsonText } from '../text.js';
import { readRegularText } from './read-file.js';

/** What a YAML file should be, for its errors. */
export interface YamlKind {
  /** As messages and codes name it: `recipe` gives `recipe-not-yaml`. */
  name: 'recipe' | 'card' | 'study';
  Failure: new (problem: string, details: ErrorDetails) => PatchmlError;
  /** What a file of this kind begins with. */
  example: string;
  /** How to get one with every field. */
  fix: string;
  /** What it may hold. */
  schema: z.ZodType;
}

/** Room for all of ImageNet's synsets or blocked images; the parser is slow on much more. */
const MAX_BYTES = 1 << 17;
const MAX_DEPTH = 50;

/**
 * Reads the fields of a YAML file.
 * @throws the kind's error where it cannot be read, is no YAML, or holds no fields
 */
export async function readYaml(path: string, kind: YamlKind): Promise<Record<string, unknown>> {
  const { name, Failure } = kind;
  const tooLarge = (): PatchmlError =>
    new Failure(`this is too large to be a ${name}`, { code: `${name}-too-large`, path });
  const text = await readRegularText(path, { maxBytes: MAX_BYTES, tooLarge });
  const fields = parseYaml(text, path, kind);
  if (isMapping(fields)) return fields;
  throw new kind.Failure(`expected fields such as "${kind.example}"`, {
    code: `${kind.name}-not-fields`,
    path,
    fix: kind.fix,
  });
}

/** The path of a JSON Schema of patchml's from a file's folder, by which editors complete the file. */
export function schemaPath(file: string, name: 'recipe' | 'model-card'): string {
  const schema = fileURLToPath(new URL(`../../../configs/${name}.schema.json`, import.meta.url));
  return relative(dirname(file), schema).replaceAll('\\', '/');
}

/** Whether a value has named fields. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error for the first thing that a schema found wrong with a file's fields. */
export function invalidField(
  issue: z.core.$ZodIssue,
  path: string | undefined,
  { name, Failure, fix, schema }: YamlKind,
): PatchmlError {
  const place = issue.path.map(String).join('.') || undefined;
  if (issue.code === 'unrecognized_keys') {
    return new Failure(`unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}`, {
      code: `${name}-unknown-field`,
      path,
      place,
      fix: `${meantField(issue.keys[0]!, fieldsAt(schema, issue.path))}${fix}`,
    });
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return new Failure(`this field is missing, expected ${issue.expected}`, {
      code: `${name}-invalid-field`,
      path,
      place,
      fix,
    });
  }
  const { message } = issue.code === 'invalid_key' ? issue.issues[0]! : issue;
  const got = issue.input === undefined ? '' : `, got ${jsonText(issue.input)}`;
  return new Failure(`${lowerFirst(message)}${got}`, {
    code: `${name}-invalid-field`,
    path,
    place,
  });
}

/** A name as far from a field's as this, in letters that are put in, left out or replaced, is not meant. */
const FAR = 3;

/** The question whether a known field was meant; empty where none is like it. */
function meantField(key: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const near = closest(key, known);
  return distance(key, near) < FAR ? `did you mean "${near}"? ` : '';
}

/** The names of the fields that a schema has at a place. */
function fieldsAt(schema: z.ZodType, place: readonly PropertyKey[]): string[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  let at = alternatives(json);
  for (const key of place) {
    at = at.flatMap(({ properties, additionalProperties, items, prefixItems }) => {
      const below =
        typeof key === 'string'
          ? (properties?.[key] ?? additionalProperties)
          : (prefixItems?.[Number(key)] ?? items);
      return alternatives(below);
    });
  }
  return at.flatMap(({ properties = {} }) => Object.keys(properties));
}

/** A schema, or those that it is one of. */
function alternatives(schema: unknown): z.core.JSONSchema.BaseSchema[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return [];
  const one = schema as z.core.JSONSchema.BaseSchema;
  return [one, ...(one.anyOf ?? one.oneOf ?? []).flatMap(alternatives)];
}

function parseYaml(text: string, path: string, { name, Failure }: YamlKind): unknown {
  const code = `${name}-not-yaml` as const;
  if (isTooDeep(text)) {
    throw new Failure(`this is nested too deeply to be a ${name}`, { code, path });
  }
  try {
    const document = parseDocument(text, { prettyErrors: true, resolveKnownTags: false });
    const [problem] = [...document.errors, ...document.warnings]; // any tag is a warning
    if (problem) throw problem;
    visit(document, {
      Pair(_, { key }) {
        if (isScalar(key) && key.value === '__proto__') throw new Error('__proto__ is not a field');
      },
    });
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const { message, linePos } = cause as Error & { linePos?: [{ line: number }] };
    throw new Failure(`this is not YAML: ${message.split('\n')[0]!}`, {
      code,
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

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
