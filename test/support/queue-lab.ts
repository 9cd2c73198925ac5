import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from '@jest/globals';
import {
  generateOnQueue,
  type GenerateOnQueueOptions,
} from '../../src/cluster/queue/generate-on-queue.js';
import { verifyDataset } from '../../src/dataset/verify.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import { type MadeImage, writeFolders } from './input.js';
import { madeRecipe } from './made-recipe.js';
import type { WorkerArguments } from './queue-worker.js';
import { contentsOf, pathsIn } from './workspace.js';

const WORKER = fileURLToPath(new URL('./queue-worker.js', import.meta.url));

/** A worker that was missed for so long is taken for dead, ms. */
const PATIENCE = 2000;

/** A worker in a process of its own. */
export interface LabWorker {
  process: ChildProcess;
  /** The lines that it has printed. */
  said: string[];
  /** Waits for a line like this. */
  says: (line: RegExp) => Promise<void>;
  kill: () => Promise<void>;
}

/** A storage with inputs in it, and workers that make a dataset there. */
export interface QueueLab {
  root: string;
  /** Starts a worker, and waits until it takes pieces. */
  work: (options?: Partial<WorkerArguments>) => Promise<LabWorker>;
  /** Makes the dataset with the workers. Default: at `out` */
  generate: (
    options?: GenerateOnQueueOptions & { queue?: string; out?: string },
  ) => Promise<Generated>;
  /**
   * Expects the dataset of an undivided run at `out`, nothing that was left over, and that no piece was
   * done twice.
   * @param runs how many there were, each with its pieces. Default: 1
   */
  expectUndivided: (runs?: number) => Promise<void>;
}

/** Workers for one storage. */
export interface Workers {
  /** Starts a worker, and waits until it takes pieces. */
  work: (options?: Partial<WorkerArguments>) => Promise<LabWorker>;
  /** Those that were started. */
  workers: readonly LabWorker[];
  /** What a command is told of the queue. */
  queue: { queue: string; root: string };
  /** Comes when the test ends: a run that a test which failed has left ends by it. */
  signal: AbortSignal;
}

/** Starts workers for the tests of a file; those of a test are killed after it. */
export function useWorkers(url: () => string): (root: string) => Workers {
  const workers: LabWorker[] = [];
  let stop = new AbortController();
  afterEach(async () => {
    stop.abort();
    stop = new AbortController();
    for (const worker of workers.splice(0)) await worker.kill();
  });
  return (root) => {
    const own: LabWorker[] = [];
    return {
      workers: own,
      async work(options = {}) {
        const fixed = { jobs: 1, patience: PATIENCE, stalls: 1000 };
        const worker = startWorker({ queue: url(), root, ...fixed, ...options });
        workers.push(worker);
        own.push(worker);
        await worker.says(/^does pieces/);
        return worker;
      },
      queue: { queue: url(), root },
      signal: stop.signal,
    };
  };
}

/** Opens storages for the tests of a file; the workers of a test are killed after it. */
export function useQueueLab(
  newFolder: (name: string) => string,
  images: readonly MadeImage[],
  url: () => string,
): () => QueueLab {
  const startWorkers = useWorkers(url);
  let undivided: Promise<Generated> | undefined;
  const recipe = madeRecipe();
  return () => {
    const root = newFolder('storage');
    writeFolders(join(root, 'in'), images);
    const inputs = { annotations: 'in/annotations', images: 'in/images' };
    const { work, workers: own, signal } = startWorkers(root);
    return {
      root,
      work,
      generate: ({ queue = url(), out = 'out', ...options } = {}) =>
        generateOnQueue(
          { recipe, ...inputs, queue, root, out, work: 'work' },
          { piece: 4, backoff: 100, signal, ...options },
        ),
      async expectUndivided(runs = 1) {
        undivided ??= undividedRun(newFolder('undivided'));
        const made = await undivided;
        const out = join(root, 'out');
        expect(contentsOf(out)).toEqual(contentsOf(made.dataset));
        expect(await verifyDataset({ dataset: out })).toMatchObject({ findings: [] });
        expect(readdirSync(root).sort()).toEqual(['.patchml-storage', 'in', 'out', 'work']);
        const left = pathsIn(join(root, '.patchml-storage/scratch'));
        expect(left.filter((path) => !/patchml-worker-[^/]*$/.test(path))).toEqual([]);
        for (const stage of ['index', 'plan', 'pool']) {
          expect(readdirSync(join(root, 'work', stage))).toEqual([
            expect.stringMatching(/^[0-9a-f]{16}$/),
          ]);
        }
        const done = own.flatMap(({ said }) => said).filter((line) => line.endsWith(' is done'));
        const times = done.map((line) => done.filter((other) => other === line).length);
        expect(Math.max(...times)).toBeLessThanOrEqual(runs);
      },
    };
  };

  async function undividedRun(folder: string): Promise<Generated> {
    mkdirSync(join(folder, 'in'));
    const inputs = writeFolders(join(folder, 'in'), images);
    const places = { work: join(folder, 'work'), out: join(folder, 'out') };
    return generate({ recipe, ...inputs, ...places }, { jobs: 1 });
  }
}

function startWorker(given: WorkerArguments): LabWorker {
  const process = spawn(globalThis.process.execPath, [WORKER, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: globalThis.process.env, // as the test has set it
  });
  const said: string[] = [];
  const listeners = new Set<() => void>();
  let rest = '';
  for (const stream of [process.stdout, process.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      said.push(...lines);
      for (const listener of listeners) listener();
    });
  }
  const ended = once(process, 'close');
  return {
    process,
    said,
    says: (line) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!said.some((text) => line.test(text))) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        ended.then(() => {
          reject(new Error(`the worker ended without saying ${line}: ${said.join('\n')}`));
        }, reject);
      }),
    async kill() {
      process.kill('SIGKILL');
      await ended;
    },
  };
}
