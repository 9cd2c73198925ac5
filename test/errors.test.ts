import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, PatchmlError } from '../src/index.js';

describe('error codes', () => {
  it('stand once each, in order', () => {
    expect([...ERROR_CODES]).toEqual([...new Set(ERROR_CODES)].sort());
  });
});

describe('The message of an error', () => {
  const code = 'enoent';

  it('says where, what and what to do', () => {
    const details = { code, path: 'a/b', place: 'line 2', fix: 'check it' } as const;
    const error = new PatchmlError('there is none', details);
    expect(error.message).toBe('a/b: line 2: there is none; check it');
  });

  it('cuts each part that is long, and keeps the properties', () => {
    const long = 'x'.repeat(70_000);
    const details = { code, path: long, place: long, fix: long } as const;
    const error = new PatchmlError(`no "${long}" here`, details);
    expect(error.message.length).toBeLessThan(1300);
    expect(error.message).toContain('no "xxx');
    expect(error.message).toContain('xxx" here');
    expect(error.path).toBe(long);
  });

  it.each([
    ['\u001b[2J', '\\u001b[2J'],
    ['a\u0007b\u0000', 'a\\u0007b\\u0000'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['\u2028', '\\u2028'],
    ['\ud800', '\\ud800'],
    ['new\nline\t', 'new\\nline\\t'],
    ['Käse 物 👩‍🔬', 'Käse 物 👩‍🔬'],
  ])('shows the path %j as %j', (path, shown) => {
    expect(new PatchmlError('none', { code, path }).message).toBe(`${shown}: none`);
  });
});
