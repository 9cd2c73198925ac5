import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network to a server on the loopback that can be cut. */
export interface Network {
  port: number;
  /**
   * Cuts it: `silent`, where what is sent arrives once it is mended, or `refused`, where connections
   * end and there is nobody to connect to.
   */
  cut: (how: 'silent' | 'refused') => void;
  mend: () => Promise<void>;
  close: () => Promise<void>;
}

/** Starts a network to the server on this port of the loopback. */
export async function startNetwork(port: number): Promise<Network> {
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (isSilent) from.pause();
    }
  });
  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const own = await listen(0);
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return {
    port: own,
    cut(how) {
      if (how === 'refused') {
        hangUp();
        return;
      }
      isSilent = true;
      for (const socket of sockets) socket.pause();
    },
    async mend() {
      isSilent = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(own);
    },
    async close() {
      if (!server.listening) return;
      hangUp();
      await once(server, 'close');
    },
  };
}
