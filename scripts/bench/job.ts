import { readFileSync } from 'node:fs';
import { type JobName, JOBS } from './jobs.js';
import type { Run } from './measure.js';

// One measured job in a process of its own: prints its run as one line of JSON.

type Prepare = (argument: unknown, folder: string) => Promise<() => Promise<number>>;

const [, , name, argument, folder] = process.argv;
const prepare = JOBS[name as JobName] as Prepare;
const work = await prepare(JSON.parse(argument!), folder!);

const before = process.cpuUsage();
const start = performance.now();
const count = await work();
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
const run: Run = { count, seconds, cpuMs: (user + system) / 1000, rssMb: peakRssMb() };
console.log(JSON.stringify(run));
process.exit();

/**
 * Largest resident set of this process, MB. On Linux not from `resourceUsage`: its `maxRSS` starts
 * at that of the process that spawned this one, however little this one takes.
 */
function peakRssMb(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}
