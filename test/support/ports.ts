import { createServer, type Server } from 'node:net';

/**
 * Ports for programs that have to be told one. A port that was free a moment ago may be another test's by the time it is
 * used: systems hand out ports above these by themselves, and each of these is kept for this process at a second
 * address of the loopback, which only these tests use.
 */
const [FIRST, COUNT] = [20_000, 10_000];
/** Attempts; more ports than any machine has in use there. */
const TRIES_MAX = 1_000;

/** A port that nobody listens on, and that no other test is given as long as this process lives. */
export async function reservedPort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const kept = await listen('127.0.0.2', port);
    if (kept === 'taken') continue;
    const free = await listen('127.0.0.1', port);
    if (free === 'taken' || free === 'no such address') {
      if (typeof kept === 'object') kept.close();
      continue;
    }
    await new Promise((closed) => free.close(closed));
    return port;
  }
  throw new Error(`none of ${TRIES_MAX} ports from ${FIRST} on is free`);
}

/** Not every system has the second address: there a port is free, and drawn among ten thousand. */
async function listen(host: string, port: number): Promise<Server | 'taken' | 'no such address'> {
  const server = createServer().unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve('taken');
      else if (error.code === 'EADDRNOTAVAIL') resolve('no such address');
      else reject(error);
    });
    server.listen(port, host, () => resolve(server));
  });
}
