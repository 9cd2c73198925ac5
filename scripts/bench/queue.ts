// What a queue costs: two workers on this machine against two threads without a queue, in turn.
// `node dist/scripts/bench/queue.js [images] [canvas, px] [rounds]` prints the medians of wall and
// processor time. The workers are up before a round begins, as they are where they serve many runs;
// their processor time counts from their start. Needs redis-server.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { toTerminalTable } from '../../src/text.js';
import { makeSample } from '../make-sample.js';
import { freePort } from './free-port.js';

const BIN = resolve('dist/src/cli/bin.cjs');

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.log('redis-server is not installed: nothing was measured');
  process.exit();
}
const [images = 20_000, canvas = 224, rounds = 3] = process.argv.slice(2).map(Number);
const root = mkdtempSync(join(tmpdir(), 'patchml-bench-'));
const children: ChildProcess[] = [];
try {
  await makeSample({ out: join(root, 'sample'), seed: '42', trainPerClass: 0, valPerClass: 40 });
  const half = Math.round(images / 2);
  writeFileSync(
    join(root, 'recipe.yaml'),
    `name: bench\ncanvas: { size: ${canvas} }\nsampling: { counts: { 2: ${half}, 4: ${half} } }\n`,
  );
  mkdirSync(join(root, 'redis'));
  const port = await freePort();
  const settings = ['--port', `${port}`, '--save', '', '--dir', join(root, 'redis')];
  const redis = await started(start('redis-server', settings), /Ready to accept connections/);
  const queue = ['--queue', `redis://127.0.0.1:${port}`];

  const plain: Cost[] = [];
  const queued: Cost[] = [];
  for (let round = 0; round < rounds; round += 1) {
    plain.push(await measured(() => ended(generate('plain', ['--jobs', '2']))));
    queued.push(await measuredWithWorkers(queue));
    if (digestOf('plain') !== digestOf('queued')) throw new Error('the two datasets differ');
    for (const name of ['plain', 'queued']) {
      for (const folder of [name, `${name}-work`]) rmSync(join(root, folder), { recursive: true });
    }
  }
  redis.kill();
  const [without, withQueue] = [mediansOf(plain), mediansOf(queued)];
  const rowOf = (what: string, { wall, processor }: Cost): string[] => [
    what,
    wall.toFixed(1),
    processor.toFixed(1),
  ];
  const ratio = (field: keyof Cost): string =>
    `${Math.round((100 * without[field]) / withQueue[field])}%`;
  console.log(
    toTerminalTable({
      head: [`${images} images, ${canvas} px`, 'wall, s', 'processor, s'],
      rows: [
        rowOf('two threads', without),
        rowOf('two workers of a queue', withQueue),
        ['rate, of that of two threads', ratio('wall'), ratio('processor')],
      ],
    }),
  );
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
}

/** Seconds. */
interface Cost {
  wall: number;
  processor: number;
}

function generate(name: string, more: readonly string[]): ChildProcess {
  const inputs = ['-a', 'sample/val/annotations', '-i', 'sample/val/images'];
  const places = ['-o', name, '--work', `${name}-work`];
  return patchml(['generate', '-r', 'recipe.yaml', ...inputs, '--quiet', ...places, ...more]);
}

async function measuredWithWorkers(queue: readonly string[]): Promise<Cost> {
  let wall = 0;
  const { processor } = await measured(async () => {
    const begun = [1, 2].map(() => patchml(['worker', ...queue, '--jobs', '1']));
    const workers = await Promise.all(begun.map((worker) => started(worker, /^does pieces/)));
    wall = (await measured(() => ended(generate('queued', queue)))).wall;
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map(ended));
  });
  return { wall, processor };
}

/** Waits for a line, and reads on. */
async function started(child: ChildProcess, line: RegExp): Promise<ChildProcess> {
  await new Promise<void>((resolve) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (text) => {
        if (line.test(text)) resolve();
      });
    }
  });
  return child;
}

function mediansOf(costs: readonly Cost[]): Cost {
  const median = (field: keyof Cost): number =>
    costs.map((cost) => cost[field]).sort((a, b) => a - b)[Math.floor(costs.length / 2)]!;
  return { wall: median('wall'), processor: median('processor') };
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

function patchml(args: readonly string[]): ChildProcess {
  return start(process.execPath, [BIN, ...args]);
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdout!.resume();
  child.stderr!.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`a command ended with ${code}`);
}

/** Seconds of wall and processor time that the processes take that end in it. */
async function measured(work: () => Promise<void>): Promise<Cost> {
  const [began, used] = [performance.now(), processorOfChildren()];
  await work();
  const wall = (performance.now() - began) / 1000;
  return { wall, processor: processorOfChildren() - used };
}

/** Linux adds what ended children took to what it says of a process, in hundredths of a second. */
function processorOfChildren(): number {
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function digestOf(name: string): unknown {
  const lock = JSON.parse(readFileSync(join(root, name, 'patchml.lock.json'), 'utf8')) as object;
  return 'dataset' in lock ? lock.dataset : undefined;
}
