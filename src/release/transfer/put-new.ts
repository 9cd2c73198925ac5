import type { Again } from './retry.js';
import { statusOf } from './s3-client.js';

/** What S3 is asked to put an object under: that there is none. */
export interface Condition {
  IfNoneMatch?: '*';
}

/**
 * Puts an object in S3 where there is none. A store that does not know the condition is asked
 * without it; one that ignores it puts over what is there.
 * @returns false where there is one
 */
export async function putNew(
  put: (condition: Condition) => Promise<unknown>,
  tryAgain: Again,
): Promise<boolean> {
  for (let failed = 1; ; failed += 1) {
    try {
      await put({ IfNoneMatch: '*' });
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === 412) return false;
      if (status === 501) break;
      const isBusy = status === 409; // another put of it is under way
      if (!isBusy || !(await tryAgain(failed))) throw error;
    }
  }
  await put({});
  return true;
}
