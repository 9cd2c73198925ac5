import { JOBS, type JobName } from './jobs.js';
import type { Run } from './measure.js';

// One measured job in a process of its own: prints its run as one line of JSON.

process.env['UV_THREADPOOL_SIZE'] ??= '4';
const [, , name, argument] = process.argv;
const prepare = JOBS[name as JobName] as (argument: unknown) => Promise<() => Promise<number>>;
const work = await prepare(JSON.parse(argument!));

const before = process.cpuUsage();
const start = performance.now();
const count = await work();
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
const rssMb = process.resourceUsage().maxRSS / 1024;
const run: Run = { count, seconds, cpuMs: (user + system) / 1000, rssMb };
console.log(JSON.stringify(run));
process.exit();
