import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import S3rver from 's3rver';
import { type Pulled, type PullOptions, pullRelease } from '../../src/transfer/pull.js';
import { type Pushed, type PushOptions, pushRelease } from '../../src/transfer/push.js';
import { openS3Client } from '../../src/transfer/s3-objects.js';
import {
  type Fault,
  type FaultyProxy,
  type SeenRequest,
  startFaultyProxy,
} from './faulty-proxy.js';
import { temporaryFolder } from './unit-folder.js';
import { useRetryWaits, withEnvironment } from './unit-transfer.js';
import { pathsIn } from './workspace.js';

/** A real S3-speaking server on the loopback, behind a proxy that makes faults. */
interface S3Server {
  /** What `--endpoint` takes. */
  url: string;
  proxy: FaultyProxy;
  /** Where the server keeps the objects. */
  folder: string;
  close: () => Promise<void>;
}

/** The one account that the server knows. */
export const S3_ACCOUNT = {
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

/** Starts a server with one empty bucket, `releases`. */
async function startS3Server(faults: Fault[]): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'patchml-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    vhostBuckets: false,
    configureBuckets: [{ name: 'releases' }],
  });
  const { port } = await server.run();
  const proxy = await startFaultyProxy(port, faults);
  return {
    url: proxy.url,
    proxy,
    folder,
    async close() {
      await proxy.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the tests of a file do with S3: each has a place of its own. */
export interface S3InTests {
  faults: Fault[];
  url: () => string;
  /** The place that releases are pushed to. */
  to: () => string;
  push: (release: string, options?: PushOptions) => Promise<Pushed>;
  pull: (out?: string, name?: string, options?: PullOptions) => Promise<Pulled>;
  seen: (which: (request: SeenRequest) => boolean) => SeenRequest[];
  forget: () => void;
  /** Puts an object among those of version 1.1.0, or removes one, as any client may. */
  put: (
    path: string,
    content: string | Uint8Array,
    metadata?: Record<string, string>,
  ) => Promise<void>;
  remove: (path: string) => Promise<void>;
  /** Paths of the objects of version 1.1.0. */
  objects: () => string[];
  /** Where the server keeps one of them. */
  fileOf: (path: string) => string;
  /** The waits before attempts, ms; none is waited for. */
  waits: () => number[];
}

/** Starts a server before the tests of a file, and stops it after them. */
export function useS3(): S3InTests {
  withEnvironment(S3_ACCOUNT);
  const faults: Fault[] = [];
  const waits = useRetryWaits();
  let server: S3Server;
  let tests = 0;
  beforeAll(async () => {
    server = await startS3Server(faults);
  });
  afterAll(() => server.close());
  beforeEach(() => {
    tests += 1;
    for (const list of [faults, server.proxy.seen]) list.splice(0);
  });
  const prefix = (): string => `test-${tests}`;
  const to = (): string => `s3://releases/${prefix()}`;
  const fileOf = (path: string): string =>
    join(server.folder, 'releases', prefix(), 'shapes-1.1.0', `${path}${OBJECT}`);
  const keyOf = (path: string): { Bucket: string; Key: string } => ({
    Bucket: 'releases',
    Key: `${prefix()}/shapes-1.1.0/${path}`,
  });
  const ask = async (command: PutObjectCommand | DeleteObjectCommand): Promise<void> => {
    const client = await openS3Client(to(), { endpoint: server.url });
    await client.send(command);
    client.destroy();
  };
  return {
    faults,
    url: () => server.url,
    to,
    push: (release, options) =>
      pushRelease({ release, to: to() }, { endpoint: server.url, ...options }),
    pull: (out = temporaryFolder(), name = 'shapes-1.1.0', options) =>
      pullRelease({ from: `${to()}/${name}`, out }, { endpoint: server.url, ...options }),
    seen: (which) => server.proxy.seen.filter(which),
    forget: () => server.proxy.seen.splice(0),
    put: (path, content, metadata = {}) =>
      ask(new PutObjectCommand({ ...keyOf(path), Body: content, Metadata: metadata })),
    remove: (path) => ask(new DeleteObjectCommand(keyOf(path))),
    objects() {
      const folder = join(server.folder, 'releases', prefix(), 'shapes-1.1.0');
      const paths = existsSync(folder) ? pathsIn(folder) : [];
      return paths
        .filter((path) => path.endsWith(OBJECT))
        .map((path) => path.slice(0, -OBJECT.length));
    },
    fileOf,
    waits: () => waits,
  };
}

/** How s3rver names an object's file. */
const OBJECT = '._S3rver_object';

/** Whether a request puts an object of a release, or a part of one. */
export function isPut({ method, url }: SeenRequest): boolean {
  return method === 'PUT' && !url.includes('/PUSHING?');
}

/** Whether a request puts an object on condition that there is none. */
export function isPutOfNew({ headers }: SeenRequest): boolean {
  return headers['if-none-match'] === '*';
}

/** What S3 does and this server does not: an object is not put over one, on that condition. */
export function refuseTaken(): Fault {
  const taken = new Set<string>();
  const on = (request: SeenRequest): boolean => {
    const [object = ''] = request.url.split('?');
    if (request.method === 'DELETE') taken.delete(object);
    if (!isPutOfNew(request)) return false;
    const isTaken = taken.has(object);
    taken.add(object);
    return isTaken;
  };
  return { on, fault: { status: 412 } };
}
