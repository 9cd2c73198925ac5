import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseRecipe } from '../../src/recipe/load.js';
import { recipeJsonSchema, toCommentedRecipe } from '../../src/recipe/write.js';

describe('toCommentedRecipe', () => {
  const text = toCommentedRecipe('demo', '../recipe.schema.json');

  it('parses back to the defaults', () => {
    expect(parseRecipe(parse(text))).toEqual(parseRecipe({ name: 'demo' }));
  });

  it('names the schema in its first line, so that editors complete it', () => {
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../recipe.schema.json');
  });

  it('explains every field in the line before it', () => {
    const lines = text.split('\n');
    const sections = ['source', 'patch', 'canvas', 'layout', 'sampling', 'encode'];
    for (const [index, line] of lines.entries()) {
      const [, field] = /^ *([a-zA-Z]+):/.exec(line) ?? [];
      if (field === undefined || sections.includes(field)) continue;
      expect([field, lines[index - 1]]).toEqual([field, expect.stringMatching(/^ *# \S/)]);
    }
    expect(text).toContain('# Seed of every random choice: a number or any text\nseed:');
  });

  it.each(['true', 'null', '123', '1.0', 'a.b-c_d'])('keeps the name %s as text', (name) => {
    const fields: unknown = parse(toCommentedRecipe(name, 's.json'));
    expect(parseRecipe(fields).name).toBe(name);
  });
});

describe('recipeJsonSchema', () => {
  it('is what configs/recipe.schema.json holds', () => {
    const stored: unknown = JSON.parse(readFileSync('configs/recipe.schema.json', 'utf8'));
    expect(stored).toEqual(recipeJsonSchema());
  });

  it('asks for nothing but the name', () => {
    expect(recipeJsonSchema()).toMatchObject({ type: 'object', required: ['name'] });
  });
});
