import { Document, isMap, isScalar, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { parseRecipe } from './load.js';
import { type Recipe, recipeSchema } from './schema.js';

/**
 * A recipe as YAML with every field at its default, each with a comment on what it means.
 * @param schema path of the recipe's JSON Schema from the file's folder, for editors
 */
export function toCommentedRecipe(name: string, schema: string): string {
  return commentRecipe(parseRecipe({ name }), ` yaml-language-server: $schema=${schema}`);
}

/**
 * A recipe as YAML, each field with a comment on what it means.
 * @param head a comment above all of them, with its first space
 */
export function commentRecipe(recipe: Recipe, head?: string): string {
  const document = new Document(recipe);
  if (head !== undefined) document.commentBefore = head;
  describeFields(document.contents as YAMLMap, recipeJsonSchema());
  return document.toString({ lineWidth: 0 });
}

/** The recipe's JSON Schema, by which editors complete and check a recipe. */
export function recipeJsonSchema(): JsonSchema {
  return z.toJSONSchema(recipeSchema, { io: 'input' });
}

interface JsonSchema {
  description?: string;
  properties?: Record<string, JsonSchema | boolean>;
}

function describeFields(fields: YAMLMap, { properties = {} }: JsonSchema): void {
  for (const item of fields.items) {
    const key = isScalar(item.key) ? item.key : undefined;
    const schema = properties[String(key?.value)];
    if (!key || typeof schema !== 'object') continue;
    if (schema.description !== undefined) key.commentBefore = ` ${schema.description}`;
    if (isMap(item.value) && schema.properties) describeFields(item.value, schema);
  }
}
