// How many commands of Redis and requests to S3 a queue's run takes, for the constants of
// src/cluster/cost.ts: runs of different numbers of images and pieces on one worker, whose
// differences are what an image and a piece take. `node dist/scripts/bench/operations.js`. Needs
// redis-server; S3 is s3rver.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import S3rver from 's3rver';
import { listPlainFiles } from '../../src/files/listing.js';
import { toTerminalTable } from '../../src/text.js';
import { openS3Client } from '../../src/transfer/s3-objects.js';
import { type FaultyProxy, startFaultyProxy } from '../../test/support/faulty-proxy.js';
import { makeSample } from '../make-sample.js';
import { freePort } from './free-port.js';

const BIN = resolve('dist/src/cli/bin.cjs');
const MODELS = resolve('configs/models');
const ACCOUNT = {
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

/** Composed images, and images of a piece: what differs between two runs is what it takes. */
const RUNS = [
  { images: 120, piece: 40 },
  { images: 120, piece: 8 },
  { images: 240, piece: 40 },
] as const;

const NAMES = {
  worker: 'Redis, of the worker',
  put: 'PUT, POST and LIST',
  get: 'GET and HEAD',
  remove: 'DELETE',
};

/** What a run took. */
interface Counts {
  pieces: number;
  images: number;
  /** Commands that the worker sent to Redis, and that the command did, and how long it waited, s. */
  worker: number;
  coordinator: number;
  seconds: number;
  /** Requests to S3 that write or list, that read, and that remove. */
  put: number;
  get: number;
  remove: number;
}

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.log('redis-server is not installed: nothing was measured');
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), 'patchml-operations-'));
const children: ChildProcess[] = [];
Object.assign(process.env, ACCOUNT);
try {
  const sample = join(folder, 'sample');
  await makeSample({ out: sample, seed: '42', trainPerClass: 0, valPerClass: 2 });
  const redis = await startRedis();
  const s3 = await startS3();
  const shared: Record<string, Counts>[] = [];
  const remote: Record<string, Counts>[] = [];
  for (const run of RUNS) {
    shared.push(await measure(run, redis));
    remote.push(await measure(run, redis, s3));
  }
  for (const command of Object.keys(shared[0]!)) {
    const of = (runs: typeof shared): Counts[] => runs.map((counts) => counts[command]!);
    console.log(describe(`${command}, in a shared folder`, of(shared)));
    console.log(describe(`${command}, in S3`, of(remote)));
  }
  redis.client.disconnect();
  await s3.proxy.close();
  await s3.server.close();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** What a piece, an image and the rest take: of runs of so many pieces, fewer, and more images. */
function describe(where: string, [few, many, large]: readonly Counts[]): string {
  const { pieces, images } = few!;
  const rows = (['worker', 'put', 'get', 'remove'] as const).map((field) => {
    const piece = (many![field] - few![field]) / (many!.pieces - pieces);
    const more = large![field] - few![field] - piece * (large!.pieces - pieces);
    const image = more / (large!.images - images);
    const rest = few![field] - piece * pieces - image * images;
    return [NAMES[field], ...[piece, image, rest].map((value) => value.toFixed(2))];
  });
  const all = [few!, many!, large!];
  const seconds = all.reduce((sum, each) => sum + each.seconds, 0);
  const asked = all.reduce((sum, each) => sum + each.coordinator, 0);
  const table = toTerminalTable({ head: [where, 'a piece', 'an image', 'a run'], rows });
  return `${table}\nRedis, of the command that waits: ${(asked / seconds).toFixed(1)} a second`;
}

/** Makes a dataset with one worker, and runs the bundled model on it with another. */
async function measure(
  { images, piece }: (typeof RUNS)[number],
  redis: Awaited<ReturnType<typeof startRedis>>,
  s3?: Awaited<ReturnType<typeof startS3>>,
): Promise<Record<string, Counts>> {
  const name = `${s3 ? 's3' : 'folder'}-${images}-${piece}`;
  const root = s3 ? `s3://bucket/${name}` : join(folder, name);
  const sample = join(folder, 'sample', 'val');
  for (const path of (await listPlainFiles(sample)).keys()) {
    await put(`in/${path}`, readFileSync(join(sample, path)));
  }
  for (const file of ['sample.onnx', 'sample.yaml']) {
    const content = readFileSync(resolve(MODELS, file));
    await put(`in/${file}`, content);
    mkdirSync(join(folder, 'in'), { recursive: true });
    writeFileSync(join(folder, 'in', file), content);
  }
  const recipe = join(folder, `${name}.yaml`);
  writeFileSync(recipe, `name: bench\nsampling: { counts: { 2: ${images} } }\n`);
  const card = s3 ? 'in/sample.yaml' : join(root, 'in', 'sample.yaml');
  const inputs = ['-a', 'in/annotations', '-i', 'in/images'];
  const commands = {
    generate: ['-r', recipe, ...inputs, '-o', 'out'],
    evaluate: ['-m', card, '-d', 'out', '-o', 'scores', '--batch', '8', '--resamples', '10'],
  };
  const counts: Record<string, Counts> = {};
  for (const [command, flags] of Object.entries(commands)) {
    counts[command] = { images, ...(await count(command, flags)) };
  }
  return counts;

  async function put(path: string, content: Uint8Array): Promise<void> {
    if (s3) {
      const Key = `${name}/${path}`;
      await s3.client.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: content }));
      return;
    }
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  /** What a command and a worker with an empty cache take. */
  async function count(command: string, flags: readonly string[]): Promise<Omit<Counts, 'images'>> {
    const cache = (of: string): string[] =>
      s3 ? ['--endpoint', s3.proxy.url, '--cache', join(folder, `${name}-${command}-${of}`)] : [];
    const [toWorker, toCoordinator] = [await proxyOf(redis.port), await proxyOf(redis.port)];
    const sent = await watch(redis.client);
    s3?.proxy.seen.splice(0);
    const place = ['--root', root, '--quiet'];
    const worker = patchml([
      ...['worker', '--queue', toWorker.url, ...place, ...cache('worker')],
      ...['--jobs', '1', '--json'],
    ]);
    const report = textOf(worker);
    await sleep(1500);
    const began = performance.now();
    await ended(
      patchml([
        ...[command, ...flags, '--queue', toCoordinator.url, ...place, ...cache('command')],
        ...['--piece-images', String(piece), '--work', 'work'],
      ]),
    );
    const seconds = (performance.now() - began) / 1000;
    worker.kill('SIGTERM');
    await ended(worker);
    sent.stop();
    for (const proxy of [toWorker, toCoordinator]) proxy.close();
    const kinds = (s3?.proxy.seen ?? []).map(({ method, url }): 'put' | 'get' | 'remove' => {
      if (method === 'DELETE' || /[?&]delete\b/.test(url)) return 'remove';
      return ['GET', 'HEAD'].includes(method) && !url.includes('list-type=') ? 'get' : 'put';
    });
    const of = (kind: 'put' | 'get' | 'remove'): number =>
      kinds.filter((each) => each === kind).length;
    return {
      pieces: (JSON.parse(await report) as { done: number }).done,
      worker: sent.from(toWorker.ports),
      coordinator: sent.from(toCoordinator.ports),
      seconds,
      put: of('put'),
      get: of('get'),
      remove: of('remove'),
    };
  }
}

async function startRedis(): Promise<{ port: number; client: Redis }> {
  const port = await freePort();
  start('redis-server', ['--port', String(port), '--save', '', '--dir', folder]);
  await sleep(1000);
  return { port, client: new Redis(port) };
}

async function startS3() {
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: join(folder, 's3'),
    vhostBuckets: false,
    configureBuckets: [{ name: 'bucket' }],
  });
  const proxy: FaultyProxy = await startFaultyProxy((await server.run()).port, []);
  return { server, proxy, client: await openS3Client('s3://bucket', { endpoint: proxy.url }) };
}

/** Counts the commands that come to Redis, by the port that they come from; not those of its scripts. */
async function watch(redis: Redis): Promise<{
  from: (ports: ReadonlySet<number>) => number;
  stop: () => void;
}> {
  const counts = new Map<number, number>();
  const monitor = await redis.monitor();
  monitor.on('monitor', (_: string, __: string[], source: string) => {
    const port = Number(source.slice(source.lastIndexOf(':') + 1));
    if (port > 0) counts.set(port, (counts.get(port) ?? 0) + 1);
  });
  return {
    from: (ports) => [...ports].reduce((sum, port) => sum + (counts.get(port) ?? 0), 0),
    stop: () => {
      monitor.disconnect();
    },
  };
}

/** A way to a server; whoever comes by it is known there by these ports. */
async function proxyOf(port: number) {
  const ports = new Set<number>();
  const server = createServer((socket) => {
    const way = connect(port, '127.0.0.1');
    way.on('connect', () => ports.add(way.localPort!));
    for (const end of [socket, way]) end.on('error', () => undefined);
    socket.pipe(way).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, ports, close: () => server.close() };
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  children.push(child);
  return child;
}

function patchml(args: readonly string[]): ChildProcess {
  return start(process.execPath, [BIN, ...args]);
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.on('data', (chunk) => (text += String(chunk)));
  await once(child, 'close');
  return text;
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`a command ended with ${code}`);
}
