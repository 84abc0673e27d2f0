import { connect, createServer, type Socket } from 'node:net';

/** How a wire fails: connections are refused and end; or nothing passes (or no request does) and nothing ends, until it is whole again. */
export type Cut = 'refused' | 'silent' | 'deaf' | null;

/** Between an engine and another program on this machine. */
export interface Wire {
  readonly port: number;
  /** From now on; connections that are there stay. */
  lead(to: number): void;
  cut(how: Cut): void;
  /** The next request that holds this text: `before` it does not arrive, `after` its answer does not. Then its connection ends. */
  cutAt(text: string, when: 'before' | 'after'): void;
  close(): void;
}

/** What a client sends, and what it is answered, in the moment in which it is handed on; an answer may be changed in place. */
export interface Tap {
  request?(text: string, from: Socket): void;
  answer?(data: Buffer): void;
}

export async function startWire(first: number, tap: Tap = {}): Promise<Wire> {
  const sockets = new Set<Socket>();
  const clients = new WeakSet<Socket>();
  let to = first;
  let how: Cut = null;
  let next: { readonly text: string; readonly when: 'before' | 'after' } | null = null;
  const server = createServer({ allowHalfOpen: false }, (client) => {
    if (how === 'refused') return void client.destroy();
    const backend = connect({ port: to, host: '127.0.0.1' });
    const pair = [client, backend];
    let answerIsLost = false;
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
      tap.request?.(data.toString('latin1', 0, 16_384), client);
      if (next !== null && data.includes(next.text)) {
        answerIsLost = next.when === 'after';
        next = null;
        if (!answerIsLost) return end();
      }
      backend.write(data);
    });
    backend.on('data', (data) => {
      // The answer shows that the request was carried out.
      if (answerIsLost) return end();
      tap.answer?.(data);
      client.write(data);
    });
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
    cutAt: (text, when) => {
      next = { text, when };
    },
    close: () => {
      endAll();
      server.close();
    },
  };
}
