import { dirname, isAbsolute, resolve } from 'node:path';
import { EvaluationError } from '../errors.js';
import { invalidField, readYaml, type YamlKind } from '../files/yaml.js';
import { type StudyFields, type StudyModel, studySchema, type StudySet } from './schema.js';

const STUDY: YamlKind = {
  name: 'study',
  Failure: EvaluationError,
  example: 'name: my-study',
  fix: 'docs/studies.md lists every field, and configs/studies has examples',
  schema: studySchema,
};

/** A study, and where the paths in it lead. */
export interface Study extends StudyFields {
  /** The file. */
  path: string;
  /** Absolute. */
  inputs: Record<string, string>;
}

/**
 * Reads a study from a YAML file, fills in the defaults and checks it.
 * @param inputs paths, from the working directory, that replace those of its `inputs`
 * @throws EvaluationError `study-...` that names the field, what it may be and what it was
 * @throws OutputError where the file cannot be read
 */
export async function loadStudy(
  path: string,
  inputs: Readonly<Record<string, string>> = {},
): Promise<Study> {
  const parsed = studySchema.safeParse(await readYaml(path, STUDY), { reportInput: true });
  if (!parsed.success) throw invalidField(parsed.error.issues[0]!, path, STUDY);
  const fields = parsed.data;
  const known = Object.keys(fields.inputs);
  for (const name of Object.keys(inputs)) {
    if (known.includes(name)) continue;
    throw new EvaluationError(`this study has no input "${name}"`, {
      code: 'study-unknown-input',
      path,
      place: 'inputs',
      fix: known.length === 0 ? 'it has none' : `choose one of: ${known.join(', ')}`,
    });
  }
  const folder = dirname(resolve(path));
  const places = Object.entries(fields.inputs).map(([name, place]) => [
    name,
    inputs[name] === undefined ? resolve(folder, place) : resolve(inputs[name]),
  ]);
  const study = { ...fields, path, inputs: Object.fromEntries(places) as Record<string, string> };
  requireSense(study);
  return study;
}

/** A path of a study: where it leads, and how outputs name it, which is the same on every machine. */
export interface StudyPath {
  path: string;
  shown: string;
}

/**
 * Where a path of a study leads.
 * @param names what {set} and {model} stand for
 */
export function pathIn(
  study: Pick<Study, 'path' | 'inputs'>,
  text: string,
  names: Readonly<Record<string, string>> = {},
): StudyPath {
  const shown = replace(text, names);
  const full = replace(shown, study.inputs);
  return { path: isAbsolute(full) ? full : resolve(dirname(study.path), full), shown };
}

function replace(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (all, name: string) =>
    Object.hasOwn(names, name) ? names[name]! : all,
  );
}

/** `{imagenet}`, `{model}`. */
const PLACEHOLDER = /\{([^{}]*)\}/g;

/** What a path may have beside the study's inputs. */
const OWN = ['set', 'model'];

/** @throws EvaluationError `study-contradiction` for what no schema can say */
function requireSense(study: Study): void {
  const found = contradictionIn(study);
  if (found === undefined) return;
  const [place, problem, fix] = found;
  throw new EvaluationError(problem, { code: 'study-contradiction', path: study.path, place, fix });
}

type Contradiction = [place: string, problem: string, fix: string];

function contradictionIn(study: Study): Contradiction | undefined {
  const own = OWN.find((name) => Object.hasOwn(study.inputs, name));
  if (own !== undefined) {
    return [`inputs.${own}`, `{${own}} has a meaning of its own`, 'give it another name'];
  }
  for (const [name, set] of Object.entries(study.sets)) {
    const found = problemOfSet(set) ?? unknownInput(study, set, []);
    if (found) return [`sets.${name}`, ...found];
  }
  for (const [at, model] of study.models.entries()) {
    const found = problemOfModel(model, study) ?? unknownInput(study, model, OWN);
    if (found) return [`models.${at}`, ...found];
  }
  return problemOfNames(study);
}

type Problem = [problem: string, fix: string];

function problemOfSet(set: StudySet): Problem | undefined {
  const { dataset, images, labels, originals, recipe, annotations } = set;
  if (recipe === undefined) {
    if (annotations !== undefined || set.overrides !== undefined) {
      return ['annotations and overrides go with a recipe', 'add recipe, or leave them out'];
    }
    if (dataset !== undefined && images !== undefined) {
      return ['dataset and images cannot be used together', 'leave out one of them'];
    }
    const isNamed = [dataset, images, labels, originals].some((given) => given !== undefined);
    return isNamed ? undefined : ['it names no images and no labels', 'add dataset or labels'];
  }
  if ([dataset, labels, originals].some((given) => given !== undefined)) {
    return ["a recipe's dataset has labels of its own", 'leave out dataset, labels and originals'];
  }
  if (annotations !== undefined && images !== undefined) return undefined;
  return ['a recipe needs annotations and images to cut objects from', 'add them'];
}

/** The fields that only one of the two kinds of models has. */
const OF_CARDS = ['preprocess', 'batch'] as const;
const OF_PREDICTIONS = ['name', 'ranked', 'scores', 'key', 'idColumn', 'ids'] as const;

function problemOfModel(model: StudyModel, { sets }: Study): Problem | undefined {
  const { card, predictions } = model;
  if ((card === undefined) === (predictions === undefined)) {
    return ['expected either card or predictions', 'keep one of the two'];
  }
  const foreign = (card === undefined ? OF_CARDS : OF_PREDICTIONS).find(
    (field) => model[field] !== undefined,
  );
  if (foreign !== undefined) {
    return [
      `${foreign} has no meaning with ${card === undefined ? 'predictions' : 'a card'}`,
      'leave it out',
    ];
  }
  const unknown = model.sets?.find((name) => !Object.hasOwn(sets, name));
  if (unknown !== undefined) return unknownSet(unknown, sets);
  if (predictions !== undefined && predictions.split('{model}').length > 2) {
    return ['{model} can be in a path only once', 'leave out one of them'];
  }
  if (predictions === undefined || predictions.includes('{set}')) return undefined;
  if ((model.sets ?? Object.keys(sets)).length === 1) return undefined;
  return [
    'these predictions are of one set, and the study has several',
    'put {set} in their path, or name their set in `sets`',
  ];
}

function unknownInput(
  { inputs }: Study,
  fields: Readonly<Record<string, unknown>>,
  own: readonly string[],
): Problem | undefined {
  for (const value of Object.values(fields)) {
    if (typeof value !== 'string') continue;
    for (const [, name = ''] of value.matchAll(PLACEHOLDER)) {
      if (Object.hasOwn(inputs, name) || own.includes(name)) continue;
      const known = [...Object.keys(inputs), ...own].map((each) => `{${each}}`);
      const fix = known.length === 0 ? 'add it to inputs' : `choose one of: ${known.join(', ')}`;
      return [`there is no input {${name}}`, fix];
    }
  }
  return undefined;
}

function problemOfNames({ sets, leaveOut, gaps }: Study): Contradiction | undefined {
  for (const [at, pair] of gaps.entries()) {
    const unknown = pair.find((name) => !Object.hasOwn(sets, name));
    if (unknown !== undefined) return [`gaps.${at}`, ...unknownSet(unknown, sets)];
    if (pair[0] === pair[1]) {
      return [`gaps.${at}`, `the gap of ${pair[0]} to itself is 0`, 'name two sets'];
    }
  }
  for (const [at, { set }] of leaveOut.entries()) {
    if (set !== undefined && !Object.hasOwn(sets, set))
      return [`leaveOut.${at}`, ...unknownSet(set, sets)];
  }
  return undefined;
}

function unknownSet(name: string, sets: StudyFields['sets']): Problem {
  return [`there is no set "${name}"`, `choose one of: ${Object.keys(sets).join(', ')}`];
}
