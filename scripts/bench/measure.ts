import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JobArgument, JobName } from './jobs.js';

/** What one run of a job in a process of its own took. */
export interface Run {
  /** What is counted: images, files or rows. */
  count: number;
  seconds: number;
  /** User and system time of the process and its threads, ms. */
  cpuMs: number;
  /** Largest resident set of the process, MB; not known of several processes. */
  rssMb?: number;
}

/** The run of median rate (of an even number the lower one), the largest memory of all runs, and the rate of each run. */
export interface Measured extends Run {
  rates: number[];
}

/** Something to measure, given an empty folder. */
export type Job = (folder: string) => Promise<Run>;

export interface MeasureOptions {
  /** Where the jobs' folders are made. */
  scratch: string;
  repeats: number;
  /**
   * Whether what the runs made stays where it is, to be removed with `scratch`. ext4 makes new files
   * ten times slower in the minutes after as many were removed. Default: it is removed behind each
   * run.
   */
  keep?: boolean;
}

/**
 * Runs jobs one after the other, the whole list `repeats` times: what is compared is measured in
 * turn, so that a change of the machine's speed meets all of it. A job that is undefined is left out.
 */
export async function measure<Jobs extends Record<string, Job | undefined>>(
  jobs: Jobs,
  { scratch, repeats, keep = false }: MeasureOptions,
): Promise<{ [Name in keyof Jobs]: Jobs[Name] extends Job ? Measured : Measured | undefined }> {
  const present = Object.entries(jobs).flatMap(([name, job]) => (job ? [{ name, job }] : []));
  const runs = new Map<string, Run[]>(present.map(({ name }) => [name, []]));
  const made = await mkdtemp(join(scratch, 'runs-'));
  try {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const { name, job } of present) {
        const folder = await mkdtemp(join(made, 'run-'));
        await writeOut();
        runs.get(name)!.push(await job(folder));
        if (!keep) await rm(folder, { recursive: true, force: true });
      }
    }
  } finally {
    if (!keep) await rm(made, { recursive: true, force: true });
  }
  const measured = [...runs].map(([name, all]) => [name, medianOf(all)] as const);
  return Object.fromEntries(measured) as Awaited<ReturnType<typeof measure<Jobs>>>;
}

/** Has the system write what it holds of files, which else it would do while a job is measured. */
async function writeOut(): Promise<void> {
  if (process.platform !== 'win32') await collect('sync', []);
}

/** Images, files or rows a second. */
export function rateOf({ count, seconds }: Run): number {
  return count / seconds;
}

/** A job of `jobs.ts`, in a Node process of its own. */
export function inNode<Name extends JobName>(name: Name, argument: JobArgument<Name>): Job {
  const script = fileURLToPath(new URL('./job.js', import.meta.url));
  return async (folder) => {
    const args = [script, name, JSON.stringify(argument), folder];
    const output = await collect(process.execPath, args);
    return JSON.parse(output.trim().split('\n').at(-1)!) as Run;
  };
}

/** Runs a command and returns what it prints. @throws Error with its own words when it fails */
export function collect(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (): boolean => child.kill();
    process.prependOnceListener('exit', stop);
    let [output, problems] = ['', ''];
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (problems += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', stop);
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.slice(0, 2).join(' ')}: ${problems}`));
    });
  });
}

function medianOf(runs: readonly Run[]): Measured {
  const sorted = [...runs].sort((a, b) => rateOf(a) - rateOf(b));
  const median = sorted[Math.floor((sorted.length - 1) / 2)]!;
  const measured = { ...median, rates: runs.map(rateOf) };
  if (median.rssMb !== undefined) measured.rssMb = Math.max(...runs.map((run) => run.rssMb ?? 0));
  return measured;
}
