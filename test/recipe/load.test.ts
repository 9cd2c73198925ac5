import { spawnSync } from 'node:child_process';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PatchmlError, RecipeError } from '../../src/errors.js';
import { loadRecipe, parseRecipe, portableRecipe, recipeDigest } from '../../src/recipe/load.js';
import { thrownBy } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { fieldsWith, recipeWith } from '../support/unit-recipes.js';

const DEFAULTS = {
  name: 'test',
  version: '1.0.0',
  seed: '42',
  source: {
    split: 'val',
    allow: { synsets: [], images: [] },
    block: { synsets: [], images: [] },
  },
  patch: {
    minSide: 32,
    maxAspect: 4,
    margin: 0,
    dedupeIou: 0.9,
    fit: 'contain',
    kernel: 'lanczos3',
  },
  canvas: { size: 224, background: 'white', safeArea: 0.875 },
  layout: { type: 'grid', gap: 0, cells: 3, maxOverlap: 0, scale: [0.3, 0.6] },
  sampling: {
    counts: { 2: 2500, 3: 2500, 4: 2500, 5: 2500 },
    replacement: 'per-image',
    distinctClasses: true,
    distinctSources: true,
    balance: 'patches',
    conflicts: [],
    paired: false,
  },
  encode: { format: 'png', quality: 95 },
};

/** What is thrown for a recipe with one field set. */
function refusalOf(field: string, value: unknown): RecipeError {
  const error = thrownBy(() =>
    parseRecipe({ name: 'test', ...fieldsWith(field, value) }, 'my.yaml'),
  );
  expect(error).toBeInstanceOf(RecipeError);
  return error as RecipeError;
}

describe('parseRecipe', () => {
  it('fills in every default of the design from a name alone', () => {
    expect(parseRecipe({ name: 'test' })).toEqual(DEFAULTS);
  });

  it('keeps what is given and fills in what is not, field by field', () => {
    const recipe = parseRecipe({ name: 'test', seed: 7, patch: { minSide: 50 } });
    expect(recipe).toEqual({
      ...DEFAULTS,
      seed: '7',
      patch: { ...DEFAULTS.patch, minSide: 50 },
    });
  });

  it('takes a seed as a number or as the same text', () => {
    expect(parseRecipe({ name: 'test', seed: 42 })).toEqual(
      parseRecipe({ name: 'test', seed: '42' }),
    );
  });

  it.each(['', 'source', 'source.allow', 'source.block', 'patch', 'canvas', 'layout', 'sampling'])(
    'refuses an unknown field in "%s" and says where to see them all',
    (section) => {
      const error = refusalOf(section === '' ? 'sead' : `${section}.sead`, 1);
      expect(error).toMatchObject({ code: 'recipe-unknown-field', path: 'my.yaml' });
      expect(error.place ?? '').toBe(section);
      expect(error.message).toContain('unknown field "sead"');
      expect(error.fix).toContain('patchml init');
    },
  );

  it('names every unknown field of a section at once', () => {
    expect(refusalOf('patch', { minside: 1, maxaspect: 2 }).message).toContain(
      'unknown field "minside", "maxaspect"',
    );
  });

  it('refuses a field that would change the prototype of objects', () => {
    const input: unknown = JSON.parse('{"name": "test", "__proto__": {"seed": 1}}');
    expect(thrownBy(() => parseRecipe(input))).toMatchObject({ code: 'recipe-unknown-field' });
  });

  it.each<[field: string, value: unknown, expected: RegExp]>([
    ['name', 'Upper Case', /lower-case/],
    ['name', '', /lower-case/],
    ['name', '../up', /lower-case/],
    ['version', '1.0', /such as 1\.0\.0/],
    ['seed', 1.5, /number|int/],
    ['seed', '', /character/],
    ['seed', null, /number|text|string/],
    ['source.limit', 0, />0/],
    ['source.split', 1, /string/],
    ['source.allow.synsets', ['banana'], /such as n07753592/],
    ['source.block.synsets', 'n07753592', /array/],
    ['source.block.images', ['../a'], /image id/],
    ['patch.minSide', 0, />=1/],
    ['patch.minSide', 1.5, /int/],
    ['patch.minSide', NaN, /number/],
    ['patch.maxAspect', 0.5, />=1/],
    ['patch.maxAspect', Infinity, /number/],
    ['patch.margin', -0.1, />=0/],
    ['patch.margin', 1.1, /<=1/],
    ['patch.storeSide', 4, />=8/],
    ['patch.dedupeIou', 2, /<=1/],
    ['patch.fit', 'fill', /contain.*cover.*stretch/],
    ['patch.kernel', 'nearest', /lanczos3/],
    ['patch', null, /object/],
    ['canvas.size', 8, />=16/],
    ['canvas.size', 5000, /<=4096/],
    ['canvas.size', [224], /width.*height|2 items/],
    ['canvas.size', [224, 8], />=16/],
    ['canvas.size', '224', /number/],
    ['canvas.background', 'purple', /white.*#rrggbb/],
    ['canvas.background', '#12345', /#rrggbb/],
    ['canvas.safeArea', 0, />0/],
    ['canvas.safeArea', 1.01, /<=1/],
    ['layout.type', 'hex', /grid.*fixed-grid.*scatter/],
    ['layout.gap', -1, />=0/],
    ['layout.cells', 11, /<=10/],
    ['layout.maxOverlap', 1.5, /<=1/],
    ['layout.scale', [0.3], /2 items/],
    ['layout.scale', [0, 0.5], />0/],
    ['sampling.counts', { 0: 5 }, /number of patches/],
    ['sampling.counts', { two: 5 }, /number of patches/],
    ['sampling.counts', { 2: -1 }, />=0/],
    ['sampling.counts', { 2: 'many' }, /number/],
    ['sampling.replacement', 'never', /per-image.*per-dataset/],
    ['sampling.distinctClasses', 'yes', /boolean/],
    ['sampling.balance', 'images', /patches.*classes/],
    ['sampling.conflicts', [['n07753592']], />=2/],
    ['sampling.paired', 1, /boolean/],
    ['encode.format', 'gif', /png.*jpeg.*webp/],
    ['encode.quality', 101, /<=100/],
  ])('refuses %s: %j, and says what it may be', (field, value, expected) => {
    const error = refusalOf(field, value);
    expect(error).toMatchObject({ code: 'recipe-invalid-field', path: 'my.yaml' });
    expect(error.place).toMatch(new RegExp(`^${field.replaceAll('.', '[.]')}`));
    expect(error.message).toMatch(expected);
  });

  it('says what a refused field held', () => {
    expect(refusalOf('encode.quality', 101).message).toContain('got 101');
  });

  it.each([undefined, null, 'text', 3, []])('refuses %j as a whole recipe', (input) => {
    expect(thrownBy(() => parseRecipe(input, 'my.yaml'))).toMatchObject({
      name: 'RecipeError',
      code: 'recipe-invalid-field',
      path: 'my.yaml',
    });
  });

  it('cuts a long value short in its message', () => {
    expect(refusalOf('name', 'A'.repeat(100_000)).message.length).toBeLessThan(500);
  });

  it.each<[string, Record<string, unknown>, place: string]>([
    ['more than 100 patches', { sampling: { counts: { 101: 1 } } }, 'sampling.counts.101'],
    [
      'more patches than cells',
      { layout: { type: 'fixed-grid', cells: 2 }, sampling: { counts: { 4: 1, 5: 1 } } },
      'sampling.counts.5',
    ],
    [
      'cells too small to show anything', // 2 cells and a gap of 182 in 196 px: 7 px a cell
      { layout: { gap: 182 }, sampling: { counts: { 2: 1 } } },
      'sampling.counts.2',
    ],
    [
      'a class in two conflict groups',
      {
        sampling: {
          conflicts: [
            ['n01440764', 'n01443537'],
            ['n01443537', 'n13054560'],
          ],
        },
      },
      'sampling.conflicts.1',
    ],
    [
      'a class twice in one conflict group',
      { sampling: { conflicts: [['n01440764', 'n01440764']] } },
      'sampling.conflicts.0',
    ],
    [
      'pairs that may not share patches',
      { sampling: { paired: true, replacement: 'per-dataset' } },
      'sampling.paired',
    ],
    ['no image at all', { sampling: { counts: { 2: 0 } } }, 'sampling.counts'],
    ['no count at all', { sampling: { counts: {} } }, 'sampling.counts'],
    ['scales the wrong way round', { layout: { scale: [0.6, 0.3] } }, 'layout.scale'],
    [
      'scattered patches too small to show anything', // 0.04 of 196 px: 7.84 px
      { layout: { type: 'scatter', scale: [0.01, 0.04] } },
      'layout.scale',
    ],
    [
      'a gap between patches that may overlap',
      { layout: { type: 'scatter', gap: 4, maxOverlap: 0.2 } },
      'layout',
    ],
    [
      'a synset allowed and blocked',
      { source: { allow: { synsets: ['n01440764'] }, block: { synsets: ['n01440764'] } } },
      'source.block.synsets',
    ],
    [
      'an image allowed and blocked',
      { source: { allow: { images: ['a'] }, block: { images: ['b', 'a'] } } },
      'source.block.images',
    ],
  ])('refuses the contradiction of %s and says what to do', (_, fields, place) => {
    const error = thrownBy(() => parseRecipe({ name: 'test', ...fields }, 'my.yaml'));
    expect(error).toMatchObject({
      name: 'RecipeError',
      code: 'recipe-contradiction',
      path: 'my.yaml',
    });
    expect((error as RecipeError).place).toMatch(new RegExp(`^${place}`));
    expect((error as RecipeError).fix).toMatch(/\w+ \w+/);
  });

  it('takes the smallest cells that show something', () => {
    // 2 cells and a gap of 180 in 196 px: 8 px a cell
    const fields = { layout: { gap: 180 }, sampling: { counts: { 2: 1 } } };
    expect(parseRecipe({ name: 'test', ...fields }).layout.gap).toBe(180);
  });

  it('does not check what a count of 0 would need', () => {
    const { sampling } = parseRecipe({ name: 'test', sampling: { counts: { 1: 1, 500: 0 } } });
    expect(sampling.counts).toEqual({ 1: 1, 500: 0 });
  });

  it('ends in a recipe or a RecipeError of one line, whatever it is given', () => {
    const section = fc.dictionary(fc.constantFrom('size', 'counts', 'scale', 'x'), fc.anything());
    const mapping = fc.record(
      { name: fc.constant('test'), seed: fc.anything(), canvas: section, layout: section },
      { requiredKeys: ['name'] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), mapping), (input) => {
        try {
          expect(parseRecipe(input).name).toBe('test');
        } catch (error) {
          expect(error).toBeInstanceOf(RecipeError);
          expect((error as RecipeError).message).not.toContain('\n');
        }
      }),
    );
  });
});

describe('loadRecipe', () => {
  function recipeFile(text: string | Buffer): string {
    return join(writeTree({ 'r.yaml': text }), 'r.yaml');
  }

  it('reads YAML and fills in the defaults', async () => {
    const path = recipeFile('# mine\nname: test\nsampling:\n  counts: { 3: 10 }\n');
    expect(await loadRecipe(path)).toEqual({
      ...DEFAULTS,
      sampling: { ...DEFAULTS.sampling, counts: { 3: 10 } },
    });
  });

  it('lays overrides over the file, field by field', async () => {
    const path = recipeFile('name: test\nseed: 1\npatch: { minSide: 40, margin: 0.1 }\n');
    const recipe = await loadRecipe(path, { seed: 7, patch: { margin: 0.2 } });
    expect(recipe.seed).toBe('7');
    expect(recipe.patch).toEqual({ ...DEFAULTS.patch, minSide: 40, margin: 0.2 });
  });

  it('leaves a field as it is where the override is undefined', async () => {
    const path = recipeFile('name: test\nseed: 1\nsampling: { counts: { 2: 5 } }\n');
    const overrides = { seed: undefined, patch: undefined, sampling: { counts: undefined } };
    const recipe = await loadRecipe(path, overrides);
    expect(recipe.seed).toBe('1');
    expect(recipe.sampling.counts).toEqual({ 2: 5 });
  });

  it('replaces the counts as a whole: what the override does not name is not made', async () => {
    const path = recipeFile('name: test\nsampling: { counts: { 2: 5, 3: 5 } }\n');
    const recipe = await loadRecipe(path, { sampling: { counts: { 4: 9 } } });
    expect(recipe.sampling.counts).toEqual({ 4: 9 });
  });

  it('replaces lists as a whole', async () => {
    const path = recipeFile('name: test\nsource: { block: { images: [a, b] } }\n');
    const recipe = await loadRecipe(path, { source: { block: { images: ['c'] } } });
    expect(recipe.source.block.images).toEqual(['c']);
  });

  it('checks the overrides as it checks the file', async () => {
    const path = recipeFile('name: test\n');
    await expect(loadRecipe(path, { encode: { quality: 500 } })).rejects.toMatchObject({
      code: 'recipe-invalid-field',
      place: 'encode.quality',
      path,
    });
  });

  it.each([
    ['a nested mapping on one line', 'name: a\nseed: b: c\n', 'line 2'],
    ['an open bracket', 'name: [a\n', 'line 2'],
    ['a field twice', 'name: a\nname: b\n', 'line 2'],
    ['two documents', 'name: a\n---\nname: b\n', 'line 2'],
  ])('says the line where it is no YAML: %s', async (_, text, place) => {
    const path = recipeFile(text);
    await expect(loadRecipe(path)).rejects.toMatchObject({
      name: 'RecipeError',
      code: 'recipe-not-yaml',
      path,
      place,
    });
  });

  it('refuses an alias bomb', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ');
      lines.push(`a${level}: &a${level} [${aliases}]`);
    }
    const path = recipeFile(`${lines.join('\n')}\nname: *a8\n`);
    await expect(loadRecipe(path)).rejects.toMatchObject({ code: 'recipe-not-yaml', path });
  });

  it.each(['name: *nowhere\n', 'name: test\npatch: &self\n  x: *self\n'])(
    'refuses an alias of nothing or of itself: %j',
    async (text) => {
      await expect(loadRecipe(recipeFile(text))).rejects.toBeInstanceOf(RecipeError);
    },
  );

  it.each([
    ['seed: !!js/function "process.exit(3)"'],
    ['seed: !mine 7'],
    ['seed: !!binary aGk='],
    ['sampling: !!set {unique}'],
  ])('refuses %s: a tag', async (line) => {
    const path = recipeFile(`name: test\n${line}\n`);
    await expect(loadRecipe(path)).rejects.toMatchObject({
      code: 'recipe-not-yaml',
      place: 'line 2',
      message: expect.stringContaining('Unresolved tag') as unknown,
    });
  });

  it.each([['__proto__: {seed: 7}'], ['sampling: {"__proto__": {unique: true}}']])(
    'refuses %s, which is not a field',
    async (line) => {
      const path = recipeFile(`name: test\n${line}\n`);
      await expect(loadRecipe(path)).rejects.toMatchObject({
        code: 'recipe-not-yaml',
        message: expect.stringContaining('__proto__ is not a field') as unknown,
      });
    },
  );

  it('refuses a file of 2 MB', async () => {
    const path = recipeFile(`name: test\n# ${'x'.repeat(2 << 20)}\n`);
    await expect(loadRecipe(path)).rejects.toMatchObject({
      name: 'RecipeError',
      code: 'recipe-too-large',
      path,
    });
  });

  it('refuses a file of 3 GB without reading it', async () => {
    const path = recipeFile('');
    truncateSync(path, 3e9);
    await expect(loadRecipe(path)).rejects.toMatchObject({
      name: 'RecipeError',
      code: 'recipe-too-large',
      path,
    });
  });

  // In a process of its own: where the parser overflows the stack inside a regular expression,
  // V8 ends the process, and with it the run of all tests.
  it('refuses YAML nested thousands deep, and the process lives on', () => {
    const folder = temporaryFolder();
    const nested = ['[', '[ ', '{a: ', '- ', '? '].map((open) => open.repeat(20_000));
    nested.push(Array.from({ length: 1200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'));
    nested.push(Array.from({ length: 1200 }, (_, depth) => `${' '.repeat(depth)}-`).join('\n'));
    const files = nested.map((text, index) => {
      const file = join(folder, `${index}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    const script = `
      const { loadRecipe } = await import(${JSON.stringify(import.meta.resolve('../../src/recipe/load.js'))});
      for (const file of process.argv.slice(1)) {
        await loadRecipe(file).then(() => console.log('accepted'), ({ name }) => console.log(name));
      }`;
    const args = ['--input-type=module', '-e', script, ...files, ...files];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual([...files, ...files].map(() => 'RecipeError'));
    expect(status).toBe(0);
  });

  it.each([
    ['a list', '- name: test\n'],
    ['text', 'hello\n'],
    ['UTF-16', Buffer.from('\ufeffname: test\n', 'utf16le')],
  ])('refuses %s, even where overrides would make a recipe', async (_, content) => {
    const path = recipeFile(content);
    await expect(loadRecipe(path, { name: 'over' })).rejects.toMatchObject({
      name: 'RecipeError',
      path,
    });
  });

  it('refuses an empty file', async () => {
    await expect(loadRecipe(recipeFile(''))).rejects.toBeInstanceOf(RecipeError);
  });

  it('says that there is no such file', async () => {
    const path = join(temporaryFolder(), 'none.yaml');
    await expect(loadRecipe(path)).rejects.toMatchObject({ code: 'enoent', path });
  });

  it('says which folder was given in place of a file', async () => {
    const path = temporaryFolder();
    const error: unknown = await loadRecipe(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PatchmlError);
    expect(error).toMatchObject({ code: 'eisdir', path });
  });

  it.each(readdirSync('configs/recipes'))('reads configs/recipes/%s', async (file) => {
    expect((await loadRecipe(join('configs/recipes', file))).name).toMatch(/\w/);
  });
});

describe('recipeDigest', () => {
  it('does not depend on the order of the fields', () => {
    const fields: [string, unknown][] = [
      ['name', 'test'],
      ['seed', 7],
      ['patch', { margin: 0.1, minSide: 40 }],
      ['canvas', { size: 256, background: 'noise' }],
      ['sampling', { counts: { 2: 5, 3: 6 }, paired: true }],
    ];
    const expected = recipeDigest(parseRecipe(Object.fromEntries(fields)));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(fields, { minLength: fields.length }),
        fc.boolean(),
        (order, reverse) => {
          const input = order.map(([name, value]) => [name, reverse ? reversed(value) : value]);
          expect(recipeDigest(parseRecipe(Object.fromEntries(input)))).toBe(expected);
        },
      ),
    );
  });

  it('is the same whether a default is written out or left out', () => {
    const written = recipeWith({ seed: 42, patch: { minSide: 32 }, encode: { format: 'png' } });
    expect(recipeDigest(written)).toBe(recipeDigest(recipeWith()));
  });

  it('does not depend on where the inputs lie', () => {
    const here = recipeWith({ source: { annotations: '/a', images: '/b' } });
    const there = recipeWith({ source: { annotations: 'C:\\a.tgz' } });
    expect(recipeDigest(here)).toBe(recipeDigest(there));
    expect(recipeDigest(here)).toBe(recipeDigest(recipeWith()));
  });

  it.each([
    { name: 'other' },
    { version: '1.0.1' },
    { seed: 43 },
    { source: { split: 'train' } },
    { source: { limit: 5 } },
    { source: { allow: { synsets: ['n01440764'] } } },
    { source: { block: { images: ['a'] } } },
    { patch: { minSide: 33 } },
    { patch: { storeSide: 196 } },
    { canvas: { background: 'black' as const } },
    { canvas: { size: [224, 225] as [number, number] } },
    { layout: { gap: 1 } },
    { layout: { scale: [0.3, 0.61] as [number, number] } },
    { sampling: { counts: { 2: 2500, 3: 2500, 4: 2500, 5: 2501 } } },
    { sampling: { conflicts: [['n01440764', 'n01443537']] } },
    { encode: { quality: 94 } },
  ])('changes with %j', (fields) => {
    expect(recipeDigest(recipeWith(fields))).not.toBe(recipeDigest(recipeWith()));
  });

  it('is a SHA-256', () => {
    expect(recipeDigest(recipeWith())).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('portableRecipe', () => {
  it('says nothing of this machine and all the rest', () => {
    const source = { annotations: '/home/me/a', images: '/home/me/b', limit: 3, split: 'train' };
    const portable = portableRecipe(recipeWith({ source }));
    expect(JSON.stringify(portable)).not.toContain('/home');
    expect(portable).toEqual(recipeWith({ source: { limit: 3, split: 'train' } }));
  });

  it('is a recipe that reads back to itself', () => {
    const portable = portableRecipe(recipeWith({ source: { images: 'b' }, seed: 'words' }));
    expect(parseRecipe(portable)).toEqual(portable);
  });
});

/** A mapping with its fields the other way round. */
function reversed(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).reverse())
    : value;
}
