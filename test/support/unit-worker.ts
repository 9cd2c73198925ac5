import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { ImageError } from '../../src/errors.js';
import { serve } from '../../src/parallel/serve.js';

/** What the worker is to do with one item. */
export type WorkerTask =
  | { answer: unknown; after?: number }
  | { fail: 'image' | 'type' | 'text' | 'file'; after?: number }
  | { exit: number };

/** Answers after a while, and says what it was told at its start; or fails as it is asked to. */
export default serve(async (task: WorkerTask): Promise<unknown> => {
  if ('exit' in task) process.exit(task.exit);
  await setTimeout(task.after ?? 0);
  if ('answer' in task) return { answer: task.answer, told: workerData as unknown };
  switch (task.fail) {
    case 'image':
      throw new ImageError('it is torn', {
        code: 'image-corrupt',
        path: 'a.JPEG',
        place: 'row 3',
        fix: 'mend it',
      });
    case 'type':
      throw new TypeError('not a function');
    case 'text':
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw 'thrown text';
    case 'file':
      return readFile('/no/such/file');
  }
});
