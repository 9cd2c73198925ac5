import { parseRecipe } from '../src/recipe/load.js';
import { recipeJsonSchema } from '../src/recipe/write.js';

interface Field {
  description?: string;
  properties?: Record<string, Field>;
}

/** The table of recipe fields in docs/recipes.md, made from the schema. */
export function recipeTable(): string {
  const rows = listFields(recipeJsonSchema() as Field, parseRecipe({ name: 'my-dataset' }), '');
  return ['| field | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function listFields({ properties = {} }: Field, values: unknown, path: string): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const value = (values as Record<string, unknown> | undefined)?.[name];
    const full = path === '' ? name : `${path}.${name}`;
    if (field.properties) return listFields(field, value, full);
    const shown = value === undefined ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\``;
    return [`| \`${full}\` | ${shown} | ${field.description ?? ''} |`];
  });
}
