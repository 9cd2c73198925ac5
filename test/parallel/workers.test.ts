import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { ImageError, OutputError, PatchmlError } from '../../src/errors.js';
import { serve, unpackAnswer } from '../../src/parallel/serve.js';
import { mapInWorkers, type MapInWorkersOptions } from '../../src/parallel/workers.js';
import { collect, thrownBy } from '../support/unit-errors.js';
import type { WorkerTask } from '../support/unit-worker.js';

function run(
  tasks: Iterable<WorkerTask>,
  options: Partial<MapInWorkersOptions> = {},
): AsyncGenerator<{ answer: unknown; told: unknown }> {
  return mapInWorkers(tasks, {
    worker: new URL('../support/unit-worker.js', import.meta.url),
    workerData: { start: 'told once' },
    stage: 'compose',
    jobs: 2,
    ...options,
  });
}

describe('mapInWorkers', () => {
  it.each([1, 2, 4])('yields results in the order of the items, with %d threads', async (jobs) => {
    const tasks = [30, 0, 20, 5, 0, 10, 0, 0].map((after, answer) => ({ answer, after }));
    const results = await collect(run(tasks, { jobs }));
    expect(results.map(({ answer }) => answer)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([0, 1, 3, 50])(
    'gives the same where %d items are expected and 5 come',
    async (expected) => {
      const tasks = [5, 0, 5, 0, 0].map((after, answer) => ({ answer, after }));
      const results = await collect(run(tasks, { jobs: 3, expected }));
      expect(results.map(({ answer }) => answer)).toEqual([0, 1, 2, 3, 4]);
    },
  );

  it('tells each thread its data once, and passes bytes on', async () => {
    const [result] = await collect(run([{ answer: Buffer.from([1, 2, 3]) }]));
    expect(result!.told).toEqual({ start: 'told once' });
    expect([...(result!.answer as Uint8Array)]).toEqual([1, 2, 3]);
  });

  it('takes items only as it needs them: two a thread', async () => {
    let taken = 0;
    function* endless(): Generator<WorkerTask> {
      for (;;) yield { answer: (taken += 1) };
    }
    const results = run(endless());
    await results.next();
    expect(taken).toBeLessThanOrEqual(4);
    await results.return(undefined);
  });

  it('throws an error of patchml as its own class, with all that it says', async () => {
    const error: unknown = await collect(run([{ fail: 'image' }])).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({
      name: 'ImageError',
      message: 'a.JPEG: row 3: it is torn; mend it',
      code: 'image-corrupt',
      path: 'a.JPEG',
      place: 'row 3',
      fix: 'mend it',
      stack: expect.stringContaining('unit-worker') as unknown,
    });
  });

  it('throws an error of the file system as one that says what to do', async () => {
    const error: unknown = await collect(run([{ fail: 'file' }])).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OutputError);
    expect(error).toMatchObject({ code: 'enoent', path: '/no/such/file', fix: 'check the path' });
  });

  it('throws any other error by its name and message', async () => {
    await expect(collect(run([{ fail: 'type' }]))).rejects.toMatchObject({
      name: 'TypeError',
      message: 'not a function',
    });
    await expect(collect(run([{ fail: 'text' }]))).rejects.toMatchObject({
      name: 'Error',
      message: 'thrown text',
    });
  });

  it('throws the first error in the order of the items, behind the results before it', async () => {
    const results = run([
      { answer: 'first', after: 20 },
      { fail: 'image', after: 20 },
      { fail: 'type' },
    ]);
    expect((await results.next()).value).toMatchObject({ answer: 'first' });
    await expect(results.next()).rejects.toBeInstanceOf(ImageError);
  });

  it('fails where a thread dies, and does not wait for it', async () => {
    await expect(collect(run([{ exit: 3 }]))).rejects.toThrow();
  });

  // In a process of its own, whose files are used up: Node 22 starts no thread then, Node 20 starts
  // one that cannot load its modules.
  it('fails where no thread can start, and does not wait for one', () => {
    const script = `
      const { mapInWorkers } = await import(${JSON.stringify(import.meta.resolve('../../src/parallel/workers.js'))});
      const { openSync } = await import('node:fs');
      const worker = new URL(${JSON.stringify(import.meta.resolve('../support/unit-worker.js'))});
      try { for (;;) openSync('/dev/null'); } catch {}
      const tasks = [1, 2, 3, 4, 5].map((answer) => ({ answer }));
      try {
        for await (const _ of mapInWorkers(tasks, { worker, workerData: {}, stage: 'compose', jobs: 2 }));
      } catch (error) {
        process.stdout.write(error.code + ' ' + error.fix);
      }`;
    const command = 'ulimit -n 80; exec "$0" --input-type=module -e "$1"';
    const { stdout, status } = spawnSync('bash', ['-c', command, process.execPath, script], {
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect({ stdout, status }).toEqual({
      stdout: 'emfile raise the limit (ulimit -n) or lower --jobs',
      status: 0,
    });
  });

  it('fails where there is no such worker', async () => {
    const worker = new URL('./none.js', import.meta.url);
    await expect(collect(run([{ answer: 1 }], { worker }))).rejects.toThrow(/none\.js/);
  });

  it('stops when it is told to, before the first item and between', async () => {
    const aborted = { name: 'AbortedError', code: 'aborted' };
    const tasks = Array.from({ length: 50 }, (_, answer) => ({ answer }));
    const before = run(tasks, { signal: AbortSignal.abort() });
    await expect(before.next()).rejects.toMatchObject(aborted);
    const controller = new AbortController();
    const between = run(tasks, { signal: controller.signal });
    expect((await between.next()).value).toMatchObject({ answer: 0 });
    controller.abort();
    await expect(between.next()).rejects.toMatchObject(aborted);
  });

  // In a process of its own: a thread that was ended while it loaded once took the process with it,
  // and an answer that came while threads were ended was an error that nobody listened to.
  it('stops in silence, whatever its threads are about, each of 40 times', () => {
    const script = `
      const { mapInWorkers } = await import(${JSON.stringify(import.meta.resolve('../../src/parallel/workers.js'))});
      const worker = new URL(${JSON.stringify(import.meta.resolve('../support/unit-worker.js'))});
      const tasks = Array.from({ length: 20 }, (_, answer) => ({ answer, after: answer % 3 }));
      for (let time = 0; time < 40; time += 1) {
        const results = mapInWorkers(tasks, { worker, workerData: {}, stage: 'compose', jobs: 4 });
        await results.next();
        await results.return();
      }
      console.log('still here');`;
    const args = ['--input-type=module', '-e', script];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: 'still here\n', stderr: '', status: 0 });
  });
});

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
