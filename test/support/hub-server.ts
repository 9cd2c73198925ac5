import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { routeHub } from './hub-routes.js';

/** A file in a repository: in git, or beside it by its SHA-256. */
export interface HubFile {
  content: Buffer;
  isLarge: boolean;
}

export interface HubRepo {
  isPrivate: boolean;
  /** The last is what `main` points to. */
  commits: { oid: string; files: Map<string, HubFile> }[];
  tags: Map<string, string>;
}

/** What the Hub holds. */
export interface HubState {
  repos: Map<string, HubRepo>;
  /** Large files by SHA-256, committed or not. */
  large: Map<string, Buffer>;
  /** Parts of large files that are not complete, by SHA-256 and number. */
  parts: Map<string, Buffer>;
}

export interface HubRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** Where the client reaches the Hub: for the addresses in answers. */
  origin: string;
  body: Buffer;
}

export interface HubAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Bytes as they are, anything else as JSON. */
  body?: unknown;
}

/** The token that the server takes. */
export const HUB_TOKEN = 'hf_theTokenThatMayWrite';

/** A small Hub on the loopback: repositories, commits, LFS, tags, downloads. */
export async function startHubServer(): Promise<{
  port: number;
  state: HubState;
  close: () => Promise<void>;
}> {
  const state: HubState = { repos: new Map(), large: new Map(), parts: new Map() };
  const server = createServer((incoming, answer) => {
    handle(state, incoming, answer).catch((error: unknown) => {
      answer.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    state,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(
  state: HubState,
  incoming: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
  const origin = `http://${incoming.headers.host!}`;
  const { pathname, searchParams } = new URL(incoming.url!, origin);
  const { status, headers, body } = routeHub(state, {
    method: incoming.method!,
    path: decodeURIComponent(pathname),
    query: searchParams,
    headers: incoming.headers,
    origin,
    body: Buffer.concat(pieces),
  });
  const isRaw = body === undefined || body instanceof Uint8Array;
  answer.writeHead(status, { ...(!isRaw && { 'Content-Type': 'application/json' }), ...headers });
  answer.end(isRaw ? body : JSON.stringify(body));
}

/** SHA-256 of bytes, or the digest by which git names them. */
export function digestOf(content: Buffer, kind: 'sha256' | 'git'): string {
  if (kind === 'sha256') return createHash('sha256').update(content).digest('hex');
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
