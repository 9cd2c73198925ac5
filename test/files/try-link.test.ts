import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tryLink } from '../../src/files/listing.js';
import { writeTree } from '../support/unit-folder.js';

test('A link is a second name of a file, and takes the place of what has that name', () => {
  const folder = writeTree({ a: 'four', b: 'other' });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [string, string, string];
  for (const to of [b, c]) {
    expect(tryLink(a, to)).toBe(true);
    expect(readFileSync(to, 'utf8')).toBe('four');
    expect(statSync(to).ino).toBe(statSync(a).ino);
  }
  expect(() => tryLink(join(folder, 'none'), c)).toThrow('ENOENT');
});

test('A file of another file system cannot have one', () => {
  const folder = writeTree({});
  expect(tryLink('/proc/version', join(folder, 'version'))).toBe(false);
});
