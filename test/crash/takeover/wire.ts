import { connect, createServer, type Socket } from 'node:net';

/** How a wire fails: connections are refused and end; or nothing passes (or no request does) and nothing ends, until it is whole again. */
export type Cut = 'refused' | 'silent' | 'deaf' | null;

/** Between an engine and another program on this machine. */
export interface Wire {
  readonly port: number;
  /** From now on; connections that are there stay. */
  lead(to: number): void;
  cut(how: Cut): void;
  close(): void;
}

/** @param onRequest what a client sends, in the moment in which it is handed on */
export async function startWire(
  first: number,
  onRequest: (text: string, from: Socket) => void = () => {},
): Promise<Wire> {
  const sockets = new Set<Socket>();
  const clients = new WeakSet<Socket>();
  let to = first;
  let how: Cut = null;
  const server = createServer({ allowHalfOpen: false }, (client) => {
    if (how === 'refused') return void client.destroy();
    const backend = connect({ port: to, host: '127.0.0.1' });
    const pair = [client, backend];
    const end = () => {
      for (const one of pair) {
        one.destroy();
        sockets.delete(one);
      }
    };
    for (const one of pair) {
      sockets.add(one);
      one.on('error', end).on('close', end);
    }
    clients.add(client);
    client.on('data', (data) => {
      onRequest(data.toString('latin1', 0, 16_384), client);
      backend.write(data);
    });
    backend.on('data', (data) => client.write(data));
    for (const one of pair) flow(one);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  function flow(one: Socket): void {
    if (how === 'silent' || (how === 'deaf' && clients.has(one))) one.pause();
    else one.resume();
  }
  const endAll = () => {
    for (const one of sockets) one.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    lead: (port) => {
      to = port;
    },
    cut: (now) => {
      how = now;
      if (how === 'refused') return endAll();
      for (const one of sockets) flow(one);
    },
    close: () => {
      endAll();
      server.close();
    },
  };
}
