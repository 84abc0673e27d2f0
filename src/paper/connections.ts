import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Most connections, streams included: an engine of a hundred symbols and its tools use a tenth. */
export const CONNECTIONS_MAX = 512;
/** The stream connections among them. */
export const STREAMS_MAX = 128;

/**
 * Bounds a server's connections. One over the limit replaces the one with the oldest last request (or none), so that
 * unused connections cannot keep out used ones.
 */
export function boundConnections(server: Server, most: number): void {
  /** Idle ones, the least recently used first. */
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
