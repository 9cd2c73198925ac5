import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as sendRequest,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import pLimit from 'p-limit';

/** A request that came to the proxy. */
export interface SeenRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What goes wrong, where, and how often. */
export interface Fault {
  /** On which requests. */
  on: (request: SeenRequest) => boolean;
  /** How many of them; default all. */
  times?: number;
  fault: {
    /** An answer in the server's place; without it, the server's answer with other headers. */
    status?: number;
    headers?: Record<string, string>;
    body?: string;
    /** A cut after so many bytes of the request's body. */
    cutRequestAt?: number;
    /** The same of the answer's; 0: the server has answered, and the client does not hear it. */
    cutAnswerAt?: number;
  };
}

/** A proxy on the loopback that passes requests on, keeps what it saw, and makes faults. */
export interface FaultyProxy {
  url: string;
  seen: SeenRequest[];
  close: () => Promise<void>;
}

/**
 * Starts a proxy of a server on this port.
 * @param faults the first that fits a request happens
 */
export async function startFaultyProxy(port: number, faults: Fault[]): Promise<FaultyProxy> {
  const seen: SeenRequest[] = [];
  // a store takes an object whole or not at all; the server of the tests may be seen halfway
  const oneByOne = pLimit(1);
  const server = createServer((incoming, answer) => {
    const { socket } = incoming;
    handle(incoming, answer).catch(() => socket.destroy());
  });

  async function handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '', headers, socket } = incoming;
    const request: SeenRequest = { method, url, headers, body: Buffer.alloc(0) };
    seen.push(request);
    const fault = takeFault(request);
    const limit = fault?.cutRequestAt ?? Infinity;
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of incoming as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= limit) break;
    }
    request.body = Buffer.concat(pieces);
    if (limit < Infinity) {
      socket.destroy();
    } else if (fault?.status !== undefined) {
      answer.writeHead(fault.status, fault.headers).end(fault.body);
    } else {
      await oneByOne(passOn, request, answer, port, fault);
    }
  }

  function takeFault(request: SeenRequest): Fault['fault'] | undefined {
    const found = faults.find(({ on, times = Infinity }) => times > 0 && on(request));
    if (found?.times !== undefined) found.times -= 1;
    return found?.fault;
  }

  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function passOn(
  { method, url, headers, body }: SeenRequest,
  answer: ServerResponse,
  port: number,
  { headers: otherHeaders, cutAnswerAt: cutAt = Infinity }: Fault['fault'] = {},
): Promise<void> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    sendRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
  if (cutAt > 0) answer.writeHead(incoming.statusCode!, { ...incoming.headers, ...otherHeaders });
  const { socket } = answer;
  let bytes = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    if (bytes + piece.length > cutAt) {
      answer.write(piece.subarray(0, cutAt - bytes), () => socket?.destroy());
      return;
    }
    bytes += piece.length;
    answer.write(piece);
  }
  if (cutAt <= 0) socket?.destroy();
  else answer.end();
}
