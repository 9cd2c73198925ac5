import { EvaluationError } from '../errors.js';
import { isMapping } from '../files/yaml.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import {
  type ImageLabels,
  isJsonLines,
  parseImageLabels,
  parseImageLabelsJson,
} from './image-labels.js';
import { parseClasses, parseLabelJson, readLabelText } from './label-file.js';
import { type MultiLabelRule, type MultiLabels, parseMultiLabels } from './multi-labels.js';
import { VAL_IMAGES } from './original-labels.js';

/** A file of labels, in one of the forms that are known. */
export type Labels =
  | { form: 'real'; path: string; lists: readonly (readonly ClassIndex[])[] }
  | { form: 'multi-label'; path: string; rule: MultiLabelRule; multiLabels: MultiLabels }
  | { form: 'image-labels'; path: string; rows: readonly ImageLabels[] };

/**
 * Reads a file of labels; what is in it tells its form: ReaL's `real.json`, the multi-labels of
 * Shankar et al., or files and their labels as JSON, JSON Lines or CSV.
 * @param rule which multi-labels are valid; of no account for the other forms
 * @throws EvaluationError that names the place in the file and what was expected there
 */
export async function readLabels(path: string, rule: MultiLabelRule): Promise<Labels> {
  const text = await readLabelText(path);
  const isJson = /^\s*[[{]/.test(text) || path.endsWith('.json');
  if (!isJson || isJsonLines(text, path)) {
    return { form: 'image-labels', path, rows: parseImageLabels(text, path) };
  }
  const json = parseLabelJson(text, path);
  if (isMapping(json) && 'initial_annots' in json) {
    return { form: 'multi-label', path, rule, multiLabels: parseMultiLabels(json, rule, path) };
  }
  if (Array.isArray(json) && json.some((entry) => Array.isArray(entry))) {
    return { form: 'real', path, lists: parseRealLabels(json, path) };
  }
  return { form: 'image-labels', path, rows: parseImageLabelsJson(json, path) };
}

/**
 * The ReaL labels of the validation images, in id order: entry i is of image i + 1, and an empty
 * list means "not annotated" (Beyer et al., https://arxiv.org/abs/2006.07159).
 * @throws EvaluationError `labels-real-length`, or that of a label which is no class
 */
export function parseRealLabels(lists: readonly unknown[], path: string): ClassIndex[][] {
  if (lists.length !== VAL_IMAGES) {
    throw new EvaluationError(`expected ${VAL_IMAGES} lists of labels, got ${lists.length}`, {
      code: 'labels-real-length',
      path,
      fix: "pass ReaL's own complete real.json",
    });
  }
  return lists.map((list, entry) =>
    parseClasses(list, { path, place: `entry ${entry} (counted from 0)` }),
  );
}
