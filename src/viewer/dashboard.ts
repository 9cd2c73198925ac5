import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { connectQueue, loadDashboard, openQueues } from '../cluster/queue/connection.js';
import { headersFor, refusalOf, type Served, serveAlone } from './door.js';

/**
 * Serves bull-board, a page on the jobs of all queues of patchml in a Redis, on 127.0.0.1 alone. It
 * changes nothing: its buttons that would are left out, and such requests refused.
 * @param address of Redis: `redis://HOST:PORT`
 * @throws QueueError; OutputError `port-taken`, `port-refused`
 */
export async function startDashboard(
  address: string,
  { port }: { port?: number | undefined } = {},
): Promise<Served> {
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
    // Of bull-board: it loads no fonts from elsewhere either.
    app.use(headersFor(["'self'"], ["'self'", "'unsafe-inline'"], "'self'"));
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
