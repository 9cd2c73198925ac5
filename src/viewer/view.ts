import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hono } from 'hono';
import { OutputError } from '../errors.js';
import type { StageOptions } from '../progress.js';
import type { EvaluationSetInput } from '../sets/open-set.js';
import type { Overview } from './answers.js';
import { type Collections, openCollections } from './collections.js';
import type { Door } from './server.js';

/** What to view. */
export interface ViewInput {
  /**
   * Datasets, pools, scores, studies and releases, or folders that hold some. Nothing outside of
   * them is shown.
   */
  paths: readonly string[];
  /** Other sets that the scores are of: images with labels. Default: none. */
  sets?: readonly EvaluationSetInput[] | undefined;
}

/** How to view it. */
export interface ViewOptions extends Pick<StageOptions, 'signal' | 'onProgress'> {
  /** The port, 1 to 65535. Default: 7460, or where that is taken any free one. */
  port?: number | undefined;
}

/** A viewer that runs until it is closed. */
export interface Viewer {
  /** What to open in a browser on this machine; it holds the secret that the viewer asks for. */
  address: string;
  port: number;
  overview: Overview;
  /** Stops answering. */
  close: () => Promise<void>;
}

/** The port that is tried first, so that addresses stay the same. */
const PORT = 7460;

/**
 * Serves what patchml has written as a page for a browser, on 127.0.0.1 alone. It writes nothing:
 * thumbnails are kept in memory.
 * @throws PatchmlError where a path holds nothing to view, or is broken: `view-nothing`,
 * `view-too-large`, `view-outside`, and what reading the folder throws
 * @throws OutputError `port-taken`, `port-refused`; AbortedError
 */
export async function startViewer(input: ViewInput, options: ViewOptions = {}): Promise<Viewer> {
  const collections = await openCollections(input.paths, input.sets ?? [], options);
  try {
    return await serve(collections, options.port);
  } catch (error) {
    await collections.close();
    throw error;
  }
}

async function serve(collections: Collections, port: number | undefined): Promise<Viewer> {
  const { viewerApp } = await import('./server.js');
  const page = await readFile(new URL('../../web/view.html', import.meta.url), 'utf8');
  const served = await serveAlone(port, (door) => viewerApp(collections, page, door));
  return {
    ...served,
    overview: collections.overview,
    async close() {
      await served.close();
      await collections.close();
    },
  };
}

/**
 * Serves an app on 127.0.0.1 alone.
 * @param port the port, 1 to 65535. Default: 7460, or where that is taken any free one
 * @param open makes the app, which answers those alone who have the token
 * @returns its address, with the token in it
 * @throws OutputError `port-taken`, `port-refused`
 */
export async function serveAlone(
  port: number | undefined,
  open: (door: Door) => Hono,
): Promise<Pick<Viewer, 'address' | 'port' | 'close'>> {
  const { createAdaptorServer } = await import('@hono/node-server');
  const { newToken } = await import('./server.js');
  const token = newToken();
  let answer: Hono['fetch'] = () => new Response(null, { status: 503 });
  const server = createAdaptorServer({
    fetch: (request, env) => answer(request, env),
    overrideGlobalObjects: false,
  }) as Server;
  const taken = await listen(server, port);
  answer = open({ port: taken, token }).fetch;
  return {
    address: `http://127.0.0.1:${taken}/?token=${token}`,
    port: taken,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number | undefined): Promise<number> {
  try {
    await listenAt(server, port ?? PORT);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
    if (port !== undefined) throw refused(port, code, cause);
    await listenAt(server, 0);
  }
  return (server.address() as AddressInfo).port;
}

async function listenAt(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  await listening;
}

function refused(port: number, code: string, cause: unknown): OutputError {
  return code === 'EADDRINUSE'
    ? new OutputError(`port ${port} is in use, perhaps by another viewer`, {
        code: 'port-taken',
        fix: 'close it, pass another --port, or leave --port out to take a free one',
        cause,
      })
    : new OutputError(`port ${port} may not be used`, {
        code: 'port-refused',
        fix: 'pass a --port from 1024 to 65535',
        cause,
      });
}
