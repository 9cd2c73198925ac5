import { rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Queue, Worker } from 'bullmq';
import { messageOf, type PatchmlError, QueueError } from '../../errors.js';
import { explainError } from '../../files/file-errors.js';
import type { StageOptions } from '../../progress.js';
import type { StorageOptions } from '../storage.js';
import type { Bench } from './bench.js';
import {
  connectQueue,
  isRefusal,
  KEPT,
  openQueue,
  PREFIX,
  type QueueConnection,
  refusalText,
} from './connection.js';
import { doEvaluatePiece } from './evaluate-pieces.js';
import { doGeneratePiece } from './generate-pieces.js';
import { type Command, type FoundOf, parseFound, stagesOf } from './jobs.js';
import { jobIdOf, nameOf, parsePiece, type Piece, problemOf, REFUSED } from './pieces.js';
import { openPlace, type Place, queueNameOf, readId, versionsText } from './place.js';
import { openScratch, type Scratch } from './scratch.js';
import { openShelf, type Shelf } from './shelf.js';
import { doStudyPiece } from './study-pieces.js';
import { doParts, reasonOf } from './stage-parts.js';

/** Whose pieces a worker does. */
export interface WorkerInput {
  /** The address of Redis: `redis://HOST:PORT`, or `rediss://` for TLS. */
  queue: string;
  /** Where the inputs and outputs of all runs lie: a folder that all machines share, or `s3://BUCKET/PREFIX`. */
  root: string;
}

/** How a worker does them. `jobs`: pieces at a time, by default 1. */
export interface WorkerOptions extends Pick<StageOptions, 'jobs' | 'signal'>, StorageOptions {
  /**
   * Where pieces are made before they are published. Default: a folder below a root that is a folder,
   * from which they need not be copied; for S3 the system's temporary folder.
   */
  scratch?: string | undefined;
  /** Is told of each piece, and of what is wrong. */
  onNote?: ((line: string) => void) | undefined;
  /** How long a worker that says nothing keeps its pieces, ms. Default: 60,000. */
  patience?: number | undefined;
  /** A piece with which so many workers ended without a word ends them, and fails. Default: 10. */
  stalls?: number | undefined;
}

/** Pieces that a worker did, and that failed in it. */
export interface WorkerReport {
  done: number;
  failed: number;
}

/** How long a worker that says nothing keeps its pieces, ms. */
const PATIENCE = 60_000;
/** As many workers may end without a word in the middle of a piece; then it is the piece. */
const STALLS = 10;
/** How long a Redis that is away is waited for at the end, ms. */
const LAST_WAIT = 10_000;

/**
 * Does pieces of the runs in a queue that are of this storage and this version of patchml, until the
 * signal: each in a thread of its own. A piece that is interrupted goes back to the queue.
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`
 * @throws PatchmlError where this machine can do no piece, as with a full disk
 */
export async function runWorker(
  { queue: address, root }: WorkerInput,
  options: WorkerOptions = {},
): Promise<WorkerReport> {
  const { jobs = 1, onNote = () => undefined, patience = PATIENCE } = options;
  const place = await openPlace(root, options);
  const connection = await connectQueue(address, onNote);
  const { bullmq, redis } = connection;
  const scratch = await openScratch(options.scratch ?? place.storage.scratch ?? tmpdir());
  const shelf = openShelf();
  const name = queueNameOf(place.versions);
  const queue = openQueue(connection, name);
  const stop = new AbortController();
  const report: WorkerReport = { done: 0, failed: 0 };
  const station: Station = {
    ...place,
    connection,
    queue,
    jobs,
    stop,
    onNote,
    scratch,
    shelf,
  };
  const worker = new bullmq.Worker<unknown, unknown>(
    name,
    (job, token, signal) => doPiece(job, token!, signal!, station),
    {
      connection: redis,
      prefix: PREFIX,
      name: `${hostname()}-${process.pid}`,
      concurrency: jobs,
      lockDuration: patience,
      stalledInterval: patience / 2,
      maxStalledCount: options.stalls ?? STALLS,
      removeOnFail: { age: KEPT }, // of what others have put into the queue
    },
  );
  worker.on('completed', ({ data }) => {
    report.done += 1;
    onNote(`${nameOf(data as Piece)} is done`);
  });
  worker.on('failed', (job, { message }) => {
    report.failed += 1;
    onNote(`${job?.name ?? 'a piece'} failed: ${message}`);
  });
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'another worker has it');
  });
  const rest = resterOf(worker, onNote);
  worker.on('error', (error) => {
    if (isRefusal(error)) {
      rest(error);
      return;
    }
    // A connection that is being lost tells so itself.
    setTimeout(() => {
      if (redis.status === 'ready') onNote(messageOf(error));
    }, 200).unref();
  });
  onNote(`does pieces for ${place.storage.root} from ${connection.address}`);
  try {
    await ended(stop, options.signal);
    const isAway = redis.status !== 'ready'; // and would answer none of the farewells of a plain close
    await within(LAST_WAIT, worker.close(isAway));
  } finally {
    connection.close();
    await shelf.close();
    await scratch.close();
  }
  if (stop.signal.reason instanceof Error && !isAbort(stop.signal.reason)) throw stop.signal.reason;
  return report;
}

/** How long a worker does not ask a Redis that refuses it, ms: BullMQ would ask again at once. */
const REST = 5000;

/** Lets a worker rest that Redis refuses, as where its memory is full. It is said once. */
function resterOf(
  worker: Worker<unknown, unknown>,
  onNote: (line: string) => void,
): (error: Error) => void {
  let isSaid = false;
  worker.on('completed', () => {
    isSaid = false;
  });
  return (error) => {
    if (!isSaid) onNote(`Redis refuses this worker, which keeps asking: ${refusalText(error)}`);
    isSaid = true;
    if (worker.isPaused()) return;
    const rested = worker.pause(true).then(() => sleep(REST, undefined, { ref: false }));
    rested.then(() => worker.resume()).catch(() => undefined); // it has ended
  };
}

/** What a worker does its pieces with. */
interface Station extends Place {
  connection: QueueConnection;
  queue: Queue;
  scratch: Scratch;
  shelf: Shelf;
  jobs: number;
  /** Ends the worker; its reason is an error where this machine is at fault. */
  stop: AbortController;
  onNote: (line: string) => void;
}

/** How a piece is done; one that is done already ends at once. */
type Doing<C extends Command> = (
  piece: Piece<C>,
  found: FoundOf<C> | undefined,
  bench: Bench,
) => Promise<FoundOf<C>>;

const DOING: { [C in Command]: Doing<C> } = {
  generate: doGeneratePiece,
  evaluate: doEvaluatePiece,
  study: doStudyPiece,
};

async function doPiece(
  job: Job,
  token: string,
  signal: AbortSignal,
  station: Station,
): Promise<unknown> {
  const { bullmq } = station.connection;
  const piece = requireOwn(job, station);
  let scratch = '';
  try {
    scratch = await station.scratch.open(piece.run.job.out);
    const found = piece.found ?? (await foundBefore(job, piece));
    const doIt = DOING[piece.run.job.command] as Doing<Command>;
    const done = await doIt(piece, found, {
      storage: station.storage,
      scratch,
      shelf: station.shelf,
      jobs: station.jobs,
      signal: AbortSignal.any([signal, station.stop.signal]),
      parts: (parts) => doParts({ job, piece, found, token }, parts, station),
    });
    const fault = await faultOfStorage(station); // what was published is then somewhere else
    if (fault) throw fault;
    return done;
  } catch (thrown) {
    const error = explainError(thrown);
    if (error instanceof bullmq.WaitingChildrenError) throw error;
    if (signal.aborted) throw new bullmq.WaitingError(); // it is another worker's now
    const fault = station.stop.signal.aborted ? undefined : await faultOfMachine(error, station);
    if (fault) station.stop.abort(fault);
    if (station.stop.signal.aborted) {
      await job.moveToWait(token);
      throw new bullmq.WaitingError();
    }
    const { name, code } = error as PatchmlError;
    if (code === 'storage-outside') throw new bullmq.UnrecoverableError(REFUSED + reasonOf(error));
    if (LASTING.includes(name)) throw new bullmq.UnrecoverableError(reasonOf(error));
    throw new Error(reasonOf(error), { cause: thrown });
  } finally {
    if (scratch !== '') await rm(scratch, { recursive: true, force: true });
  }
}

/** Errors that another attempt ends in too. */
const LASTING = [
  ...['AnnotationError', 'ImageError', 'RecipeError', 'SamplingError', 'QueueError'],
  ...['EvaluationError', 'MetricsError'],
];

/**
 * The piece that a job asks for.
 * @throws UnrecoverableError where it is none, or not one for this worker: this queue has no others,
 * unless somebody else has written to it
 */
function requireOwn(job: Job, { connection: { bullmq }, versions }: Station): Piece {
  const refused = (why: string): Error => new bullmq.UnrecoverableError(REFUSED + why);
  const piece = parsePiece(job.data);
  if (piece === undefined) throw refused(`this is no piece of a run: ${problemOf(job.data)}`);
  const [wanted, own] = [piece.run.versions, versions].map(versionsText);
  if (wanted !== own) throw refused(`this is for ${wanted}; this worker has ${own}`);
  if (job.id !== jobIdOf(piece)) throw refused(`this is ${nameOf(piece)} under another piece's id`);
  return piece;
}

/** What the stage before a piece's left. */
async function foundBefore(job: Job, { run, stage }: Piece): Promise<FoundOf<Command> | undefined> {
  const stages = stagesOf(run.job);
  const before = stages[stages.indexOf(stage) - 1];
  if (before === undefined) return undefined;
  const id = jobIdOf({ run, stage: before });
  const values = await job.getChildrenValues<unknown>();
  const [, value] = Object.entries(values).find(([key]) => key.endsWith(`:${id}`)) ?? [];
  return parseFound(run.job.command, value);
}

/** What no piece can be done with on this machine, while another's may be well. */
const OF_MACHINE = [
  ...['edquot', 'emfile', 'enfile', 'enospc', 'erofs', 'not-enough-space'],
  ...['onnxruntime-missing', 'provider-unavailable'],
];

/** The error with which the worker ends, where it is the machine that is at fault. */
function faultOfMachine(error: unknown, station: Station): Promise<Error | undefined> {
  if (OF_MACHINE.includes((error as PatchmlError).code)) return Promise.resolve(error as Error);
  return faultOfStorage(station);
}

/** The error where the worker's root is not mounted, or another is. */
async function faultOfStorage({ storage, versions }: Station): Promise<Error | undefined> {
  try {
    if ((await readId(storage)) === versions.storage) return undefined;
  } catch (cause) {
    return explainError(cause) as Error;
  }
  return new QueueError('another storage is at this root now', {
    code: 'queue-other-storage',
    path: storage.root,
    fix: 'check what is mounted there, and start the worker again',
  });
}

/** Waits for work, but not for longer: a Redis that is away answers nothing. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}

/** Waits until the worker is to end. */
function ended(stop: AbortController, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    stop.signal.addEventListener('abort', () => {
      resolve();
    });
    const end = (): void => {
      stop.abort();
    };
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}

function isAbort({ name }: Error): boolean {
  return name === 'AbortError';
}
