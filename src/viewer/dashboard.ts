import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { connectQueue, loadDashboard, openQueues } from '../cluster/queue/connection.js';
import { refusalOf } from './server.js';
import { serveAlone, type Viewer } from './view.js';

/**
 * Serves bull-board, a page on the jobs of all queues of patchml in a Redis, on 127.0.0.1 alone. It
 * changes nothing: its buttons that would are left out, and such requests refused.
 * @param address of Redis: `redis://HOST:PORT`
 * @throws QueueError; OutputError `port-taken`, `port-refused`
 */
export async function startDashboard(
  address: string,
  { port }: { port?: number | undefined } = {},
): Promise<Pick<Viewer, 'address' | 'port' | 'close'>> {
  const { createBullBoard, BullMQAdapter, HonoAdapter } = await loadDashboard();
  const connection = await connectQueue(address);
  const queues = await openQueues(connection);
  const board = new HonoAdapter(serveStatic);
  board.setBasePath('/');
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'patchml' } },
  });
  const served = await serveAlone(port, (door) => {
    const app = new Hono();
    app.use(HEADERS);
    app.use(async (context, next) => refusalOf(context, door) ?? next());
    app.route('/', board.registerPlugin());
    return app;
  });
  return {
    ...served,
    async close() {
      await served.close();
      connection.close();
    },
  };
}

/** Only what bull-board brings runs, and it can ask nobody but this server: not for fonts either. */
const HEADERS = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'self'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  referrerPolicy: 'no-referrer',
  crossOriginResourcePolicy: 'same-origin',
  crossOriginOpenerPolicy: 'same-origin',
  strictTransportSecurity: false,
});
