// What a queue costs: two workers on this machine against two threads without a queue. Prints wall
// and processor time of both; `node dist/scripts/bench/queue.js [images]`. Needs redis-server.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toTerminalTable } from '../../src/text.js';
import { makeSample } from '../make-sample.js';
import { freePort } from './free-port.js';

const BIN = resolve('dist/src/cli/bin.cjs');

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.log('redis-server is not installed: nothing was measured');
  process.exit();
}
const images = Number(process.argv[2] ?? 4000);
const root = mkdtempSync(join(tmpdir(), 'patchml-bench-'));
const children: ChildProcess[] = [];
try {
  await makeSample({ out: join(root, 'sample'), seed: '42', trainPerClass: 0, valPerClass: 40 });
  const half = Math.round(images / 2);
  writeFileSync(
    join(root, 'recipe.yaml'),
    `name: bench\nsampling: { counts: { 2: ${half}, 4: ${half} } }\n`,
  );
  const inputs = ['-a', 'sample/val/annotations', '-i', 'sample/val/images'];
  const generate = ['generate', '-r', 'recipe.yaml', ...inputs, '--quiet'];
  const plain = await measured(() =>
    ended(patchml([...generate, '--jobs', '2', '-o', 'plain', '--work', 'plain-work'])),
  );

  const port = await freePort();
  mkdirSync(join(root, 'redis'));
  const redis = start('redis-server', [
    '--port',
    `${port}`,
    '--save',
    '',
    '--dir',
    join(root, 'redis'),
  ]);
  await sleep(1000);
  const queue = ['--queue', `redis://127.0.0.1:${port}`];
  const queued = await measured(async () => {
    const workers = [1, 2].map(() => patchml(['worker', ...queue, '--jobs', '1', '--quiet']));
    await ended(patchml([...generate, ...queue, '-o', 'queued', '--work', 'queued-work']));
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map(ended));
  });
  redis.kill();
  const digests = ['plain', 'queued'].map((name) => digestOf(join(root, name)));
  if (digests[0] !== digests[1]) throw new Error('the two datasets differ');
  const ratio = (field: 'wall' | 'processor'): string =>
    `${Math.round((100 * plain[field]) / queued[field])}%`;
  console.log(
    toTerminalTable({
      head: [`${images} images`, 'wall, s', 'processor, s'],
      rows: [
        ['two threads', plain.wall.toFixed(1), plain.processor.toFixed(1)],
        ['two workers of a queue', queued.wall.toFixed(1), queued.processor.toFixed(1)],
        ['rate, of that of two threads', ratio('wall'), ratio('processor')],
      ],
    }),
  );
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

function patchml(args: readonly string[]): ChildProcess {
  return start(process.execPath, [BIN, ...args]);
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`a command ended with ${code}`);
}

/** Seconds of wall and processor time that the processes take that end in it. */
async function measured(work: () => Promise<void>): Promise<{ wall: number; processor: number }> {
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

function digestOf(folder: string): unknown {
  const lock = JSON.parse(readFileSync(join(folder, 'patchml.lock.json'), 'utf8')) as object;
  return 'dataset' in lock ? lock.dataset : undefined;
}
