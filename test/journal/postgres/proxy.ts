import { connect, createServer, type Socket } from 'node:net';

/** What stands between the engine and its database, and can fail like a network. */
export interface TestProxy {
  readonly port: number;
  /** The next statement that holds this text: `before` it does not arrive, `after` its answer does not. Then the connection ends. */
  cutAt(text: string, when: 'before' | 'after'): void;
  /** Nothing passes, and nothing ends, until it is told otherwise. */
  hold(isHeld: boolean): void;
  /** Each connection is given another process id, as a pooler does. */
  disguise(): void;
  /** No connection is taken, and those that are there end. */
  refuse(isRefused: boolean): void;
  close(): void;
}

/** `BackendKeyData`: the letter, its length, the process id, the key. */
const KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12]);

export async function startProxy(to: number): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  let cut: { readonly text: string; readonly when: 'before' | 'after' } | null = null;
  let isHeld = false;
  let isDisguised = false;
  let isRefused = false;
  const server = createServer((client) => {
    if (isRefused) return void client.destroy();
    const backend = connect({ port: to, host: '127.0.0.1' });
    let isCut = false;
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
    client.on('data', (data) => {
      if (isHeld) return;
      if (cut !== null && data.includes(cut.text)) {
        const { when } = cut;
        cut = null;
        if (when === 'before') return end();
        isCut = true;
      }
      backend.write(data);
    });
    backend.on('data', (data) => {
      if (isHeld) return;
      // The answer shows that the statement was carried out.
      if (isCut) return end();
      const at = isDisguised ? data.indexOf(KEY_DATA) : -1;
      if (at >= 0) data.writeInt32BE(1, at + KEY_DATA.length);
      client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endAll = () => {
    for (const one of sockets) one.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    cutAt: (text, when) => {
      cut = { text, when };
    },
    hold: (now) => {
      isHeld = now;
    },
    disguise: () => {
      isDisguised = true;
    },
    refuse: (now) => {
      isRefused = now;
      if (now) endAll();
    },
    close: () => {
      endAll();
      server.close();
    },
  };
}
