import { z } from 'zod';
import { PREPROCESSING_CHOICES } from '../models/card.js';
import { SCORE_SCALES } from '../predictions/source.js';
import { FIGURES } from '../report/chart-data.js';
import { METRIC_NAMES, RULES } from '../score/scorecard.js';

const name = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]*$/, 'expected letters, digits, dots, dashes and underscores');

/** A path from the folder of the study's file; `{input}` stands for one of its inputs. */
const path = z.string().min(1).max(1000);

const input = path.describe(
  "A folder or file outside of the study, from the folder of the study's file; --input replaces it",
);

const set = z
  .strictObject({
    dataset: path
      .optional()
      .describe('A PatchML dataset, an ImageNetV2 folder, or class folders named by synset'),
    images: path
      .optional()
      .describe(
        "ImageNet's validation images (a folder or the official .tar), or any other images",
      ),
    labels: path
      .optional()
      .describe(
        'Valid classes: real.json, human_accuracy_v3.0.0.json, or a JSON or CSV of file,labels',
      ),
    originals: path
      .optional()
      .describe(
        'Original labels: LOC_val_solution.csv, ILSVRC2012_validation_ground_truth.txt, or file,label',
      ),
    multiLabelRule: z
      .enum(['authors', 'tfds'])
      .optional()
      .describe('Which classes of human_accuracy_v3.0.0.json are valid'),
    recipe: path
      .optional()
      .describe('Instead of `dataset`, the recipe of one, which is generated if it is missing'),
    annotations: path
      .optional()
      .describe('With `recipe`: folder of XML, LOC_*_solution.csv, or .tgz of XML'),
    overrides: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('With `recipe`: fields to lay over its own, such as `layout: { cells: 4 }`'),
    limit: z
      .int()
      .min(1)
      .optional()
      .describe('Use only so many images, spread over the classes or the numbers of labels'),
  })
  .describe('Images to score on, or with `recipe` the images to cut objects from');

const model = z.strictObject({
  card: path
    .optional()
    .describe('A card, an .onnx file that has one, or a pattern such as models/*.yaml'),
  preprocess: z
    .enum(PREPROCESSING_CHOICES)
    .optional()
    .describe(
      "With `card`: `card` is the model's own resize and crop, `whole` resizes without a crop; by default `whole` on PatchML, else `card`",
    ),
  batch: z.int().min(1).optional().describe('With `card`: images per batch; by default 16'),
  predictions: path
    .optional()
    .describe(
      'Instead of `card`, predictions made elsewhere: a file, a folder of files, or a pattern in which {set} is the name of a set and {model} that of the model',
    ),
  name: name
    .optional()
    .describe("With `predictions` of one file: the model's name; by default the file's"),
  sets: z.array(name).min(1).optional().describe('The sets that it is scored on; by default all'),
  ranked: z
    .boolean()
    .optional()
    .describe('With `predictions`: they are class indices, best first, not scores'),
  scores: z
    .enum(SCORE_SCALES)
    .optional()
    .describe(
      'With `predictions`: what the scores are; by default probabilities if every row sums to 1, else logits',
    ),
  key: z
    .string()
    .optional()
    .describe('With `predictions`: the array of an .npz, or the column of the predictions'),
  idColumn: z.string().optional().describe('With `predictions`: the column of image ids'),
  ids: path.optional().describe('With `predictions` without ids: a file of image ids, one per row'),
});

const leftOut = z.strictObject({
  model: name.describe("The model's name"),
  set: name.optional().describe('The set; by default all'),
  reason: z.string().min(1).max(500).describe('Why, as tables and study.json say it'),
});

const scores = z
  .strictObject({
    seed: z
      .union([z.int(), z.string().min(1)], { error: 'expected a whole number or text' })
      .transform(String)
      .default('42')
      .describe('Seed of the bootstrap'),
    resamples: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('Bootstrap resamples for the intervals'),
    maxGroup: z
      .int()
      .min(1)
      .max(1000)
      .default(5)
      .describe('Images with more labels than this form one subgroup'),
  })
  .prefault({});

const figure = z.strictObject({
  figure: z.enum(FIGURES).describe('Its name'),
  choice: z
    .record(z.string(), z.string())
    .optional()
    .describe('Which of its charts, such as `metric: top-1`; by default one for every set or pair'),
  widthMm: z.number().min(40).max(1000).optional().describe('Width, mm; by default 120'),
  fontSize: z.number().min(4).max(72).optional().describe('Size of its letters, pt; by default 8'),
});

/** What a study's tables list beside the metrics of a scorecard: A_k. */
const SUBGROUPS = 'subgroups';

/** What a study's file may say, field by field, with defaults. */
export const studySchema = z.strictObject({
  name: name.describe('Name of the study'),
  title: z.string().min(1).max(200).optional().describe('Title of its report'),
  inputs: z
    .record(name, input)
    .default({})
    .describe('Where files outside of the study are; paths begin with one of them: {imagenet}/val'),
  sets: z
    .record(name, set)
    .refine((sets) => Object.keys(sets).length > 0, 'expected at least one set')
    .describe('The sets that models are scored on, by the name they get in tables'),
  models: z.array(model).min(1).describe('The models, in the order of the tables'),
  leaveOut: z.array(leftOut).default([]).describe('Models that are not to be scored, and why'),
  metrics: z
    .array(z.enum([...METRIC_NAMES, SUBGROUPS]))
    .min(1)
    .default(['top1', 'real', SUBGROUPS, 'asma'])
    .describe('Columns of the tables; `subgroups` is A_k'),
  rules: z
    .array(z.enum(RULES))
    .min(1)
    .default(['fraction'])
    .describe('Hit rules under which variable top-k, A_k and ASMA are listed'),
  gaps: z
    .array(z.tuple([name, name]))
    .default([])
    .describe('Pairs of sets: how much every model loses from the first to the second'),
  baseline: name
    .optional()
    .describe('A model with which all others are compared on every set, image by image'),
  figures: z
    .array(z.union([z.enum(FIGURES), figure], `expected a figure: ${FIGURES.join(', ')}`))
    .default([...FIGURES])
    .describe('Figures to draw, by name or with fields; by default all'),
  examples: z
    .boolean()
    .default(true)
    .describe('Whether the report shows images of the sets; false for one to pass on'),
  scores,
  interval: z
    .enum(['range', 'plus-minus', 'none'])
    .default('range')
    .describe('How tables show 95% intervals: [69.0, 73.5], or plus and minus half its width'),
});

/** A study's fields, every one present. */
export type StudyFields = z.output<typeof studySchema>;
/** A study as a person writes it. */
export type StudyInput = z.input<typeof studySchema>;
/** One of its sets. */
export type StudySet = StudyFields['sets'][string];
/** One of its models, or several of one pattern. */
export type StudyModel = StudyFields['models'][number];

/** The JSON Schema by which editors complete and check a study's file. */
export function studyJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(studySchema, { io: 'input' });
}
