// Every public function that reads, on what it cannot read: no one source file owns this.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as patchml from '../src/index.js';
import { makeImages, writeFolders } from './support/input.js';
import { madeRecipe } from './support/made-recipe.js';
import { cardWith, tinyCard, tinyModel } from './support/unit-cards.js';
import { collect } from './support/unit-errors.js';
import { openWorkspace } from './support/workspace.js';

const newFolder = openWorkspace();
const recipe = madeRecipe({ sampling: { counts: { 2: 2 } } });

/** What is made once, and never written to. */
let made: {
  annotations: string;
  images: string;
  work: string;
  index: string;
  pool: string;
  plan: string;
  dataset: string;
  release: string;
  set: patchml.EvaluationSet;
};

beforeAll(async () => {
  const input = writeFolders(newFolder('input'), await makeImages({ images: 4 }));
  const work = newFolder('work');
  const options = { jobs: 1 };
  const { folder: index } = await patchml.buildIndex({ recipe, ...input, work }, options);
  const { folder: pool } = await patchml.extractPool({ recipe, index, work }, options);
  const { folder: plan } = await patchml.makePlan({ recipe, pool, work }, options);
  const out = join(newFolder('dataset'), 'made');
  const { folder: dataset } = await patchml.composeDataset({ recipe, pool, plan, out }, options);
  const to = newFolder('releases');
  const { folder: release } = await patchml.releaseDataset({ dataset, version: '1.0.0', to });
  const set = await patchml.openEvaluationSet({ dataset });
  made = { ...input, work, index, pool, plan, dataset, release, set };
});

/** Calls a function with a bad path in place of one of its inputs. `out` is a place to write to. */
type Call = (path: string, out: string) => Promise<unknown>;

/**
 * What the documentation says that a public function throws. `PatchmlError` stands for all classes;
 * every one may be interrupted, and the file system may fail any.
 */
function documentedErrors(name: string): string[] {
  const comment = COMMENTS.get(name);
  if (comment === undefined) throw new Error(`there is no public function ${name}`);
  const thrown = comment.slice(comment.indexOf('@throws'));
  const named: string[] = thrown.match(/\b[A-Z][a-z]+Error\b/g) ?? [];
  return named.includes('PatchmlError') ? ALL_CLASSES : named;
}

const ALL_CLASSES = Object.keys(patchml).filter((name) => /^[A-Z]\w+Error$/.test(name));

/** The comments of all functions that the library exports, by name. */
const COMMENTS = new Map(
  readdirSync('dist/src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.d.ts') && !file.startsWith('cli'))
    .flatMap((file) => [
      ...readFileSync(join('dist/src', file), 'utf8').matchAll(
        /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export declare function (\w+)/g,
      ),
    ])
    .map(([, comment, name]) => [name!, comment!]),
);

/** What comes of a call: a class and code as documented, or what is wrong about it. */
async function outcomeOf(name: string, call: () => Promise<unknown>): Promise<string> {
  const error = await call().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return 'throws nothing';
  if (!(error instanceof patchml.PatchmlError)) return `throws ${inspect(error)}`;
  const { code, message } = error;
  if (!patchml.ERROR_CODES.includes(code)) return `throws the unknown code ${code}`;
  if (/unexpected|\[object/.test(message)) return `says "${message}"`;
  if (!documentedErrors(name).includes(error.name)) return `throws ${error.name}, undocumented`;
  return 'as documented';
}

/** The function of an entry such as `openScores` or `makePlan pool`. */
function nameOf(entry: string): string {
  return entry.split(' ')[0]!;
}

/** Which calls do something else than is documented: none, if all is well. */
async function surprises(
  calls: readonly (readonly [what: string, name: string, call: () => Promise<unknown>])[],
): Promise<string[]> {
  const found: string[] = [];
  for (const [what, name, call] of calls) {
    const outcome = await outcomeOf(name, call);
    if (outcome !== 'as documented') found.push(`${what}: ${outcome}`);
  }
  return found;
}

/** What a path may lead to instead of what is wanted. */
const PLACES: Record<string, (folder: string) => string> = {
  nothing: (folder) => join(folder, 'absent'),
  'an empty folder': (folder) => folder,
  'a folder of something else': (folder) => {
    writeFileSync(join(folder, 'notes.txt'), 'to do\n');
    return folder;
  },
  'a text': (folder) => fileIn(folder, 'to do\n'),
  'a YAML list': (folder) => fileIn(folder, '- 1\n'),
  'a binary file': (folder) => fileIn(folder, Buffer.from([0x1f, 0x8b, 0, 255, 254, 7, 0, 3])),
  'a place below a file': (folder) => join(fileIn(folder, '{}'), 'below'),
  'a name with a null byte': (folder) => `${folder}\0x`,
};

function fileIn(folder: string, content: string | Buffer): string {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}

const card = (model: string): patchml.ModelCard => cardWith({}, {}, { model });

const shard = { part: 1, of: 2 };

const SAMPLE = join('configs', 'models', 'sample.yaml');
const STUDY = join('configs', 'studies', 'imagenet-gap.yaml');

/** A queue on a Redis that is not there. */
const onQueue = (root: string) => ({ queue: 'redis://127.0.0.1:1', root, work: 'work' });

/** An evaluation in folders beside a place. */
function evaluationIn(place: string): patchml.EvaluateInput {
  const out = { work: `${place}-work`, out: `${place}-scores` };
  return { card: tinyCard('nchw'), set: made.set, ...out };
}

/** A study of these predictions on a dataset. */
function studyOf(predictions: string): Promise<patchml.Study> {
  const path = join(newFolder('study'), 'study.yaml');
  const fields = { sets: { made: { dataset: made.dataset } }, models: [{ predictions }] };
  writeFileSync(path, JSON.stringify({ name: 'study', ...fields }));
  return patchml.loadStudy(path);
}

/** Every public function that reads files, by its name and the input that is bad. */
const READERS: Record<string, Call> = {
  'addModelCard model': (model) => patchml.addModelCard({ model }),
  'buildIndex annotations': (annotations, work) =>
    patchml.buildIndex({ recipe, annotations, images: made.images, work }),
  'buildIndex images': (images, work) =>
    patchml.buildIndex({ recipe, annotations: made.annotations, images, work }),
  'composeDataset plan': (plan, out) =>
    patchml.composeDataset({ recipe, pool: made.pool, plan, out }),
  'composeDataset pool': (pool, out) =>
    patchml.composeDataset({ recipe, pool, plan: made.plan, out }),
  'composeShard plan': (plan, out) =>
    patchml.composeShard({ recipe, pool: made.pool, plan, out, shard }),
  'composeShard pool': (pool, out) =>
    patchml.composeShard({ recipe, pool, plan: made.plan, out, shard }),
  'diffDatasets after': (after) => patchml.diffDatasets({ before: made.dataset, after }),
  'diffDatasets before': (before) => patchml.diffDatasets({ before, after: made.dataset }),
  'draftModelCard model': (model) => patchml.draftModelCard({ model }),
  'evaluateModel card.model': (model, work) =>
    patchml.evaluateModel({ card: card(model), set: made.set, work, out: `${work}-scores` }),
  'exportDataset dataset': (dataset, out) => patchml.exportDataset({ dataset, format: 'csv', out }),
  'extractPool images': (images, work) =>
    patchml.extractPool({ recipe, index: made.index, images, work }),
  'extractPool index': (index, work) => patchml.extractPool({ recipe, index, work }),
  'evaluateShard card.model': (model, work) =>
    patchml.evaluateShard({ ...evaluationIn(work), card: card(model), work, shard }),
  'extractShard images': (images, work) =>
    patchml.extractShard({ recipe, index: made.index, images, work, shard }),
  'extractShard index': (index, work) => patchml.extractShard({ recipe, index, work, shard }),
  'findModelCard .onnx': (path) => patchml.findModelCard(`${path}.onnx`),
  findModelCard: (path) => patchml.findModelCard(path),
  'findPoolOf dataset': (dataset) => patchml.findPoolOf({ dataset, work: made.work }),
  'findPoolOf work': (work) => patchml.findPoolOf({ dataset: made.dataset, work }),
  findScores: (path) => patchml.findScores(path),
  'estimateRecipe annotations': (annotations) =>
    patchml.estimateRecipe({ recipe, annotations, images: made.images }),
  'estimateRecipe images': (images) =>
    patchml.estimateRecipe({ recipe, annotations: made.annotations, images }),
  'generate annotations': (annotations, out) =>
    patchml.generate({ recipe, annotations, images: made.images, out, work: `${out}-work` }),
  'generate images': (images, out) =>
    patchml.generate({ recipe, annotations: made.annotations, images, out, work: `${out}-work` }),
  'evaluateOnQueue root': (root, out) =>
    patchml.evaluateOnQueue({ ...onQueue(root), cards: [SAMPLE], set: { dataset: 'd' }, out }),
  'studyOnQueue root': async (root, out) =>
    patchml.studyOnQueue({ ...onQueue(root), study: await patchml.loadStudy(STUDY), out }),
  'generateOnQueue root': (root, out) =>
    patchml.generateOnQueue({ ...onQueue(root), recipe, annotations: 'a', images: 'i', out }),
  'inspect .yaml': (path) => patchml.inspect(`${path}.yaml`),
  inspect: (path) => patchml.inspect(path),
  loadModelCard: (path) => patchml.loadModelCard(path),
  loadRecipe: (path) => patchml.loadRecipe(path),
  loadStudy: (path) => patchml.loadStudy(path),
  openAllScores: (path) => patchml.openAllScores([path]),
  openAnnotations: async (path) => collect((await patchml.openAnnotations(path)).read()),
  'openEvaluationSet dataset': (dataset) => patchml.openEvaluationSet({ dataset }),
  'openEvaluationSet images': (images) => patchml.openEvaluationSet({ images }),
  'openEvaluationSet labels': (labels) =>
    patchml.openEvaluationSet({ images: made.images, labels }),
  'openEvaluationSet originals': (originals) =>
    patchml.openEvaluationSet({ images: made.images, originals }),
  'openPredictions .csv': (path) => patchml.openPredictions(`${path}.csv`),
  openPredictions: (path) => patchml.openPredictions(path),
  openScores: (path) => patchml.openScores(path),
  'predict card.model': (model, work) =>
    patchml.predict({ card: card(model), set: made.set, work, preprocessing: tinyCard('nchw') }),
  'makePlan pool': (pool, work) => patchml.makePlan({ recipe, pool, work }),
  'mergeDataset plan': (plan, out) => patchml.mergeDataset({ recipe, pool: made.pool, plan, out }),
  'mergeDataset pool': (pool, out) => patchml.mergeDataset({ recipe, pool, plan: made.plan, out }),
  'mergeEvaluation card.model': (model, work) =>
    patchml.mergeEvaluation({ ...evaluationIn(work), card: card(model), work }),
  'mergePool images': (images, work) =>
    patchml.mergePool({ recipe, index: made.index, images, work }),
  'mergePool index': (index, work) => patchml.mergePool({ recipe, index, work }),
  'plotFigure scores': (scores, out) =>
    patchml.plotFigure({ figure: 'subgroups', scores: [scores], out: `${out}.svg` }),
  'pullRelease from': (from, out) => patchml.pullRelease({ from, out }),
  'pushRelease release': (release, to) => patchml.pushRelease({ release, to }),
  'readDataset rows': async (path) => collect((await patchml.readDataset(path)).rows()),
  'readPlan rows': async (path) => collect((await patchml.readPlan(path)).rows()),
  'readPool rows': async (path) => collect((await patchml.readPool(path)).rows()),
  readSynsetList: (path) => patchml.readSynsetList(path),
  'regenerateRelease annotations': (annotations, out) =>
    patchml.regenerateRelease({ ...made, annotations, out, work: `${out}-work` }),
  'regenerateRelease images': (images, out) =>
    patchml.regenerateRelease({ ...made, images, out, work: `${out}-work` }),
  'regenerateRelease release': (release, out) =>
    patchml.regenerateRelease({ ...made, release, out, work: `${out}-work` }),
  'regenerateSample dataset': (dataset) =>
    patchml.regenerateSample({ dataset, pool: made.pool, sample: 2 }),
  'regenerateSample pool': (pool) =>
    patchml.regenerateSample({ dataset: made.dataset, pool, sample: 2 }),
  'releaseDataset dataset': (dataset, to) =>
    patchml.releaseDataset({ dataset, version: '1.0.0', to }),
  'releaseDataset previous': (previous, to) =>
    patchml.releaseDataset({ dataset: made.dataset, version: '1.0.1', to, previous }),
  'runStudy predictions': async (predictions, out) =>
    patchml.runStudy({ study: await studyOf(predictions), out, work: `${out}-work` }),
  'scoreFile predictions': (predictions) => patchml.scoreFile({ predictions, set: made.set }),
  'scoreFile predictions .npy': (predictions) =>
    patchml.scoreFile({ predictions: `${predictions}.npy`, set: made.set }),
  'runWorker root': (root) => patchml.runWorker(onQueue(root)),
  'startViewer paths': (path) => patchml.startViewer({ paths: [path] }),
  'verify folder': (folder) => patchml.verify({ folder }),
  'verify regenerate.pool': (pool) =>
    patchml.verify({ folder: made.dataset, regenerate: { pool, work: made.work } }),
  'verify regenerate.work': (work) =>
    patchml.verify({ folder: made.dataset, regenerate: { work } }),
  'verifyDataset dataset': (dataset) => patchml.verifyDataset({ dataset }),
  'verifyRelease release': (release) => patchml.verifyRelease({ release }),
  'writeContactSheet dataset': (dataset, out) => patchml.writeContactSheet({ dataset, out }),
  'writeReport scores': (scores, out) => patchml.writeReport({ scores: [scores], out }),
};

describe('A path that leads to something else', () => {
  it.each(Object.keys(READERS))('is refused as documented: %s', async (reader) => {
    const calls = Object.entries(PLACES).map(([what, make]) => {
      const [path, out] = [make(newFolder('bad')), join(newFolder('out'), 'out')];
      return [what, nameOf(reader), () => READERS[reader]!(path, out)] as const;
    });
    expect(await surprises(calls)).toEqual([]);
  });
});

/** Every public function that writes, given a place where it cannot. */
const WRITERS: Record<string, Call> = {
  'addModelCard out': (out) =>
    patchml.addModelCard({
      model: tinyModel('imagenet'),
      preset: 'torchvision',
      out: join(out, 'card.yaml'),
    }),
  'buildIndex work': (work) => patchml.buildIndex({ ...made, recipe, work }),
  'composeDataset out': (out) => patchml.composeDataset({ ...made, recipe, out }),
  'composeShard out': (out) => patchml.composeShard({ ...made, recipe, out, shard }),
  'evaluateModel out': (out, work) =>
    patchml.evaluateModel({ card: tinyCard('nchw'), set: made.set, work, out }),
  'evaluateModel work': (work, out) =>
    patchml.evaluateModel({ card: tinyCard('nchw'), set: made.set, work, out }),
  'evaluateShard out': (out) => patchml.evaluateShard({ ...evaluationIn(out), out, shard }),
  'evaluateShard work': (work) => patchml.evaluateShard({ ...evaluationIn(work), work, shard }),
  'exportDataset out': (out) => patchml.exportDataset({ ...made, format: 'csv', out }),
  'extractPool work': (work) => patchml.extractPool({ recipe, index: made.index, work }),
  'extractShard work': (work) => patchml.extractShard({ recipe, index: made.index, work, shard }),
  'generate out': (out) => patchml.generate({ ...made, recipe, out }),
  'generateOnQueue out': (name) =>
    patchml.generateOnQueue({
      ...onQueue(join(name, '..')),
      ...{ recipe, annotations: 'a', images: 'i', out: basename(name) },
    }),
  'generate work': (work, out) => patchml.generate({ ...made, recipe, out, work }),
  'mergeEvaluation out': (out) => patchml.mergeEvaluation({ ...evaluationIn(out), out }),
  'mergeEvaluation work': (work) => patchml.mergeEvaluation({ ...evaluationIn(work), work }),
  'makePlan work': (work) => patchml.makePlan({ recipe, pool: made.pool, work }),
  'predict work': (work) =>
    patchml.predict({
      card: tinyCard('nchw'),
      set: made.set,
      work,
      preprocessing: tinyCard('nchw'),
    }),
  'pullRelease out': (out) => patchml.pullRelease({ from: made.release, out }),
  'pushRelease to': (to) => patchml.pushRelease({ ...made, to }),
  'regenerateRelease out': (out, work) => patchml.regenerateRelease({ ...made, out, work }),
  'regenerateRelease work': (work, out) => patchml.regenerateRelease({ ...made, out, work }),
  'releaseDataset to': (to) => patchml.releaseDataset({ ...made, version: '1.0.0', to }),
  'runStudy out': async (out, work) =>
    patchml.runStudy({ study: await studyOf(made.images), out, work }),
  'runStudyShard out': async (out, work) =>
    patchml.runStudyShard({ study: await studyOf(made.images), out, work, shard }),
  'writeContactSheet out': (out) => patchml.writeContactSheet({ ...made, out: join(out, 'a.png') }),
};

describe('A place that cannot be written', () => {
  it.each(Object.keys(WRITERS))('is refused as documented: %s', async (writer) => {
    const places = ['a text', 'a place below a file', 'a name with a null byte'];
    const calls = places.map((what) => {
      const [place, other] = [PLACES[what]!(newFolder('bad')), join(newFolder('out'), 'out')];
      return [what, nameOf(writer), () => WRITERS[writer]!(place, other)] as const;
    });
    expect(await surprises(calls)).toEqual([]);
  });
});

/** What can become of a file. */
const DAMAGES: Record<string, (path: string) => void> = {
  'is missing': (path) => {
    rmSync(path);
  },
  'is empty': (path) => {
    writeFileSync(path, '');
  },
  'is cut': (path) => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
  },
  'is a folder': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  'is an empty object': (path) => {
    writeFileSync(path, '{}\n');
  },
  'is a list': (path) => {
    writeFileSync(path, '[1]\n');
  },
  'is of odd bytes': (path) => {
    writeFileSync(path, Buffer.from([0x89, 0xff, 0, 254, 13, 10, 0]));
  },
};

const ON_DATASETS = [
  'diffDatasets before',
  'exportDataset dataset',
  'inspect',
  'openEvaluationSet dataset',
  'readDataset rows',
  'regenerateSample dataset',
  'releaseDataset dataset',
  'writeContactSheet dataset',
];
const ON_RELEASES = ['pullRelease from', 'pushRelease release', 'regenerateRelease release'];

/** Files, and the readers that cannot do without them. */
const READ_BY: [kind: 'index' | 'pool' | 'plan' | 'dataset' | 'release', string, string[]][] = [
  ['index', 'index.json', ['extractPool index']],
  ['index', 'objects.jsonl', ['extractPool index']],
  ['pool', 'pool.json', ['composeDataset pool', 'makePlan pool', 'readPool rows']],
  ['pool', 'patches.jsonl', ['composeDataset pool', 'makePlan pool', 'regenerateSample pool']],
  ['pool', 'patches.bin', ['composeDataset pool', 'regenerateSample pool']],
  ['plan', 'plan.json', ['composeDataset plan', 'readPlan rows']],
  ['plan', 'plan.jsonl', ['composeDataset plan']],
  ['dataset', 'dataset.json', ON_DATASETS],
  ['dataset', 'metadata.jsonl', ON_DATASETS],
  ['dataset', 'patchml.lock.json', ON_DATASETS],
  ['dataset', 'images/k2-000000.png', ['exportDataset dataset', 'writeContactSheet dataset']],
  ['release', 'release.json', ON_RELEASES],
  ['release', 'SHA256SUMS', ON_RELEASES],
];

describe('A damaged file', () => {
  it.each(READ_BY)('is refused as documented: of the %s, %s', async (kind, file, readers) => {
    const calls = Object.entries(DAMAGES).flatMap(([damage, apply]) =>
      readers.map((reader) => {
        const folder = join(newFolder('bad'), basename(made[kind]));
        cpSync(made[kind], folder, { recursive: true });
        apply(join(folder, file));
        const out = join(newFolder('out'), 'out');
        return [
          `${damage}: ${reader}`,
          nameOf(reader),
          () => READERS[reader]!(folder, out),
        ] as const;
      }),
    );
    expect(await surprises(calls)).toEqual([]);
  });
});

it('No function that reads or writes files is left out here', () => {
  const tried = new Set([...Object.keys(READERS), ...Object.keys(WRITERS)].map(nameOf));
  // Tested where their long inputs are made: test/score.
  const elsewhere = ['writeModelComparison', 'writeScores', 'writeSetComparison'];
  const untried = Object.keys(patchml).filter(
    (name) => COMMENTS.get(name)?.includes('OutputError') && !tried.has(name),
  );
  expect(untried.sort()).toEqual(elsewhere);
});
