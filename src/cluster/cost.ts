import { EvaluationError } from '../errors.js';

/** The machines that the work is estimated for. */
export interface Machines {
  /** Default: 1. */
  machines?: number | undefined;
  /** Of each. Default: 16. */
  cores?: number | undefined;
  /** What the storage that all share gives to all of them together, MB/s. Default: 1000. */
  bandwidth?: number | undefined;
  /** Images of a piece of a queue. Default: 1000. */
  piece?: number | undefined;
}

/** What they are estimated for, with the defaults. */
export type MachineCounts = Record<keyof Machines, number>;

/** A step of the work. */
export interface EstimatedStep {
  name: string;
  /** How many of `unit`. */
  items: number;
  unit: string;
  coreSeconds: number;
  /** Whether all machines share it; else one process does it. */
  isDivided: boolean;
  /** Read from and written to the shared storage. */
  bytes: number;
  /** Wall time on the machines. */
  seconds: number;
  /** What the wall time is made of. */
  limit: 'processor' | 'storage' | 'one process';
}

/** What a piece of work costs. */
export interface Estimate {
  machines: MachineCounts;
  steps: EstimatedStep[];
  coreHours: number;
  /** Where models run on a GPU: the hours of one; else 0. */
  gpuHours: number;
  /** Wall time on the machines, s. */
  seconds: number;
  /** Bytes of what stays, by what it is. */
  storage: Record<string, number>;
  files: number;
  /** Pieces of a queue; commands to Redis for them; requests to S3 but DELETE, if the storage is there. */
  operations: { pieces: number; redis: number; s3: number };
  /** What is not in these numbers, and why. */
  leftOut: string[];
  /** What stops more cores from helping first, and from how many on. */
  bottleneck: { step: string; limit: 'storage' | 'one process'; cores: number } | undefined;
}

/**
 * What a run on a queue asks of Redis and S3, as scripts/bench/operations.ts counts it. Of Redis the
 * commands that workers send for a piece, and that the waiting command sends each second; scripts that
 * BullMQ runs in Redis count once. Of S3 all requests but DELETE, for a piece (of `generate` or
 * `evaluate`: 12 PUT and LIST, 26 GET and HEAD) and for an image that is composed (2 and 3).
 */
export const OPERATIONS = {
  redis: { piece: 2, second: 13 },
  s3: { piece: 38, composedImage: 5 },
} as const;

/** The steps of some work, with what they leave and ask for. */
export interface Work extends Pick<
  Estimate,
  'steps' | 'storage' | 'files' | 'gpuHours' | 'leftOut'
> {
  pieces: number;
  s3: number;
}

/** Work one after another. */
export function joinWork(works: readonly Work[]): Work {
  const sum = (field: 'files' | 'pieces' | 's3' | 'gpuHours'): number =>
    works.reduce((total, work) => total + work[field], 0);
  const storage: Record<string, number> = {};
  for (const [name, bytes] of works.flatMap((work) => Object.entries(work.storage))) {
    storage[name] = (storage[name] ?? 0) + bytes;
  }
  return {
    steps: works.flatMap((work) => work.steps),
    storage,
    files: sum('files'),
    pieces: sum('pieces'),
    s3: sum('s3'),
    gpuHours: sum('gpuHours'),
    leftOut: works.flatMap((work) => work.leftOut),
  };
}

/** Adds up what work costs. */
export function totalOf({ pieces, s3, ...work }: Work, machines: MachineCounts): Estimate {
  const { steps } = work;
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  const { piece, second } = OPERATIONS.redis;
  return {
    ...work,
    machines,
    coreHours: steps.reduce((sum, { coreSeconds }) => sum + coreSeconds, 0) / 3600,
    seconds,
    operations: { pieces, redis: Math.round(piece * pieces + second * seconds), s3 },
    bottleneck: bottleneckOf(steps, machines),
  };
}

/** What a step takes on these machines. */
export function stepOf(
  {
    each,
    threads = 1,
    ...step
  }: Pick<EstimatedStep, 'name' | 'items' | 'unit' | 'bytes' | 'isDivided'> & {
    each: number;
    /** Of the one process of a step that is not divided. Default: 1 */
    threads?: number;
  },
  { machines, cores, bandwidth }: MachineCounts,
): EstimatedStep {
  const coreSeconds = each * step.items;
  const computing = coreSeconds / (step.isDivided ? machines * cores : Math.min(threads, cores));
  const moving = step.bytes / (bandwidth * 1e6);
  const busy = step.isDivided ? ('processor' as const) : ('one process' as const);
  return {
    ...step,
    coreSeconds,
    seconds: Math.max(computing, moving),
    limit: moving > computing ? 'storage' : busy,
  };
}

/**
 * What stops more cores from helping: the storage, for the divided step that moves the most bytes a
 * CPU second, or the steps that are not divided, once these take longer than the divided ones.
 */
function bottleneckOf(
  steps: readonly EstimatedStep[],
  { bandwidth }: MachineCounts,
): Estimate['bottleneck'] {
  const divided = steps.filter((step) => step.isDivided && step.coreSeconds > 0);
  const single = steps.filter((step) => !step.isDivided && step.coreSeconds > 0);
  const candidates: NonNullable<Estimate['bottleneck']>[] = divided
    .filter(({ bytes }) => bytes > 0)
    .map(({ name, coreSeconds, bytes }): NonNullable<Estimate['bottleneck']> => ({
      step: name,
      limit: 'storage',
      cores: (coreSeconds * bandwidth * 1e6) / bytes,
    }));
  const alone = single.reduce((sum, { seconds }) => sum + seconds, 0);
  const [longest] = [...single].sort((a, b) => b.seconds - a.seconds);
  if (longest && alone > 0) {
    const shared = divided.reduce((sum, { coreSeconds }) => sum + coreSeconds, 0);
    candidates.push({ step: longest.name, limit: 'one process', cores: shared / alone });
  }
  const [first] = candidates.sort((a, b) => a.cores - b.cores);
  return first && { ...first, cores: Math.max(1, Math.round(first.cores)) };
}

export function machinesOf({
  machines = 1,
  cores = 16,
  bandwidth = 1000,
  piece = 1000,
}: Machines): MachineCounts {
  requireCounts({ machines, cores, bandwidth, piece });
  return { machines, cores, bandwidth, piece };
}

/** @throws EvaluationError `option-out-of-range` */
export function requireCounts(options: Record<string, number | undefined>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new EvaluationError(
      `expected a whole number of at least 1 for \`${name}\`, got ${value}`,
      {
        code: 'option-out-of-range',
      },
    );
  }
}
