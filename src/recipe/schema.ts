import { z } from 'zod';

/** The most patches that one image may hold. */
export const MAX_PATCHES = 100;

/** The smallest cell, px: a patch in anything smaller shows nothing. */
export const MIN_CELL_SIDE = 8;

const wnid = z.string().regex(/^n\d{8}$/, 'expected a synset such as n07753592');
const imageId = z
  .string()
  .regex(/^[\w.-]+$/, 'expected an image id such as ILSVRC2012_val_00000001');

const selection = z
  .strictObject({
    synsets: z.array(wnid).default([]).describe('Synsets (wnids)'),
    images: z.array(imageId).default([]).describe('Image ids: file names without extension'),
  })
  .prefault({});

const source = z
  .strictObject({
    annotations: z
      .string()
      .optional()
      .describe('Folder of XML, LOC_*_solution.csv, or a .tgz of XML; usually given as a flag'),
    images: z
      .string()
      .optional()
      .describe('Folder of images, or the official .tar; usually given as a flag'),
    split: z.string().default('val').describe('Name of the split, recorded in the dataset'),
    limit: z
      .int()
      .positive()
      .optional()
      .describe('Use only the first images, by id: for a quick trial'),
    allow: selection.describe('Use only these; an empty list allows all'),
    block: selection.describe('Never use these; counted as `blocked`'),
  })
  .prefault({});

const patch = z
  .strictObject({
    minSide: z.int().min(1).default(32).describe('Smallest side of a usable box, px'),
    maxAspect: z
      .number()
      .min(1)
      .default(4)
      .describe('Largest ratio of the longer to the shorter side'),
    margin: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Context kept on each side of the box, as a fraction of that side'),
    storeSide: z
      .int()
      .min(8)
      .max(4096)
      .optional()
      .describe("Patches are stored no larger than this, px; by default the canvas's safe side"),
    dedupeIou: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('Boxes of one class in one image that overlap more than this are one'),
    fit: z
      .enum(['contain', 'cover', 'stretch'])
      .default('contain')
      .describe('How a patch fills its cell: whole, cut to fill, or distorted to fill'),
    maxUpscale: z
      .number()
      .min(1)
      .optional()
      .describe(
        'Patches are painted at most this many times as large as stored; default: no limit',
      ),
    kernel: z
      .enum(['box', 'bilinear', 'hamming', 'bicubic', 'mitchell', 'lanczos3'])
      .default('lanczos3')
      .describe(
        "Resampling kernel: Pillow's of that name, level for level (`mitchell` works the same way)",
      ),
    pillow: z
      .union([z.literal(12), z.literal(13)])
      .optional()
      .describe(
        'The Pillow version whose order of passes is used: 13 (the default) scales rows first where a patch shrinks much more in height, 12 never',
      ),
  })
  .prefault({});

const BACKGROUND = { error: 'expected white, black, grey, imagenet-mean, noise or #rrggbb' };
const side = z.int().min(16).max(4096);

const canvas = z
  .strictObject({
    size: z
      .union([side, z.tuple([side, side])], {
        error: 'expected a whole number of 16 to 4096 px, or two of them: [width, height]',
      })
      .default(224)
      .describe('Side, or [width, height], px'),
    background: z
      .union(
        [
          z.enum(['white', 'black', 'grey', 'imagenet-mean', 'noise'], BACKGROUND),
          z.string().regex(/^#[0-9a-f]{6}$/i, BACKGROUND),
        ],
        BACKGROUND,
      )
      .default('white')
      .describe('white, black, grey, imagenet-mean, noise or #rrggbb'),
    safeArea: z
      .number()
      .gt(0)
      .max(1)
      .default(0.875)
      .describe('Central fraction of each side that patches stay in: what a 224/256 crop keeps'),
  })
  .prefault({});

const layout = z
  .strictObject({
    type: z
      .enum(['grid', 'fixed-grid', 'rows', 'scatter'])
      .default('grid')
      .describe(
        'grid: smallest square grid for k; fixed-grid: cells x cells; rows: one row for k to 2, else two; scatter: anywhere',
      ),
    gap: z.int().min(0).default(0).describe('Blank px between cells'),
    cells: z.int().min(1).max(10).default(3).describe('fixed-grid: cells per side'),
    maxOverlap: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('scatter: largest part of the smaller of two patches that may be covered'),
    scale: z
      .tuple([z.number().gt(0).max(1), z.number().gt(0).max(1)])
      .default([0.3, 0.6])
      .describe(
        "scatter: [least, most] longer side, as a fraction of the safe area's shorter side",
      ),
  })
  .prefault({});

const sampling = z
  .strictObject({
    counts: z
      .record(z.string().regex(/^[1-9]\d*$/, 'expected a number of patches'), z.int().min(0))
      .default({ 2: 2500, 3: 2500, 4: 2500, 5: 2500 })
      .describe(`Images for each number of patches k (1 to ${MAX_PATCHES})`),
    replacement: z
      .enum(['per-image', 'per-dataset'])
      .default('per-image')
      .describe('per-image: no patch twice in an image; per-dataset: no patch twice at all'),
    distinctClasses: z.boolean().default(true).describe('All patches of an image differ in class'),
    distinctSources: z
      .boolean()
      .default(true)
      .describe('All patches of an image come from different source images'),
    balance: z
      .enum(['patches', 'classes'])
      .default('patches')
      .describe('What is drawn evenly: every patch, or every class and then its patches'),
    conflicts: z
      .array(z.array(wnid).min(2))
      .default([])
      .describe('Groups of classes that never share an image (near-synonyms)'),
    paired: z
      .boolean()
      .default(false)
      .describe('Image i of k + 1 patches holds the patches of image i of k'),
  })
  .prefault({});

const encode = z
  .strictObject({
    format: z
      .enum(['png', 'jpeg', 'webp'])
      .default('png')
      .describe('png and webp are lossless; jpeg is 4:4:4'),
    quality: z.int().min(1).max(100).default(95).describe('jpeg only'),
  })
  .prefault({});

/** What a recipe file may say, field by field, with defaults. */
export const recipeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, 'expected lower-case letters, digits, dots, dashes')
    .describe('Name of the dataset'),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'expected a semantic version such as 1.0.0')
    .default('1.0.0')
    .describe('Semantic version of the dataset'),
  seed: z
    .union([z.int(), z.string().min(1)], { error: 'expected a whole number or text' })
    .transform(String)
    .default('42')
    .describe('Seed of every random choice: a number or any text'),
  source,
  patch,
  canvas,
  layout,
  sampling,
  encode,
});

/** A recipe with every field present. */
export type Recipe = z.output<typeof recipeSchema>;
/** A recipe as a person writes it: everything but the name may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;

/** The numbers of patches a recipe asks for, ascending; those with a count of 0 left out. */
export function patchCounts({ sampling }: Recipe): number[] {
  return Object.entries(sampling.counts)
    .filter(([, count]) => count > 0)
    .map(([k]) => Number(k))
    .sort((a, b) => a - b);
}
