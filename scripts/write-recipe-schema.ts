import { toJson, writeWhole } from '../src/files/stage-folder.js';
import { recipeJsonSchema } from '../src/recipe/commented-recipe.js';

// The schema that each recipe names in its first line, so that editors complete and check it.
await writeWhole('configs/recipe.schema.json', toJson(recipeJsonSchema()));
