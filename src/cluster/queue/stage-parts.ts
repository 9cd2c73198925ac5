import type { Job, Queue } from 'bullmq';
import { ERROR_CODES, messageOf, PatchmlError } from '../../errors.js';
import type { FailedPart, PartsDone, StageParts } from './bench.js';
import type { QueueConnection } from './connection.js';
import { jobIdOf, nameOf, type Piece } from './pieces.js';

/** The job of a stage that has parts. */
interface StageJob {
  job: Job;
  piece: Piece;
  /** What the stage began with. */
  found: Piece['found'];
  token: string;
}

/**
 * Adds the parts of a stage to the queue, once, and lets the stage wait for them. It goes on when all
 * have ended.
 * @throws WaitingChildrenError, which BullMQ expects of a job that waits
 */
export async function doParts(
  { job, piece: { run, stage }, found, token }: StageJob,
  { images, of, jobOf = () => run.job }: StageParts,
  { connection: { bullmq }, queue }: { connection: QueueConnection; queue: Queue },
): Promise<PartsDone> {
  if (typeof job.progress !== 'object') {
    const parts = Array.from({ length: of }, (_, at): Piece => {
      const shard = { part: at + 1, of };
      return { run: { ...run, job: jobOf(shard.part) }, stage, shard, ...(found ? { found } : {}) };
    });
    const parent = { id: job.id!, queue: job.queueQualifiedName };
    const jobs = parts.map((data) => ({
      name: nameOf(data),
      data,
      opts: { ...job.opts, ...OF_PART, jobId: jobIdOf(data), parent },
    }));
    await queue.addBulk(await notYetThere(jobs, job, queue));
    await job.updateProgress({ images, parts: of });
  }
  if (await job.moveToWaitingChildren(token)) throw new bullmq.WaitingChildrenError();
  const partOf = (key: string): number => Number(PART_KEY.exec(key)?.[1]);
  const failures = Object.entries(await job.getIgnoredChildrenFailures());
  return {
    failures: failures
      .map(([key, reason]) => ({ part: partOf(key), ...parseReason(reason) }))
      .sort((a, b) => a.part - b.part),
    async found() {
      const left = Object.entries(await job.getChildrenValues<unknown>());
      return new Map(
        left.filter(([key]) => PART_KEY.test(key)).map(([key, value]) => [partOf(key), value]),
      );
    },
  };
}

/** Why a piece failed, as Redis keeps it: what the error says, and its code. */
export function reasonOf(error: unknown): string {
  const { code } = error as Partial<PatchmlError>;
  const isKnown = error instanceof PatchmlError && code !== 'queue-piece-failed';
  return isKnown ? `${messageOf(error)} [${code}]` : messageOf(error);
}

function parseReason(reason: string): Pick<FailedPart, 'code' | 'message'> {
  const [, message = reason, text] = /^(.*) \[([a-z0-9-]+)\]$/s.exec(reason) ?? [];
  const code = ERROR_CODES.find((known) => known === text) ?? 'queue-piece-failed';
  return { message, code };
}

/** A part that fails does not keep the others from being done; its stage names it. */
const OF_PART = { ignoreDependencyOnFailure: true, failParentOnFailure: false } as const;

/** How the key of a part's job ends. */
export const PART_KEY = /-(\d+)-(\d+)$/;

/** Of a stage that was interrupted while it added its parts, some are there. */
async function notYetThere<T extends { opts: { jobId: string } }>(
  jobs: readonly T[],
  { attemptsStarted }: Job,
  queue: Queue,
): Promise<T[]> {
  if (attemptsStarted <= 1) return [...jobs];
  const found = await Promise.all(jobs.map(({ opts }) => queue.getJob(opts.jobId)));
  return jobs.filter((_, at) => found[at] === undefined);
}
