import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { secureHeaders } from 'hono/secure-headers';
import { OutputError } from '../errors.js';

/** Whom a viewer answers. */
export interface Door {
  port: number;
  /** In the address that is printed; the page's own requests then carry it in a cookie. */
  token: string;
}

/** A page that is served until it is closed. */
export interface Served {
  /** What to open in a browser on this machine; it holds the secret that the server asks for. */
  address: string;
  port: number;
  /** Stops answering. */
  close: () => Promise<void>;
}

/** The port that is tried first, so that addresses stay the same. */
const PORT = 7460;

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
): Promise<Served> {
  const token = randomBytes(24).toString('base64url'); // reaches no output
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

/** Only what these allow runs in a page, and it can ask nobody but this server. */
export function headersFor(
  scriptSrc: string[],
  styleSrc: string[],
  baseUri = "'none'",
): ReturnType<typeof secureHeaders> {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc,
      styleSrc,
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: [baseUri],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    crossOriginResourcePolicy: 'same-origin',
    crossOriginOpenerPolicy: 'same-origin',
    strictTransportSecurity: false,
  });
}

/**
 * The answer to a request that is not the page's: of another method; under another name of this
 * machine (a site that has its own name lead to 127.0.0.1); from another page; without the token.
 */
export function refusalOf(context: Context, { port, token }: Door): Response | undefined {
  const { method } = context.req;
  if (method !== 'GET' && method !== 'HEAD') {
    return context.text('The viewer changes nothing.', 405, { allow: 'GET, HEAD' });
  }
  context.header('cache-control', 'private, no-cache');
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(context.req.header('host') ?? '')) {
    return context.text(`The viewer answers as ${hosts.join(' and ')} only.`, 403);
  }
  // What a browser says of where a request comes from; a link to the page itself may be anywhere.
  const site = context.req.header('sec-fetch-site') ?? 'none';
  const isPage = context.req.path === '/' && context.req.header('sec-fetch-dest') === 'document';
  if (site !== 'same-origin' && site !== 'none' && !isPage) {
    return context.text('The viewer answers its own page only.', 403);
  }
  const cookie = cookieName(port);
  const given = context.req.path === '/' ? context.req.query('token') : undefined;
  if (!isSame(given ?? getCookie(context, cookie) ?? '', token)) {
    return context.text('Open the address that patchml printed.', 403);
  }
  if (given !== undefined) {
    setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
  }
  return undefined;
}

/** Cookies are for all ports of a machine: two viewers need two. */
function cookieName(port: number): string {
  return `patchml-${port}`;
}

function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
