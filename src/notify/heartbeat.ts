import type { Heartbeat } from '../ports.ts';
import { DeliveryError, request, type Way } from './post.ts';

/** A dead-man switch answers at once or not at all; the next beat is due in a minute anyway. */
export const HEARTBEAT_TIMEOUT_MS = 10_000;

/**
 * Calls the address of a dead-man switch (strategy 2.1): `GET`, redirects not followed, any 2xx is a beat.
 *
 * `beat` rejects with a `DeliveryError` otherwise. Such an address is a secret: it is in no error.
 */
export function httpHeartbeat(url: string, options: Way = {}): Heartbeat {
  return {
    async beat() {
      const { status } = await request(url, { method: 'GET' }, { ...options, timeoutMs: HEARTBEAT_TIMEOUT_MS });
      if (status < 200 || status >= 300) throw new DeliveryError('refused', `the heartbeat was answered ${status}`);
    },
  };
}
