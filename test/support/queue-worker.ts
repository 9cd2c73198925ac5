// A worker of a queue in a process of its own: its input and options are its one argument, as JSON.
// Unlike the command, it can be told to miss a dead worker soon, and have a clock that is wrong.

const [, , text] = process.argv as [string, string, string];
const { queue, root, clockOff = 0, ...options } = JSON.parse(text) as WorkerArguments;

const clock = Date.now;
Date.now = () => clock() + clockOff;

const { runWorker } = await import('../../src/cluster/queue/worker.js');
const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
});
await runWorker({ queue, root }, { ...options, signal: stop.signal, onNote: console.log });

/** What a worker's process is given. */
export interface WorkerArguments {
  queue: string;
  root: string;
  jobs: number;
  scratch?: string;
  patience: number;
  stalls: number;
  /** How much its clock is ahead, ms. */
  clockOff?: number;
  /** Of a storage in S3. */
  endpoint?: string;
  cache?: string;
}
