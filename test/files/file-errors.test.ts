import { describe, expect, it } from '@jest/globals';
import { OutputError } from '../../src/errors.js';
import { explainError } from '../../src/files/file-errors.js';

describe('explainError', () => {
  it('names what the file system answered, and where', () => {
    const error = Object.assign(new Error('ENOSPC'), {
      code: 'ENOSPC',
      path: 'a',
      syscall: 'write',
    });
    const explained = explainError(error);
    expect(explained).toBeInstanceOf(OutputError);
    expect(explained).toMatchObject({
      code: 'enospc',
      path: 'a',
      message: expect.stringContaining('the disk is full'),
    });
  });

  it('names an answer that it does not know', () => {
    const error = Object.assign(new Error('EIO'), { code: 'EIO', path: 'a', syscall: 'read' });
    expect(explainError(error)).toMatchObject({
      code: 'file-system',
      message: expect.stringContaining('the file system answered EIO to read'),
    });
  });

  it.each([
    ['a number, as DataCloneError has', Object.assign(new Error('no'), { code: 25 })],
    ['null', Object.assign(new Error('no'), { code: null })],
    ['an object', Object.assign(new Error('no'), { code: {} })],
    ['absent', new TypeError('no')],
  ])('returns an error as it is whose code is %s', (_, error) => {
    expect(explainError(error)).toBe(error);
  });

  it.each([
    ['the start', { code: 'ERR_WORKER_INIT_FAILED' }, 'Worker initialization failure: EMFILE'],
    ['a module', {}, "EMFILE: too many open files, open '/patchml/worker.js'"],
  ])('knows what ended a thread by its message: %s', (_, fields, message) => {
    const error = Object.assign(new Error(message), fields);
    expect(explainError(error)).toMatchObject({ code: 'emfile' });
  });

  it.each(['Worker initialization failure: ENEW', 'EVERY: word, counts', 'EMFILE'])(
    'guesses nothing of the message %j',
    (message) => {
      const error = new Error(message);
      expect(explainError(error)).toBe(error);
    },
  );
});
