import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError, type ErrorCode } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { explainAbsent, readSizedJsonLines } from '../files/json.js';
import { byteOrder } from '../files/listing.js';
import { storeSide } from '../recipe/geometry.js';
import { recipeChanges } from '../recipe/load.js';
import { type Recipe, recipeSchema } from '../recipe/schema.js';
import { jsonText } from '../text.js';

/** The kinds of folders that stages keep below the work folder, and the commands that make them. */
const COMMANDS = { index: 'index', pool: 'extract', plan: 'plan' } as const;

export type StageKind = keyof typeof COMMANDS;

// Each stage depends on a part of the recipe alone. That part is in the key of the stage's folder,
// so that another seed extracts nothing again, and in its summary, so that a folder that is named
// by hand is checked against the recipe.

const { seed, source, patch, canvas, layout, sampling } = recipeSchema.shape;

export const indexPartSchema = z.object({
  source: z.object(source.unwrap().pick({ allow: true, block: true, limit: true }).shape),
});

export const poolPartSchema = z.object({
  ...indexPartSchema.shape,
  patch: z.object({
    ...patch.unwrap().omit({ fit: true, maxUpscale: true }).shape,
    storeSide: z.int(),
  }),
});

export const planPartSchema = z.object({
  seed,
  sampling,
  layout,
  canvas: z.object(canvas.unwrap().pick({ size: true, safeArea: true }).shape),
  patch: z.object(patch.unwrap().pick({ fit: true, maxUpscale: true }).shape),
});

/** What an index depends on: which images and synsets are used. */
export function indexPartOf(recipe: Recipe): z.output<typeof indexPartSchema> {
  return indexPartSchema.parse(recipe);
}

/** What a pool depends on: the index's part, and how patches are cut and stored. */
export function poolPartOf(recipe: Recipe): z.output<typeof poolPartSchema> {
  return poolPartSchema.parse({
    ...recipe,
    patch: { ...recipe.patch, storeSide: storeSide(recipe) },
  });
}

/** What a plan depends on beside its pool: which patches are drawn, and where they lie. */
export function planPartOf(recipe: Recipe): z.output<typeof planPartSchema> {
  return planPartSchema.parse(recipe);
}

/**
 * Checks that a folder was made with the part of the recipe that it depends on.
 * @param made the part in the folder's summary
 * @param wanted the recipe's
 * @throws DatasetError that names the first field that differs
 */
export function requireSamePart(
  kind: StageKind,
  folder: string,
  made: object,
  wanted: object,
): void {
  const [difference] = recipeChanges(made, wanted);
  if (difference === undefined) return;
  const { field, before, after } = difference;
  const code: ErrorCode = `${kind}-of-another-recipe`;
  throw new DatasetError(
    `this ${kind} was made with ${jsonText(before)}, but the recipe has ${jsonText(after)}`,
    {
      code,
      path: folder,
      place: field,
      fix: `pass the ${kind} of this recipe with --${kind}, or create it with "patchml ${COMMANDS[kind]}"`,
    },
  );
}

/**
 * The one folder of its kind in a work folder that a test accepts; folders that cannot be read are
 * passed over.
 * @throws DatasetError `stage-missing` where there is none, `stage-ambiguous` where there are more
 */
export async function findOne(
  kind: StageKind,
  work: string,
  accepts: (folder: string) => Promise<boolean>,
): Promise<string> {
  const found = await findStageFolders(kind, work, accepts);
  if (found.length === 1) return found[0]!;
  const command = `"patchml ${COMMANDS[kind]}"`;
  throw found.length === 0
    ? new DatasetError(`no ${kind} of this recipe was found here`, {
        code: 'stage-missing',
        path: join(work, kind),
        fix: `create it with ${command}, or pass --${kind}`,
      })
    : new DatasetError(`${found.length} folders here hold the ${kind} of this recipe`, {
        code: 'stage-ambiguous',
        path: join(work, kind),
        fix: `pass one with --${kind}, or pass --annotations and --images`,
      });
}

/** The folders of a kind in a work folder that a test accepts, in byte order of their names. */
export async function findStageFolders(
  kind: StageKind,
  work: string,
  accepts: (folder: string) => Promise<boolean>,
): Promise<string[]> {
  const names = await readdir(join(work, kind)).catch(() => []);
  const found: string[] = [];
  for (const name of names.sort(byteOrder)) {
    const folder = join(work, kind, name);
    if (await accepts(folder).catch(() => false)) found.push(folder);
  }
  return found;
}

/** Where rows of a list begin, bytes: the first, and each that has so many more before it. */
export type RowMarks = readonly number[];
const ROWS_A_MARK = 1024;

/** The first row that is read, from 0; with marks, little before it is. */
export interface RowsBegin {
  from: number;
  marks: RowMarks;
}

/**
 * Reads the rows of a list in a stage's folder.
 * @throws DatasetError that names the line and the field, or says that there is no such list
 */
export async function* readStageRows<Row>(
  kind: StageKind,
  path: string,
  schema: z.ZodType<Row>,
  { from, marks }: RowsBegin = { from: 0, marks: [0] },
): AsyncGenerator<Row> {
  const mark = Math.min(Math.floor(from / ROWS_A_MARK), marks.length - 1);
  let line = mark * ROWS_A_MARK;
  const range = { start: marks[mark]!, end: Infinity };
  for await (const { value } of readSizedJsonLines(path, range)) {
    line += 1;
    if (line <= from) continue;
    const row = schema.safeParse(value);
    if (!row.success) {
      const [{ path: field, message }] = row.error.issues as [z.core.$ZodIssue];
      throw new DatasetError([field.map(String).join('.'), message].filter(Boolean).join(': '), {
        code: 'stage-invalid',
        path,
        place: `line ${line}`,
        fix: fixOf(kind),
      });
    }
    yield row.data;
  }
}

/**
 * Checks that a list in a stage's folder is the one that its summary was written for: of one that
 * lost its last rows, every row is in order.
 * @param digest the SHA-256 in the summary
 * @returns where its rows begin
 * @throws DatasetError `stage-invalid`, or `stage-missing` where there is no such list
 */
export function requireStageRows(kind: StageKind, path: string, digest: string): RowMarks {
  const fix = fixOf(kind);
  const marks = [0];
  let [rows, bytes] = [0, 0];
  const mark = (piece: Buffer): void => {
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) {
      rows += 1;
      if (rows % ROWS_A_MARK === 0) marks.push(bytes + at + 1);
    }
    bytes += piece.length;
  };
  let found: string;
  try {
    found = sha256File(path, mark);
  } catch (error) {
    throw explainAbsent(error, path, fix);
  }
  if (found === digest) return marks;
  const problem = `its rows do not match the digest in ${kind}.json`;
  throw new DatasetError(problem, { code: 'stage-invalid', path, fix });
}

function fixOf(kind: StageKind): string {
  return `remove this folder and run "patchml ${COMMANDS[kind]}" again`;
}
