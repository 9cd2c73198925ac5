import { readFile } from 'node:fs/promises';
import { toJson } from '../src/files/json.js';
import { writeWhole } from '../src/files/output-file.js';
import { modelCardJsonSchema } from '../src/models/card.js';
import { recipeJsonSchema } from '../src/recipe/write.js';
import { scorecardJsonSchema } from '../src/score/scorecard.js';
import { studyResultsJsonSchema } from '../src/study/results.js';
import { studyJsonSchema } from '../src/study/schema.js';
import { recipeTable } from './recipe-table.js';

// Writes what is made from schemas: the JSON Schemas that recipes, model cards and studies name in
// their first line, so that editors complete and check them, those of results, and the table of recipe fields
// in docs/recipes.md.

const [START, END] = ['<!-- recipe-table -->', '<!-- /recipe-table -->'];

await writeWhole('configs/recipe.schema.json', toJson(recipeJsonSchema()));
await writeWhole('configs/model-card.schema.json', toJson(modelCardJsonSchema()));
await writeWhole('configs/scorecard.schema.json', toJson(scorecardJsonSchema()));
await writeWhole('configs/study.schema.json', toJson(studyJsonSchema()));
await writeWhole('configs/study-results.schema.json', toJson(studyResultsJsonSchema()));

const page = 'docs/recipes.md';
const [before, rest] = (await readFile(page, 'utf8')).split(START);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${page} has no ${START}`);
await writeWhole(page, `${before}${START}\n\n${recipeTable()}\n\n${END}${after}`);
