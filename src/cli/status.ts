import { once } from 'node:events';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { printable } from '../errors.js';
import type { QueueStatus, RunStatus } from '../cluster/queue/status.js';
import { toTerminalTable } from '../text.js';
import { examples, queueFlags, requireGiven, shared, wholeNumber } from './flags.js';
import { type Outcome, print, run } from './run.js';

const statusFlags = {
  queue: { ...queueFlags.queue, describe: 'The queue: redis://HOST:6379, or rediss:// for TLS' },
  cancel: { type: 'string', describe: 'Take the run with this id out of the queue' },
  dashboard: {
    type: 'boolean',
    default: false,
    describe: 'Show every piece in a browser (bull-board), on 127.0.0.1 alone',
  },
  port: {
    ...wholeNumber('port', 'With --dashboard: the port on 127.0.0.1', 65_535),
    defaultDescription: '7460, or a free one',
  },
  json: shared.json,
} as const;

export const statusCommand: CommandModule<object, InferredOptionTypes<typeof statusFlags>> = {
  command: 'status',
  describe: 'Show the runs of a queue: progress, rate, failures and workers',
  builder: (args) =>
    args
      .options(statusFlags)
      .check(({ queue }) => {
        requireGiven('address of the queue with --queue', queue);
        return true;
      })
      .epilogue(
        examples(
          ['What is in a queue', 'status --queue redis://HOST:6379'],
          ['Every piece, in a browser', 'status --queue redis://HOST:6379 --dashboard'],
        ),
      ),
  handler: run(async ({ queue, cancel, dashboard, port }, { signal, note }) => {
    const address = queue!;
    const { cancelRun, readQueueStatus } = await import('../cluster/queue/status.js');
    if (cancel !== undefined) {
      await cancelRun(address, cancel);
      return { result: { cancelled: cancel }, text: `run ${cancel} is cancelled` };
    }
    if (dashboard) {
      const { startDashboard } = await import('../viewer/dashboard.js');
      const { address: page, close } = await startDashboard(address, { port });
      await print(page);
      note('Ctrl-C ends the dashboard');
      if (!signal.aborted) await once(signal, 'abort');
      await close();
      return {};
    }
    return describeStatus(await readQueueStatus(address));
  }),
};

function describeStatus(status: QueueStatus): Outcome {
  const { runs, refused, workers } = status;
  const head = [
    'run',
    'command',
    'output',
    'state',
    'stage',
    'images',
    'a second',
    'failed',
    'workers',
  ];
  const lines = [
    runs.length > 0 ? toTerminalTable({ head, rows: runs.map(rowOf) }) : 'no run is in this queue',
    ...(workers.length > 0
      ? [
          toTerminalTable({
            head: ['worker', 'address', 'connected, s'],
            rows: workers.map(({ name, address, seconds }) => [printable(name), address, seconds]),
          }),
        ]
      : []),
    ...runs.flatMap(({ id, versions, state, workers: own }) =>
      state === 'under way' && own === 0
        ? [
            `run ${id} waits for a worker of patchml ${versions.patchml}, codecs ${versions.codecs}, onnxruntime ${versions.onnxruntime}`,
          ]
        : [],
    ),
    ...runs.flatMap(({ id, failures }) =>
      failures.map(({ piece, reason }) => printable(`run ${id}: ${piece} failed: ${reason}`, LONG)),
    ),
    ...refused.map(({ id, reason }) => printable(`${id} is refused: ${reason}`, LONG)),
  ];
  return { result: status, text: lines.join('\n') };
}

/** Characters of a line that says why something failed, at most. */
const LONG = 2000;

function rowOf({
  id,
  command,
  out,
  state,
  stages,
  failures,
  workers,
}: RunStatus): (string | number)[] {
  const current = stages.find((stage) => stage.state !== 'completed') ?? stages.at(-1);
  const { stage = '-', done = 0, parts = 0, images = 0, rate = 0 } = current ?? {};
  const reached = parts > 0 ? Math.round((images * done) / parts) : 0;
  const progress = parts > 0 ? `${reached}/${images}` : '-';
  return [
    id,
    command,
    printable(out),
    state,
    stage,
    progress,
    Math.round(rate),
    failures.length,
    workers,
  ];
}
