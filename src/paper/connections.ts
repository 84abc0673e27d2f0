import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections at a time, streams included: an engine of a hundred symbols and its tools use a tenth. Each beyond it costs
 * every other one a share of the event loop.
 */
export const CONNECTIONS_MAX = 512;
/** Of these, connections of streams. */
export const STREAMS_MAX = 128;

/**
 * Keeps the connections of a server bounded. One too many takes the place of the one whose last request is longest ago (or
 * that never sent one), so that connections nobody uses cannot keep out those that are used.
 */
export function boundConnections(server: Server, most: number): void {
  /** Idle ones, the one used longest ago first. */
  const idle = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    idle.add(socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
    });
    if (open <= most) return;
    const [longestIdle] = idle;
    idle.delete(longestIdle ?? socket);
    (longestIdle ?? socket).destroy();
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
  server.on('upgrade', ({ socket }: IncomingMessage) => idle.delete(socket));
}
