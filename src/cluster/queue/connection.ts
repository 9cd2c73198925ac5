import type * as Bullmq from 'bullmq';
import type { Redis } from 'ioredis';
import { messageOf, QueueError } from '../../errors.js';

/** The versions of the libraries that a queue takes, which are installed by those who use one. */
const LIBRARIES = 'bullmq@6.7.0 ioredis@6.0.0';
const DASHBOARD = '@bull-board/api@9.10.1 @bull-board/hono@9.10.1';

/** All keys of patchml in Redis begin with it. */
export const PREFIX = 'patchml';

/** How long what became of a run can be looked at, s. */
export const KEPT = 7 * 24 * 3600;

/** Connections to one Redis, and what uses them. */
export interface QueueConnection {
  bullmq: typeof Bullmq;
  /** Redis's address without a password. */
  address: string;
  redis: Redis;
  /** Another connection, under a name that {@link clientNames} lists. */
  connect: (name?: string) => Promise<Redis>;
  close: () => void;
}

/**
 * Connects to Redis.
 * @param address `redis://HOST:PORT`, `rediss://USER:PASSWORD@HOST:PORT/DATABASE`
 * @param onLost is told once whenever a connection is lost, and of its return
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`
 */
export async function connectQueue(
  address: string,
  onLost: (message: string) => void = () => undefined,
): Promise<QueueConnection> {
  const shown = withoutPassword(address);
  const bullmq = await loadLibrary(() => import('bullmq'), LIBRARIES);
  const ioredis = await loadLibrary(() => import('ioredis'), LIBRARIES);
  const open: Redis[] = [];
  const connect = async (name?: string): Promise<Redis> => {
    const redis = new ioredis.Redis(address, {
      lazyConnect: true,
      maxRetriesPerRequest: null, // a Redis that is away is waited for
      keepAlive: KEEP_ALIVE,
      retryStrategy: (times) => Math.min(100 * 2 ** times, LONGEST_WAIT),
      ...(name === undefined ? {} : { connectionName: name }),
    });
    await firstConnect(redis, shown);
    open.push(redis);
    // BullMQ makes a connection of its own to wait with, which would try again for ever.
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (options) => {
      const copy = duplicate(options);
      open.push(copy);
      return copy;
    };
    return redis;
  };
  const redis = await connect();
  let isLost = false;
  redis.on('close', () => {
    if (!isLost) onLost(`the connection to ${shown} is lost; waiting for it`);
    isLost = true;
  });
  redis.on('ready', () => {
    isLost = false;
    onLost(`connected to ${shown} again`);
  });
  const close = (): void => {
    isLost = true;
    for (const one of open) one.disconnect();
  };
  return { bullmq, address: shown, redis, connect, close };
}

/** Silence after which the system asks whether the other side is still there, ms. */
const KEEP_ALIVE = 10_000;
/** Between two attempts to connect again, ms. */
const LONGEST_WAIT = 5000;

/**
 * Does work that asks Redis.
 * @throws QueueError `queue-redis-refuses` for what Redis answers with an error
 */
export async function askingRedis<T>(address: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    throw new QueueError(`Redis refuses this: ${refusalText(cause)}`, {
      code: 'queue-redis-refuses',
      path: address,
      fix: 'correct that, and run the same command again: what is done is kept',
      cause,
    });
  }
}

/** What Redis answers where its memory is full, it is a replica or the like. */
interface Refusal extends Error {
  /** Of several commands that were sent together, what the first ones were answered. */
  previousErrors?: readonly Error[];
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && error.name === 'ReplyError';
}

/** What Redis said, without the place in the script of BullMQ. */
export function refusalText({ message, previousErrors: [first] = [] }: Refusal): string {
  return (first?.message ?? message).replace(/ script: .*$/s, '').replace(/\.$/, '');
}

/** The queues in a Redis: of all versions of patchml, and of all storages. */
export async function openQueues(connection: QueueConnection): Promise<Bullmq.Queue[]> {
  const names = new Set<string>();
  for await (const keys of connection.redis.scanStream({
    match: `${PREFIX}:*:meta`,
    count: 1000,
  })) {
    for (const key of keys as string[]) {
      const [, name] = /^[^:]+:(pieces-[0-9a-f]+):meta$/.exec(key) ?? [];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort().map((name) => openQueue(connection, name));
}

/** A queue in a Redis. It says nothing of errors: the connection tells what is wrong with it. */
export function openQueue({ redis, bullmq }: QueueConnection, name: string): Bullmq.Queue {
  const queue = new bullmq.Queue(name, { connection: redis, prefix: PREFIX });
  queue.on('error', () => undefined);
  return queue;
}

/** The libraries of the dashboard. @throws QueueError `queue-library-missing` */
export async function loadDashboard() {
  const [{ createBullBoard }, { BullMQAdapter }, { HonoAdapter }] = await loadLibrary(
    () =>
      Promise.all([
        import('@bull-board/api'),
        import('@bull-board/api/bullMQAdapter'),
        import('@bull-board/hono'),
      ]),
    DASHBOARD,
  );
  return { createBullBoard, BullMQAdapter, HonoAdapter };
}

async function loadLibrary<T>(load: () => Promise<T>, packages: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const isInstalled = (cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND';
    throw new QueueError(
      isInstalled
        ? `a library of the queue does not load: ${messageOf(cause)}`
        : 'the libraries of the queue are not installed',
      { code: 'queue-library-missing', fix: `run "npm install ${packages}"`, cause },
    );
  }
}

/** @throws QueueError `queue-address` */
function withoutPassword(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new QueueError('expected the address of a Redis, such as redis://HOST:6379', {
      code: 'queue-address',
      fix: 'pass rediss:// for TLS; a password goes before the host, as in rediss://:PASSWORD@HOST',
    });
  }
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

/** The first connection fails at once: an address may be wrong. Later ones are waited for. */
async function firstConnect(redis: Redis, address: string): Promise<void> {
  let problem: unknown;
  const note = (error: unknown): void => {
    problem = error;
  };
  redis.on('error', note);
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw new QueueError(`no answer: ${messageOf(problem ?? error)}`, {
      code: 'queue-unreachable',
      path: address,
      fix: 'check the address, the password, and that Redis runs there',
      cause: error,
    });
  }
  redis.off('error', note);
  redis.on('error', () => undefined); // its end is told by `close`
}

/** A program that is connected to this Redis. */
export interface Client {
  /** Higher for later connections. */
  id: number;
  name: string;
}

/** The programs that are connected to this Redis, as it counts them itself. */
export async function clientNames(redis: Redis): Promise<Client[]> {
  const lines = String(await redis.client('LIST')).split('\n');
  return lines.flatMap((line) => {
    const [, id, name] = /^id=(\d+) .*?\bname=(\S+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ id: Number(id), name }];
  });
}
