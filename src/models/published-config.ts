import { basename, dirname, join, resolve } from 'node:path';
import { exists } from '../files/folders.js';
import { parseSmallJson } from '../files/json.js';
import { readRegularText } from '../files/read-file.js';
import { isMapping } from '../files/yaml.js';
import type { CardDraft } from './card.js';
import { invalidConfig } from './config-fields.js';
import { readHuggingFaceConfig } from './huggingface-config.js';
import { readTimmConfig, type TimmOptions } from './timm-config.js';

/** What these files are called beside a model. */
const [MODEL_CONFIG, PROCESSOR_CONFIG] = ['config.json', 'preprocessor_config.json'] as const;

/** Where a published config is, and what is known of the model beside it. */
export interface PublishedConfigOptions {
  /** The file. Default: whichever lies beside the model, or above its folder `onnx`. */
  config?: string | undefined;
  /** Width and height of the model's input, px, where its graph or the user fixes them. */
  size?: readonly [number, number] | undefined;
}

/**
 * Reads the preprocessing that a model was published with, as its own library reads it: timm's
 * `config.json` (its `pretrained_cfg`), or Hugging Face's `preprocessor_config.json`.
 *
 * @returns what it says, or nothing where there is none
 * @throws EvaluationError `model-config-invalid`: for what is not understood, by name
 */
export async function readModelConfig(
  model: string,
  { config, size }: PublishedConfigOptions = {},
): Promise<CardDraft> {
  if (config !== undefined) {
    const draft = await readConfig(config, size);
    if (draft !== undefined) return draft;
    throw invalidConfig(
      "expected timm's config.json with its pretrained_cfg, or a Hugging Face preprocessor_config.json",
      config,
    );
  }
  for (const folder of foldersOf(model)) {
    for (const name of [MODEL_CONFIG, PROCESSOR_CONFIG]) {
      const path = join(folder, name);
      const draft = (await exists(path)) ? await readConfig(path, size) : undefined;
      if (draft !== undefined) return draft;
    }
  }
  return {};
}

/** Exporters put the graph into a folder `onnx` of the published files. */
function foldersOf(model: string): string[] {
  const folder = dirname(resolve(model));
  return basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
}

/** What a file says of images; undefined where it is not a file that does. */
async function readConfig(path: string, size: TimmOptions['size']): Promise<CardDraft | undefined> {
  const content = await readJson(path);
  if (!isMapping(content)) throw invalidConfig('expected a JSON object', path);
  const isWrapper = content['image_processor_type'] === 'TimmWrapperImageProcessor';
  const timm = timmConfigs(content);
  if (timm.length > 0) return readTimmConfig(timm, { path, size, useTestSize: !isWrapper });
  if (!isProcessor(content, path)) return undefined;
  return readHuggingFaceConfig(content, path, await readModelType(dirname(path)));
}

/** Of a timm config the parts that speak of images, the later before the earlier. */
function timmConfigs(content: Record<string, unknown>): Record<string, unknown>[] {
  const parts = [content['pretrained_cfg'], content['data_config']].filter(isMapping);
  if (parts.length > 0) return parts;
  // Before pretrained_cfg there was, its fields stood side by side with the architecture.
  return typeof content['architecture'] === 'string' && 'input_size' in content ? [content] : [];
}

/** A config.json of another kind, of the weights for example, may lie beside a model. */
function isProcessor(content: Record<string, unknown>, path: string): boolean {
  const isNamed = 'image_processor_type' in content || 'feature_extractor_type' in content;
  return isNamed || basename(path) !== MODEL_CONFIG;
}

async function readModelType(folder: string): Promise<string | undefined> {
  const path = join(folder, MODEL_CONFIG);
  const content = (await exists(path)) ? await readJson(path) : undefined;
  const type = isMapping(content) ? content['model_type'] : undefined;
  return typeof type === 'string' ? type : undefined;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readRegularText(path);
  try {
    return parseSmallJson(text);
  } catch (cause) {
    throw invalidConfig('this is not JSON', path, cause);
  }
}
