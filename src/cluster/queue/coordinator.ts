import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowJob, Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { AbortedError, QueueError } from '../../errors.js';
import { digestOf } from '../../files/digest.js';
import {
  askingRedis,
  clientNames,
  connectQueue,
  KEPT,
  openQueue,
  PREFIX,
  type QueueConnection,
} from './connection.js';
import {
  type Command,
  type FoundOf,
  type JobOf,
  parseFound,
  type QueuedJob,
  stagesOf,
} from './jobs.js';
import { cancelIdOf, jobIdOf, nameOf, outputIdOf, parsePiece, type Run } from './pieces.js';
import { type Place, queueNameOf, type Versions } from './place.js';
import type { CoordinateOptions } from './run-options.js';
import { removeScratchOf } from './scratch.js';

/** How often it looks how far the run is, ms. */
const LOOK_EVERY = 200;
/** How often a piece is tried before it has failed. */
const ATTEMPTS = 5;
/** How long a run is without a worker before that is said, ms. */
const PATIENCE = 5000;

/**
 * Has a run done by the workers of a queue, and waits for its end. A run that is there, as where its
 * coordinator was stopped, is waited for. Where Redis has lost it, it is added again: what is done is
 * in the storage.
 * @param address of Redis
 * @param read reads what the run made, by what its last stage left, while no other run may replace it
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`; `queue-run-refused`
 * where another coordinator has this output, or another run; `queue-piece-failed`;
 * `queue-run-cancelled`; `queue-redis-refuses`; AbortedError: the run goes on; what `read` throws
 */
export async function coordinate<C extends Command, Result>(
  address: string,
  { storage, versions }: Place,
  job: JobOf<C>,
  options: CoordinateOptions,
  read: (found: FoundOf<C>) => Promise<Result>,
): Promise<Result> {
  const connection = await connectQueue(address, options.onNote);
  try {
    const found = await askingRedis(connection.address, () =>
      coordinateRun(connection, versions, job, options),
    );
    await removeScratchOf(job.out, storage);
    return await read(found);
  } finally {
    connection.close();
  }
}

async function coordinateRun<C extends Command>(
  connection: QueueConnection,
  versions: Versions,
  job: JobOf<C>,
  { signal, onProgress, onNote = () => undefined, backoff = 1000 }: CoordinateOptions,
): Promise<FoundOf<C>> {
  const { bullmq, redis, address } = connection;
  const name = queueNameOf(versions);
  const queue = openQueue(connection, name);
  const flows = new bullmq.FlowProducer({ connection: redis, prefix: PREFIX });
  flows.on('error', () => undefined); // the connection tells what is wrong with it
  const unlessAborted = untilAborted(signal, job.command);

  await unlessAborted(requireAlone(connection, job.out));
  const there = await unlessAborted(findRun(queue, job));
  const run = there ?? { id: randomUUID(), versions, job };
  if (!there) await unlessAborted(flows.add(flowOf(run, name, backoff)));
  onNote(
    `run ${run.id} ${there ? 'was in the queue already' : 'is in the queue'}; ` +
      `"patchml status --queue ${address}" shows it`,
  );
  const noteNoWorkers = noterOfNoWorkers(queue, onNote);
  const promote = promoterOfDelayed(queue);
  for (;;) {
    const root = await unlessAborted(queue.getJob(outputIdOf(job.out)));
    const state = root && parsePiece(root.data)?.run.id === run.id ? await root.getState() : 'lost';
    if (state === 'completed') return requireFound(root!, job.command);
    if (state === 'failed') throw await unlessAborted(failureOf(queue, run));
    if (state === 'lost' || state === 'unknown') {
      if (await unlessAborted(queue.getJob(cancelIdOf(run)))) throw wasCancelled(run);
      onNote('Redis has lost the run: it is added again, and what is done is kept');
      await unlessAborted(flows.add(flowOf(run, name, backoff)));
    }
    await unlessAborted(showProgress(queue, run, onProgress));
    await unlessAborted(Promise.all([promote(), noteNoWorkers()]));
    await unlessAborted(sleep(LOOK_EVERY));
  }
}

/** Lets go of what is waited for when the signal comes: it may be a Redis that is away. */
function untilAborted(
  signal: AbortSignal | undefined,
  command: string,
): <T>(work: Promise<T>) => Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => {
      reject(new AbortedError(command));
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
  aborted.catch(() => undefined); // where nothing is waited for
  return (work) => Promise.race([work, aborted]);
}

/**
 * Keeps an output to one coordinator: each has a connection to Redis that is named after it, and the
 * later one is refused. There is no lock that one that was killed would leave.
 */
async function requireAlone(connection: QueueConnection, out: string): Promise<void> {
  const name = `patchml-coordinator-${outputIdOf(out)}`;
  const own = await connection.connect(name);
  const id = await own.client('ID');
  const others = await listClients(own);
  if (!others.some((other) => other.name === name && other.id < id)) return;
  throw new QueueError('another coordinator is waiting for this output', {
    code: 'queue-run-refused',
    path: out,
    fix: 'let it end, or stop it: its run goes on, and this command then waits for it',
  });
}

/** Some Redis services list no clients: there, a second coordinator waits for the same run. */
function listClients(redis: Redis): ReturnType<typeof clientNames> {
  return clientNames(redis).catch(() => []);
}

/** The run of this job, where it is under way. @throws QueueError where another is */
async function findRun(queue: Queue, job: QueuedJob): Promise<Run | undefined> {
  const root = await queue.getJob(outputIdOf(job.out));
  if (root === undefined) return undefined;
  const run = parsePiece(root.data)?.run;
  const isUnderWay = run && !['completed', 'failed'].includes(await root.getState());
  if (isUnderWay && digestOf(run.job) === digestOf(job)) return run;
  const refuse = (problem: string, fix: string): QueueError =>
    new QueueError(problem, { code: 'queue-run-refused', path: job.out, fix });
  if (isUnderWay) {
    const cancel = `cancel it with "patchml status --cancel ${run.id}"`;
    throw refuse('another run to this output is under way', `wait for it, or ${cancel}`);
  }
  try {
    await root.remove({ removeChildren: true });
  } catch {
    throw refuse('pieces of the last run are still being done', 'try again in a minute');
  }
  return undefined;
}

/** The stages, each a child of the one behind it. They add their parts themselves. */
function flowOf(run: Run, queueName: string, backoff: number): FlowJob {
  const options = {
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: backoff },
    removeOnComplete: { age: KEPT },
    removeOnFail: { age: KEPT },
  };
  const stages = stagesOf(run.job);
  const jobOf = (at: number): FlowJob => {
    const data = { run, stage: stages[at]! };
    const isLast = at === stages.length - 1;
    const opts = { ...options, jobId: jobIdOf(data), failParentOnFailure: !isLast };
    const job = { name: nameOf(data), queueName, data, opts, prefix: PREFIX };
    return at === 0 ? job : { ...job, children: [jobOf(at - 1)] };
  };
  return jobOf(stages.length - 1);
}

/** What the last stage left. @throws QueueError where Redis says something else */
function requireFound<C extends Command>({ returnvalue }: Job, command: C): FoundOf<C> {
  const found = parseFound(command, returnvalue);
  if (found) return found;
  throw new QueueError('the last piece ended with something that patchml does not write', {
    code: 'queue-piece-failed',
    fix: 'check who else writes to this Redis',
  });
}

/** The error of the first stage that failed, which says what of it did. */
async function failureOf(queue: Queue, run: Run): Promise<QueueError> {
  for (const stage of stagesOf(run.job)) {
    const job = await queue.getJob(jobIdOf({ run, stage }));
    const reason = job?.failedReason ?? '';
    if (reason === '' || /^child .* failed$/.test(reason)) continue;
    return new QueueError(`${stage}: ${reason}`, {
      code: 'queue-piece-failed',
      fix: 'correct that, and run the same command again: what is done is kept',
    });
  }
  return new QueueError('the run failed, and Redis has lost why', {
    code: 'queue-piece-failed',
    fix: 'run the same command again: what is done is kept',
  });
}

function wasCancelled({ id, job }: Run): QueueError {
  return new QueueError(`run ${id} was cancelled`, {
    code: 'queue-run-cancelled',
    path: job.out,
    fix: 'run the same command again to go on with it',
  });
}

/** Reports how far the first stage is that has not ended. */
async function showProgress(
  queue: Queue,
  run: Run,
  onProgress: CoordinateOptions['onProgress'],
): Promise<void> {
  for (const stage of stagesOf(run.job)) {
    const job = await queue.getJob(jobIdOf({ run, stage }));
    if (!job || (await job.isCompleted())) continue;
    const { images = 0, parts = 0 } = job.progress as { images?: number; parts?: number };
    if (parts === 0) {
      onProgress?.({ stage, done: 0, total: 0, unit: 'images' });
    } else {
      const { processed = 0, ignored = 0 } = await job.getDependenciesCount();
      const before = stage === stagesOf(run.job)[0] ? 0 : 1; // the stage before it is one of them
      const done = Math.round((images * (processed + ignored - before)) / parts);
      onProgress?.({
        stage,
        done: Math.min(images, Math.max(0, done)),
        total: images,
        unit: 'images',
      });
    }
    return;
  }
}

/** Says once that nobody is at work, and again when that has changed and happens again. */
function noterOfNoWorkers(queue: Queue, onNote: (line: string) => void): () => Promise<void> {
  let since: number | undefined = performance.now();
  let isSaid = false;
  return async () => {
    const workers = await queue.getWorkersCount();
    if (workers > 0) {
      since = undefined;
      isSaid = false;
    } else if (!isSaid && performance.now() - (since ??= performance.now()) > PATIENCE) {
      isSaid = true;
      onNote('no worker of this version is at this queue; "patchml worker" starts one');
    }
  };
}

/** A piece that waits for its next attempt this much longer than it should is given out, ms. */
const TOO_LONG = 5000;

/**
 * Gives out pieces that wait for their next attempt for too long. When they are due is written by the
 * clock of the worker in which they failed, which may be an hour fast.
 */
function promoterOfDelayed(queue: Queue): () => Promise<void> {
  let seen = new Map<string, number>();
  return async () => {
    const now = performance.now();
    const still = new Map<string, number>();
    for (const job of await queue.getDelayed(0, 100)) {
      if (parsePiece(job.data) === undefined) continue;
      const key = `${job.id} ${job.attemptsMade}`;
      const since = seen.get(key) ?? now;
      if (now - since > job.delay + TOO_LONG) await job.promote().catch(() => undefined);
      else still.set(key, since);
    }
    seen = still;
  };
}
