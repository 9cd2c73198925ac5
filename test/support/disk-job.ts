import { join } from 'node:path';
import {
  exportDataset,
  generate,
  openEvaluationSet,
  pullRelease,
  pushRelease,
  releaseDataset,
  scoreFile,
} from '../../src/index.js';
import { DISK_RECIPE } from './made-recipe.js';

// Makes an output of every kind below a folder, while record-disk.ts notes what reaches the disk.

const [root, annotations, images, predictions] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const dataset = join(root, 'dataset');
const places = { out: dataset, work: join(root, 'work') };
await generate({ recipe: DISK_RECIPE, annotations, images, ...places }, { jobs: 1 });
await exportDataset({ dataset, format: 'csv', out: join(root, 'export') });
const to = join(root, 'releases');
const { folder } = await releaseDataset({ dataset, to, version: '1.0.0', exports: ['yolo'] });
const { place } = await pushRelease({ release: folder, to: join(root, 'store') });
await pullRelease({ from: place, out: join(root, 'pulled') });
const set = await openEvaluationSet({ dataset });
await scoreFile({ predictions, set, out: join(root, 'scores') }, { resamples: 10 });
