import { describe, expect, it } from '@jest/globals';
import { letSignalIn, throwIfAborted } from '../src/progress.js';

describe('letSignalIn', () => {
  it('lets a timer abort work that waits for nothing', async () => {
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort();
    }, 1);
    const busy = async (): Promise<never> => {
      for (;;) await letSignalIn(stop.signal, 'plan');
    };
    await expect(busy()).rejects.toMatchObject({ name: 'AbortedError', code: 'aborted' });
  });

  it('goes on without a signal, and with one that was not aborted', async () => {
    await expect(letSignalIn(undefined, 'plan')).resolves.toBeUndefined();
    await expect(letSignalIn(new AbortController().signal, 'plan')).resolves.toBeUndefined();
  });
});

describe('throwIfAborted', () => {
  it('names the stage that was stopped', () => {
    expect(() => {
      throwIfAborted(AbortSignal.abort(), 'compose');
    }).toThrow('compose was stopped');
    expect(() => {
      throwIfAborted(undefined, 'compose');
    }).not.toThrow();
  });
});
