import { describe, expect, it } from '@jest/globals';
import { ImageError, PatchmlError } from '../../src/errors.js';
import { serve, unpackAnswer } from '../../src/parallel/workers.js';
import { thrownBy } from '../support/unit-errors.js';

/** An answer as it arrives from another thread: a structured clone. */
async function answerOf(work: () => Promise<unknown>): Promise<unknown> {
  return unpackAnswer(structuredClone(await serve(work)(undefined)));
}

describe('serve and unpackAnswer', () => {
  it.each([undefined, null, 0, { error: 'no error' }, [1, 2]])(
    'hand on the result %j',
    async (result) => {
      expect(await answerOf(() => Promise.resolve(result))).toEqual(result);
    },
  );

  it('hand on an error as its own class with its fields', async () => {
    const details = { code: 'image-corrupt', path: 'p', place: 'l', fix: 'f' } as const;
    const failing = (): Promise<never> => Promise.reject(new ImageError('torn', details));
    const answer = structuredClone(await serve(failing)(undefined));
    const error = thrownBy(() => unpackAnswer(answer));
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toBeInstanceOf(PatchmlError);
    expect(error).toMatchObject({ ...details, name: 'ImageError', message: 'p: l: torn; f' });
  });

  it('hand on an error of no class of ours as an Error', async () => {
    const answer = await serve(() => Promise.reject(new RangeError('far')))(undefined);
    const error = thrownBy(() => unpackAnswer(answer));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RangeError', message: 'far' });
  });
});
