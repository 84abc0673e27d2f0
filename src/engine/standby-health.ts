import { createServer } from 'node:http';

/** Health answers of a standby until it trades: live but not ready (strategy 18.2). The page then takes its place. */
export interface StandbyHealth {
  close(): Promise<void>;
}

/** A probe that keeps its connection open must not block the port. */
const REQUEST_MAX_MS = 2_000;

/**
 * Answers probes on loopback.
 * @param port null: no page, and no answers @param say called if the port is taken; the standby continues without it
 */
export async function openStandbyHealth(
  port: number | null,
  say: (text: string) => void,
): Promise<StandbyHealth | null> {
  if (port === null) return null;
  const server = createServer({ requestTimeout: REQUEST_MAX_MS }, (request, response) => {
    const lives = request.url === '/healthz';
    response.writeHead(lives ? 200 : 503, { 'content-type': 'text/plain', connection: 'close' });
    response.end(lives ? 'alive, standby\n' : 'standby\n');
  });
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(port, '127.0.0.1', listening);
    });
  } catch (thrown) {
    say(`Standby: no answers at port ${port}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return null;
  }
  return {
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
