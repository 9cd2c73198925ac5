import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  parseJson,
  parseSmallJson,
  readJsonLines,
  readSummary,
  repeatedKey,
  writeJsonLines,
  toJson,
} from '../../src/files/json.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

function fileOf(text: string): string {
  return join(writeTree({ 'rows.jsonl': text }), 'rows.jsonl');
}

describe('readJsonLines', () => {
  it('reads a row a line, the last with or without its newline', async () => {
    expect(await collect(readJsonLines(fileOf('{"a":1}\n[2]\n3')))).toEqual([{ a: 1 }, [2], 3]);
    expect(await collect(readJsonLines(fileOf('1\n2\n')))).toEqual([1, 2]);
  });

  it('reads nothing from an empty file', async () => {
    expect(await collect(readJsonLines(fileOf('')))).toEqual([]);
  });

  it('keeps line separators that only JavaScript takes for such', async () => {
    expect(await collect(readJsonLines(fileOf('"a\u2028b"\n')))).toEqual(['a\u2028b']);
  });

  it.each([
    ['one that is cut off', '{"a":1}\n{"a":2}\n{"a":', 'line 3'],
    ['one with two values', '1\n2 3\n', 'line 2'],
    ['an empty one', '1\n\n2\n', 'line 2'],
  ])('names the line that is not JSON: %s', async (_, text, place) => {
    const path = fileOf(text);
    await expect(collect(readJsonLines(path))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'not-json-lines',
      path,
      place,
    });
  });

  it('yields the rows before a bad one', async () => {
    const rows = readJsonLines(fileOf('1\nx\n'));
    expect((await rows.next()).value).toBe(1);
  });

  it('fails where there is no file', async () => {
    const path = join(temporaryFolder(), 'none.jsonl');
    await expect(collect(readJsonLines(path))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'stage-missing',
    });
  });
});

describe('writeJsonLines', () => {
  it('writes what readJsonLines reads, and counts the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 30 }), async (values) => {
        const rows = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        const path = join(temporaryFolder(), 'rows.jsonl');
        const writer = await writeJsonLines(path);
        let bytes = 0;
        for (const row of rows) bytes += await writer.write(row);
        await writer.close();
        expect(readFileSync(path)).toHaveLength(bytes);
        expect(await collect(readJsonLines(path))).toEqual(rows);
      }),
      { numRuns: 30 },
    );
  });

  it('writes more than fits in its buffer, in order', async () => {
    const path = join(temporaryFolder(), 'rows.jsonl');
    const rows = Array.from({ length: 5000 }, (_, index) => ({ index, text: 'x'.repeat(40) }));
    const writer = await writeJsonLines(path);
    for (const row of rows) await writer.write(row);
    await writer.close();
    expect(await collect(readJsonLines(path))).toEqual(rows);
  });

  it('starts anew, or goes on behind what is there', async () => {
    const path = join(temporaryFolder(), 'rows.jsonl');
    writeFileSync(path, '0\n');
    const behind = await writeJsonLines(path, 'a');
    await behind.write(1);
    await behind.close();
    expect(readFileSync(path, 'utf8')).toBe('0\n1\n');
    const anew = await writeJsonLines(path);
    await anew.write(2);
    await anew.close();
    expect(readFileSync(path, 'utf8')).toBe('2\n');
  });

  it('has every row in the file after a flush', async () => {
    const path = join(temporaryFolder(), 'rows.jsonl');
    const writer = await writeJsonLines(path);
    await writer.write({ a: 'é' });
    await writer.flush();
    expect(readFileSync(path, 'utf8')).toBe('{"a":"é"}\n');
    await writer.close();
  });
});

describe('repeatedKey', () => {
  it.each([
    ['{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}], "d": "a"}', undefined],
    ['["a", "a", {"": 1}, "{\\"x\\": 1, \\"x\\": 2}"]', undefined],
    ['{"a": {"x": 1, "x" : 2}}', 'x'],
    ['{"a\\"": 1, "b": ["c"], "a\\u0022"\n: 2}', 'a"'],
    ['{"__proto__": 1, "\\\\": 2, "__proto__": 3}', '__proto__'],
  ])('in %s is %j', (text, key) => {
    expect(repeatedKey(text)).toBe(key);
  });
});

const schema = z.object({ format: z.literal('patchml-pool'), patches: z.int() });

function read(folder: string): Promise<z.output<typeof schema>> {
  return readSummary(folder, 'pool.json', schema, 'patchml extract');
}

describe('readSummary', () => {
  it('reads a summary of the format asked for', async () => {
    const folder = writeTree({ 'pool.json': '{"format":"patchml-pool","patches":3}' });
    expect(await read(folder)).toEqual({ format: 'patchml-pool', patches: 3 });
  });

  it('names the command that makes one where there is none', async () => {
    const path = temporaryFolder();
    const missing = { name: 'DatasetError', code: 'stage-missing', path };
    const fix = expect.stringContaining('"patchml extract"') as unknown;
    await expect(read(path)).rejects.toMatchObject({ ...missing, fix });
    const none = join(path, 'none');
    await expect(read(none)).rejects.toMatchObject({ ...missing, path: none });
  });

  it('says that what is there cannot be read, and not that it is missing', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'pool.json'));
    await expect(read(folder)).rejects.toMatchObject({ code: 'eisdir' });
  });

  it.each<[string, place: string | undefined]>([
    ['{"format":"patchml-index","patches":3}', 'format'],
    ['{"patches":3}', 'format'],
    ['{"format":"patchml-pool"}', 'patches'],
    ['{"format":"patchml-pool","patches":"3"}', 'patches'],
    ['{"format":', undefined],
    ['', undefined],
    ['null', undefined],
    ['[]', undefined],
    ['3', undefined],
  ])('refuses %j, which is no pool summary, and names the field', async (text, place) => {
    const folder = writeTree({ 'pool.json': text });
    await expect(read(folder)).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'stage-invalid',
      path: join(folder, 'pool.json'),
      place,
      fix: expect.stringContaining('"patchml extract"') as unknown,
    });
  });
});

describe('toJson', () => {
  it('is what is on disk', () => {
    expect(toJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  });
});

describe('parseSmallJson', () => {
  it('refuses a text of millions of lists, which would fill the memory', () => {
    const empty = (lists: number): string => `[${'[],'.repeat(lists)}0]`;
    expect(parseSmallJson(empty(10))).toHaveLength(11);
    expect(() => parseSmallJson(empty(2_000_000))).toThrow('2000001 lists and objects');
    expect(parseJson(empty(2_000_000))).toBeUndefined();
  });
});
