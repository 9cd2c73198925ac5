import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/bench/free-port.js';

/** Whether Debian's redis-server is installed. */
const IS_INSTALLED = spawnSync('redis-server', ['--version']).status === 0;

/** Tests that need a Redis; where there is none, they are skipped, and their name says why. */
export const describeWithRedis = (name: string, tests: () => void): void => {
  if (IS_INSTALLED) describe(name, tests);
  else describe.skip(`${name} (skipped: redis-server is not installed)`, tests);
};

/** A real Redis on a free port of the loopback, which keeps its data in a folder. */
export interface RedisServer {
  url: string;
  port: number;
  client: Redis;
  /** Ends it as a crash would. */
  crash: () => Promise<void>;
  /** Ends it as a crash would, and starts it again at the same port. */
  restart: (options?: { withData?: boolean }) => Promise<void>;
  close: () => Promise<void>;
}

/** Starts a Redis before the tests of a block, and stops it after them. */
export function useRedis(): () => RedisServer {
  const folder = mkdtempSync(join(tmpdir(), 'patchml-redis-'));
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(folder);
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => server;
}

/** @param folder where its data goes */
async function startRedis(folder: string): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server = await start(folder, port);
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined); // while it is restarted
  await client.ping();
  return {
    url,
    port,
    client,
    crash: () => kill(server),
    async restart({ withData = true } = {}) {
      if (!withData) await client.flushall();
      await kill(server);
      server = await start(folder, port);
    },
    async close() {
      client.disconnect();
      await kill(server);
    },
  };
}

async function start(folder: string, port: number): Promise<ChildProcess> {
  const flags = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of server.stdout) {
    said += String(chunk);
    if (said.includes('Ready to accept connections')) break;
  }
  server.stdout.resume();
  return server;
}

async function kill(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
}
