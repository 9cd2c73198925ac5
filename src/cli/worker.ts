import type { CommandModule, InferredOptionTypes } from 'yargs';
import { countOf } from '../text.js';
import { examples, queueFlags, requireGiven, shared, wholeNumber } from './flags.js';
import { run, silenceSdk } from './run.js';

const workerFlags = {
  queue: { ...queueFlags.queue, describe: 'The queue: redis://HOST:6379, or rediss:// for TLS' },
  root: {
    ...queueFlags.root,
    describe: 'The folder that all machines share, or s3://BUCKET/PREFIX',
  },
  endpoint: queueFlags.endpoint,
  cache: queueFlags.cache,
  'cache-size': {
    ...wholeNumber(
      'cache-size',
      'Gigabytes that --cache may take when the worker starts',
      1_000_000,
    ),
    defaultDescription: 'no limit',
  },
  jobs: { ...shared.jobs, describe: 'Pieces that are done at a time, each in one thread' },
  scratch: {
    type: 'string',
    describe: 'Folder for what is being made',
    defaultDescription: "one in the root; for S3 the system's temporary folder",
  },
  quiet: shared.quiet,
  json: { ...shared.json, describe: 'Print at the end what was done as JSON' },
} as const;

export const workerCommand: CommandModule<object, InferredOptionTypes<typeof workerFlags>> = {
  command: 'worker',
  describe: 'Do pieces of what commands with --queue ask for, until Ctrl-C',
  builder: (args) =>
    args
      .options(workerFlags)
      .check(({ queue }) => {
        requireGiven('address of the queue with --queue', queue);
        return true;
      })
      .epilogue(
        examples(
          ['A worker on this machine', 'worker --queue redis://HOST:6379 --root /shared'],
          ['With the data in S3', 'worker --queue redis://HOST:6379 --root s3://lab/patchml'],
          ['With TLS and a password', 'worker --queue rediss://:PASSWORD@HOST:6379 --root /shared'],
        ),
      ),
  handler: run(async (flags, { signal, note }) => {
    const { queue, root, jobs, scratch, endpoint, cache, 'cache-size': size } = flags;
    silenceSdk();
    const { runWorker } = await import('../cluster/queue/worker.js');
    const cacheBytes = size === undefined ? undefined : size * 1e9;
    const options = { jobs, scratch, endpoint, cache, cacheBytes, signal, onNote: note };
    const report = await runWorker({ queue: queue!, root }, options);
    const { done, failed } = report;
    return { result: report, text: `${countOf(done, 'piece')} done, ${failed} failed` };
  }),
};
