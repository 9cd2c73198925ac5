import type { Job, Queue } from 'bullmq';
import { QueueError } from '../../errors.js';
import type { Stage } from '../../progress.js';
import {
  askingRedis,
  connectQueue,
  openQueues,
  PREFIX,
  type QueueConnection,
} from './connection.js';
import { type Command, stagesOf } from './jobs.js';
import { cancelIdOf, jobIdOf, parsePiece, REFUSED, type Run } from './pieces.js';
import type { Versions } from './place.js';
import { PART_KEY } from './stage-parts.js';

/** How far a stage of a run is. */
interface StageStatus {
  stage: string;
  /** BullMQ's word for the stage's own job: `waiting-children` while its parts are done. */
  state: string;
  /** Parts that are done, that failed, and in all; 0 before they are known. */
  done: number;
  failed: number;
  parts: number;
  /** Images in all parts; 0 before they are known. */
  images: number;
  /** Images a second since the stage began; 0 where no part is done. */
  rate: number;
}

export interface RunStatus {
  id: string;
  command: Command;
  /** Its output, from the storage's root. */
  out: string;
  state: 'under way' | 'done' | 'failed';
  versions: Versions;
  stages: StageStatus[];
  /** Pieces that failed, each with its reason. */
  failures: { piece: string; reason: string }[];
  /** Workers that take its pieces. */
  workers: number;
}

export interface QueueStatus {
  runs: RunStatus[];
  /** What somebody else has put into the queue: the latest hundred, each by its id. */
  refused: { id: string; reason: string }[];
  workers: { name: string; address: string; seconds: number }[];
}

/**
 * Looks at what is in a queue, of all versions of patchml and all storages. What a run says of itself
 * is as its workers wrote it.
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`,
 * `queue-redis-refuses`
 */
export function readQueueStatus(address: string): Promise<QueueStatus> {
  return usingQueue(address, async (connection) => {
    const workers = new Map<string, QueueStatus['workers'][number]>();
    const runs: RunStatus[] = [];
    const [now] = await connection.redis.time(); // by Redis's clock, s
    const refused: QueueStatus['refused'] = [];
    for (const queue of await openQueues(connection)) {
      const own = await queue.getWorkers();
      for (const { rawname = '', addr = '', age = '0' } of own) {
        const name = rawname.split(':w:')[1] ?? addr;
        workers.set(addr, { name, address: addr, seconds: Number(age) });
      }
      for (const found of await findRuns(queue, connection)) {
        runs.push({ ...(await statusOf(found, Number(now))), workers: own.length });
      }
      refused.push(...(await refusedIn(queue)));
    }
    return { runs, refused, workers: [...workers.values()] };
  });
}

async function usingQueue<T>(
  address: string,
  work: (connection: QueueConnection) => Promise<T>,
): Promise<T> {
  const connection = await connectQueue(address);
  try {
    return await askingRedis(connection.address, () => work(connection));
  } finally {
    connection.close();
  }
}

interface FoundRun {
  queue: Queue;
  run: Run;
  root: Job;
}

/** The runs of a queue, which the job of each one's last stage stands for. */
async function findRuns(queue: Queue, { redis }: QueueConnection): Promise<FoundRun[]> {
  const ids = new Set<string>();
  const match = `${PREFIX}:${queue.name}:output-*`;
  for await (const keys of redis.scanStream({ match, count: 1000, type: 'hash' })) {
    for (const key of keys as string[]) ids.add(key.split(':')[2]!);
  }
  const found: FoundRun[] = [];
  for (const id of [...ids].sort()) {
    const root = await queue.getJob(id);
    const run = parsePiece(root?.data)?.run;
    if (root && run) found.push({ queue, run, root });
  }
  return found;
}

const REFUSED_SHOWN = 100;

/** What was in a queue, and no worker of it does. */
async function refusedIn(queue: Queue): Promise<QueueStatus['refused']> {
  const failed = await queue.getFailed(0, REFUSED_SHOWN - 1);
  return failed.flatMap(({ id = '', failedReason = '' }) =>
    failedReason.startsWith(REFUSED) ? [{ id, reason: failedReason.slice(REFUSED.length) }] : [],
  );
}

async function statusOf(
  { queue, run, root }: FoundRun,
  now: number,
): Promise<Omit<RunStatus, 'workers'>> {
  const stages: StageStatus[] = [];
  const failures: RunStatus['failures'] = [];
  for (const stage of stagesOf(run.job)) {
    const job = await queue.getJob(jobIdOf({ run, stage }));
    if (!job) continue;
    stages.push(await stageStatus(job, stage, run, now));
    for (const [key, reason] of Object.entries(await job.getIgnoredChildrenFailures())) {
      const [, part, of] = PART_KEY.exec(key) ?? [];
      failures.push({ piece: `${stage} ${part}/${of}`, reason });
    }
    const reason = job.failedReason as string | undefined;
    if (reason && !/^child .* failed$/.test(reason)) failures.push({ piece: stage, reason });
  }
  const state = await root.getState();
  const word = state === 'completed' ? 'done' : state === 'failed' ? 'failed' : 'under way';
  const { command, out } = run.job;
  return { id: run.id, command, out, state: word, versions: run.versions, stages, failures };
}

async function stageStatus(job: Job, stage: Stage, run: Run, now: number): Promise<StageStatus> {
  const { images = 0, parts = 0 } = job.progress as { images?: number; parts?: number };
  const { processed = 0, ignored = 0 } = parts > 0 ? await job.getDependenciesCount() : {};
  const done = Math.max(0, processed - (stage === stagesOf(run.job)[0] ? 0 : 1)); // the stage before it
  const seconds = now - (job.processedOn ?? Infinity) / 1000;
  const rate = seconds > 0 && parts > 0 ? (done / parts) * (images / seconds) : 0;
  return { stage, state: await job.getState(), done, failed: ignored, parts, images, rate };
}

/**
 * Takes a run out of the queue. Pieces that are being done are done to their end; what is done stays
 * in the storage.
 * @throws QueueError `queue-run-unknown`, and as {@link readQueueStatus}
 */
export function cancelRun(address: string, id: string): Promise<void> {
  return usingQueue(address, async (connection) => {
    let found: FoundRun | undefined;
    for (const queue of await openQueues(connection)) {
      found ??= (await findRuns(queue, connection)).find(({ run }) => run.id === id);
    }
    if (!found) {
      throw new QueueError(`there is no run ${id} in this queue`, {
        code: 'queue-run-unknown',
        path: connection.address,
        fix: '"patchml status" lists the runs',
      });
    }
    const { queue, run } = found;
    // Says to a coordinator that the run was not lost. Redis may forget it after a day.
    const note = {
      jobId: cancelIdOf(run),
      delay: 24 * 3_600_000,
      removeOnComplete: true,
      removeOnFail: true,
    };
    await queue.add('cancelled', {}, note);
    for (const stage of [...stagesOf(run.job)].reverse()) {
      const job = await queue.getJob(jobIdOf({ run, stage }));
      await job?.removeUnprocessedChildren();
      await job?.remove({ removeChildren: false }).catch(() => undefined); // a worker is at it
    }
  });
}
