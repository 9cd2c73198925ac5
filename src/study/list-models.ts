import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, parse } from 'node:path';
import { escapePath, glob } from 'tinyglobby';
import { EvaluationError } from '../errors.js';
import { exists } from '../files/folders.js';
import { byteOrder } from '../files/listing.js';
import {
  findModelCard,
  matchCards,
  type ModelCard,
  type PreprocessingChoice,
} from '../models/card.js';
import type { PredictionOptions } from '../predictions/source.js';
import { folderName } from '../score/scores-folder.js';
import { asFailure, type StudyFailure } from './failure.js';
import { pathIn, type Study, type StudyPath } from './load.js';
import type { StudyModel } from './schema.js';

/** One model on one set: what is scored. */
export interface StudyCell {
  set: string;
  model: string;
  from: FromCard | FromFile;
}

/** A model that is run. */
interface FromCard {
  kind: 'card';
  card: ModelCard;
  preprocess: PreprocessingChoice | undefined;
  batch: number | undefined;
  /** Whether the study names the sets that it is scored on: then a set without images is an error. */
  isForSet: boolean;
}

/** Predictions that were made elsewhere. */
interface FromFile extends StudyPath {
  kind: 'predictions';
  options: PredictionOptions;
}

/** The models of a study. */
export interface ListedModels {
  /** In the order of the models, each on its sets in their order. */
  cells: StudyCell[];
  failures: StudyFailure[];
}

/**
 * Finds the models of a study: reads the cards, and looks for files of predictions.
 * @throws EvaluationError `cards-same-name` where two would get the same place in the results
 */
export async function listModels(study: Study): Promise<ListedModels> {
  const cells: StudyCell[] = [];
  const failures: StudyFailure[] = [];
  for (const model of study.models) {
    const list = model.card === undefined ? cellsOfFiles : cellsOfCards;
    const entry = model.card ?? model.predictions!;
    try {
      cells.push(...(await list(study, model, failures)));
    } catch (error) {
      failures.push({ model: entry, error: asFailure(error) });
    }
  }
  requireDistinct(cells, study.path);
  const order = [...new Set(cells.map(({ model }) => model))];
  const names = Object.keys(study.sets);
  const rank = ({ model, set }: StudyCell): number =>
    order.indexOf(model) * names.length + names.indexOf(set);
  return { cells: cells.sort((a, b) => rank(a) - rank(b)), failures };
}

async function cellsOfCards(
  study: Study,
  { card: pattern, preprocess, batch, sets }: StudyModel,
  failures: StudyFailure[],
): Promise<StudyCell[]> {
  const { path } = pathIn(study, pattern!);
  const cells: StudyCell[] = [];
  for (const file of (await exists(path)) ? [path] : await matchCards([path])) {
    try {
      const card = await findModelCard(file);
      const from: FromCard = {
        kind: 'card',
        card,
        preprocess,
        batch,
        isForSet: sets !== undefined,
      };
      cells.push(...cellsOn(study, card.name, sets, from));
    } catch (error) {
      failures.push({ model: basename(file), error: asFailure(error) });
    }
  }
  return cells;
}

async function cellsOfFiles(study: Study, model: StudyModel): Promise<StudyCell[]> {
  const { name, ranked, scores, key, idColumn, ids } = model;
  const options: PredictionOptions = {
    kind: ranked === true ? 'ranked' : undefined,
    scale: scores,
    key,
    idColumn,
  };
  const cells: StudyCell[] = [];
  for (const set of model.sets ?? Object.keys(study.sets)) {
    for (const found of await findFiles(study, model.predictions!, set)) {
      const idList = ids === undefined ? undefined : pathIn(study, ids, { set }).path;
      const from: FromFile = {
        kind: 'predictions',
        ...found.file,
        options: { ...options, ids: idList },
      };
      cells.push(...cellsOn(study, name ?? found.model, [set], from));
    }
  }
  if (cells.length > 0) return cells;
  throw new EvaluationError('no predictions are there', {
    code: 'study-no-models',
    path: pathIn(study, model.predictions!).path,
    fix: 'check the path, and --input',
  });
}

/** A model on the sets that it is for, without those that it is to be left out of. */
function cellsOn(
  { sets, leaveOut }: Study,
  model: string,
  names: readonly string[] = Object.keys(sets),
  from: StudyCell['from'],
): StudyCell[] {
  const isOut = (set: string): boolean =>
    leaveOut.some((out) => out.model === model && (out.set ?? set) === set);
  return names.filter((set) => !isOut(set)).map((set) => ({ set, model, from }));
}

/** The kinds of files of predictions. */
const EXTENSIONS = ['.npy', '.npz', '.csv', '.parquet'];

/** The files of predictions of a set, in byte order; none where the path is not there. */
async function findFiles(
  study: Study,
  pattern: string,
  set: string,
): Promise<{ model: string; file: StudyPath }[]> {
  if (pattern.includes('{model}')) {
    const models = await matchNames(pathIn(study, pattern, { set }).path);
    return models.map((model) => ({ model, file: pathIn(study, pattern, { set, model }) }));
  }
  const place = pathIn(study, pattern, { set });
  if (!(await exists(place.path))) return [];
  if (EXTENSIONS.includes(extname(place.path).toLowerCase())) {
    return [{ model: parse(place.path).name, file: place }];
  }
  const names = (await readdir(place.path)).filter((name) =>
    EXTENSIONS.includes(extname(name).toLowerCase()),
  );
  return names.sort(byteOrder).map((name) => ({
    model: parse(name).name,
    file: { path: join(place.path, name), shown: `${place.shown}/${name}` },
  }));
}

/** What {model} stands for in the files that a path with it matches. */
async function matchNames(path: string): Promise<string[]> {
  const [before, after] = path.replaceAll('\\', '/').split('{model}') as [string, string];
  const cwd = dirname(`${before}x`);
  if (!(await exists(cwd))) return [];
  const inFolder = [before.slice(cwd.length).replace(/^\//, ''), after];
  const pattern = inFolder.map(escapePath).join('*');
  const files = await glob(pattern, { cwd, expandDirectories: false });
  const names = files.map((file) => file.slice(inFolder[0]!.length, file.length - after.length));
  return names.sort(byteOrder);
}

/** Two models of one name would write over each other. */
function requireDistinct(cells: readonly StudyCell[], path: string): void {
  const taken = new Map<string, StudyCell>();
  for (const cell of cells) {
    const place = `${cell.set}/${folderName(cell.model)}`;
    const other = taken.get(place);
    taken.set(place, cell);
    if (other === undefined) continue;
    const isSame = other.model === cell.model;
    throw new EvaluationError(
      isSame
        ? `two models are named ${cell.model} on ${cell.set}`
        : `${other.model} and ${cell.model} have the same folder name`,
      {
        code: 'cards-same-name',
        path,
        place: 'models',
        fix: 'change "name" in one of the cards, rename the file, or name the sets of each in `sets`',
      },
    );
  }
}
