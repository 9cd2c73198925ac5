import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../src/index.js';

describe('error codes', () => {
  it('stand once each, in order', () => {
    expect([...ERROR_CODES]).toEqual([...new Set(ERROR_CODES)].sort());
  });
});
