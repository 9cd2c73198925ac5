import { join } from 'node:path';
import Table from 'cli-table3';
import {
  classNameOf,
  evaluateModel,
  type EvaluationSet,
  generate,
  loadModelCard,
  loadRecipe,
  loadStudy,
  openEvaluationSet,
  readDataset,
  regenerateSample,
  runStudy,
  verifyDataset,
  writeContactSheet,
} from '../src/index.js';
import { modelsTable } from '../src/score/scorecard-table.js';
import type { NewScorecard } from '../src/score/scorecard.js';
import { studyTables } from '../src/study/tables.js';
import { toTerminalTable } from '../src/text.js';
import { makeSample } from './make-sample.js';

// From nothing to a score: a sample in ImageNet's own form, patches cut from it, images composed of
// them, every byte checked, a picture of the result, a real model scored on both, and a study of layouts.

const OUTPUT = 'output';
const sampleFolder = join(OUTPUT, 'sample');
const dataset = join(OUTPUT, 'demo');
const work = join(OUTPUT, 'work');
const sheet = join(OUTPUT, 'contact-sheet.png');
const scores = join(OUTPUT, 'scores');
const started = performance.now();

say('Making a sample in ImageNet form: pictures of objects with boxes, and seven oddities');
const sample = await makeSample({
  out: sampleFolder,
  seed: '42',
  trainPerClass: 0,
  valPerClass: 10,
});

say('Generating: index, extract, plan, compose');
const recipe = await loadRecipe('configs/recipes/demo.yaml');
const annotations = join(sampleFolder, 'val', 'annotations');
const images = join(sampleFolder, 'val', 'images');
const { pool } = await generate(
  { recipe, annotations, images, out: dataset, work },
  { overwrite: true },
);

say('Verifying: every file and row, and 40 images recomposed from the pool');
const { findings, files } = await verifyDataset({ dataset });
const { differing } = await regenerateSample({ dataset, pool, sample: 40 });

say('Drawing the contact sheet');
await writeContactSheet({ dataset, out: sheet });

say('Scoring a model on the sample and on the dataset: configs/models/sample.onnx');
const card = await loadModelCard(join('configs', 'models', 'sample.yaml'));
const labels = join(sampleFolder, 'val', 'labels.csv');
const onSample = await score({
  ...(await openEvaluationSet({ images, labels })),
  name: 'sample-val',
});
const onDataset = await score(await openEvaluationSet({ dataset }));

say('Running a study of three layouts: configs/studies/demo.yaml');
const study = await loadStudy(join('configs', 'studies', 'demo.yaml'));
const studied = await runStudy({ study, out: join(OUTPUT, 'studies', study.name), work });

const { summary, lock, rows } = await readDataset(dataset);
const { source } = summary;
print('What went in', [
  ['sample', `${sampleFolder} (${sample.images} images, ${sample.classes} classes)`],
  ['on purpose in it', sample.special.join('\n')],
  ['annotations', source.annotations],
  ['objects', source.objects],
  ...Object.entries(source.drops).map(
    ([reason, count]) => [`  dropped: ${reason}`, count] as const,
  ),
  ['patches', source.patches],
]);
print('What came out', [
  [
    'dataset',
    `${dataset} (${summary.images} images of ${Object.keys(summary.counts).join(', ')} patches)`,
  ],
  ['its first image', await describeFirst()],
  ['contact sheet', sheet],
  ['pool', pool],
  ['verified', `${files} files, ${findings.length} problems`],
  ['recomposed', `40 images, ${differing.length} with different pixels`],
  ['digest', lock.dataset],
]);
for (const scorecard of [onSample, onDataset]) {
  console.log(`${scorecard.model.name} on ${scorecard.set.name}, with 95% intervals:`);
  console.log(toTerminalTable(modelsTable([scorecard])));
}
console.log(
  `The model was taught one label an image, and yet it ranks ${percent(onDataset)} of the objects in the\n` +
    "dataset's images on top (variable top-k); a test with one right answer would see one of them.\n" +
    `Scorecards, predictions and scores of each image: ${scores}`,
);
const layouts = studyTables(studied.results).find(({ name }) => name === 'subgroups');
if (layouts) {
  console.log('The study: A_k by the number of objects, and by the side they are painted in (px):');
  console.log(toTerminalTable(layouts.text));
}
console.log(
  'In "grid" objects shrink as their number grows, in "same-size" they do not: compare the two before\n' +
    `you say what more objects do to a model. Report, tables and figures: ${studied.out}`,
);
say('Done');
console.log(`
Next, with ImageNet. You need its validation images (ILSVRC2012_img_val.tar) and bounding boxes
(ILSVRC2012_bbox_val_v3.tgz); neither has to be unpacked, and Kaggle's tree and CSV will do as well.

  npx patchml init my-recipe.yaml --name my-dataset
  npx patchml generate --recipe my-recipe.yaml --annotations ILSVRC2012_bbox_val_v3.tgz \\
      --images ILSVRC2012_img_val.tar --out output/my-dataset
  npx patchml verify output/my-dataset
  npx patchml inspect output/my-dataset --contact-sheet output/my-dataset.png
  npx patchml model add model.onnx   # it says which flags it lacks
  npx patchml evaluate --model model.onnx --dataset output/my-dataset

A recipe for curves over the number of objects: configs/recipes/controlled.yaml. More: README.md.`);
if (findings.length + differing.length + studied.failures.length > 0) process.exitCode = 1;

async function score(set: EvaluationSet): Promise<NewScorecard> {
  const out = join(scores, set.name.replace(' ', '-'), card.name);
  return (await evaluateModel({ card, set, work, out }, { overwrite: true })).scorecard;
}

function percent({ metrics }: NewScorecard): string {
  return `${Math.round(100 * (metrics.variableTopK?.value ?? 0))}%`;
}

async function describeFirst(): Promise<string> {
  for await (const { file_name: file, labels } of rows()) {
    return `${file}: ${labels.map(classNameOf).join(', ')}`;
  }
  return 'none';
}

function print(title: string, lines: readonly (readonly [string, string | number])[]): void {
  const table = new Table({ head: [title, ''], style: { head: [], border: [] } });
  for (const [name, value] of lines) table.push([name, value]);
  console.log(table.toString());
}

function say(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${text}`);
}
