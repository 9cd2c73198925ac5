import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What one run of a job in a process of its own took. */
export interface Run {
  /** What is counted: images, files or rows. */
  count: number;
  seconds: number;
  /** User and system time of the process and its threads, ms. */
  cpuMs: number;
  /** Largest resident set of the process, MB. */
  rssMb: number;
}

/** A job to run: its name in `jobs.ts`, and its argument. */
export interface Job {
  name: string;
  argument: unknown;
}

/**
 * Runs jobs one after the other, each in a process of its own, the whole list `repeats` times: what
 * is compared is measured in turn, so that a change of the machine's speed meets all of it.
 * @returns for each job its run of median rate; memory is the largest of its runs
 */
export async function measure<Name extends string>(
  jobs: Record<Name, Job>,
  repeats: number,
): Promise<Record<Name, Run>> {
  const names = Object.keys(jobs) as Name[];
  const runs = new Map<Name, Run[]>(names.map((name) => [name, []]));
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const name of names) runs.get(name)!.push(await runJob(jobs[name]));
  }
  return Object.fromEntries(names.map((name) => [name, medianOf(runs.get(name)!)])) as Record<
    Name,
    Run
  >;
}

/** Images, files or rows a second. */
export function rateOf({ count, seconds }: Run): number {
  return count / seconds;
}

async function runJob({ name, argument }: Job): Promise<Run> {
  const script = fileURLToPath(new URL('./job.js', import.meta.url));
  const output = await collect(process.execPath, [script, name, JSON.stringify(argument)]);
  return JSON.parse(output.trim().split('\n').at(-1)!) as Run;
}

/** Runs a command and returns what it prints. @throws Error with its own words when it fails */
export function collect(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, problems] = ['', ''];
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (problems += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.slice(0, 2).join(' ')}: ${problems}`));
    });
  });
}

function medianOf(runs: readonly Run[]): Run {
  const sorted = [...runs].sort((a, b) => rateOf(a) - rateOf(b));
  const median = sorted[Math.floor(sorted.length / 2)]!;
  return { ...median, rssMb: Math.max(...runs.map(({ rssMb }) => rssMb)) };
}
