import type { Heartbeat } from '../ports.ts';
import { DeliveryError, request, type Way } from './post.ts';

/** A heartbeat monitor answers quickly or not at all; the next beat is due in a minute. */
export const HEARTBEAT_TIMEOUT_MS = 10_000;

/**
 * Calls the address of a heartbeat monitor (strategy 2.1): `GET`, no redirects, any 2xx is a beat. Otherwise `beat`
 * rejects with a `DeliveryError`, which never contains the address, a secret.
 */
export function httpHeartbeat(url: string, options: Way = {}): Heartbeat {
  return {
    async beat() {
      const { status } = await request(url, { method: 'GET' }, { ...options, timeoutMs: HEARTBEAT_TIMEOUT_MS });
      if (status < 200 || status >= 300) throw new DeliveryError('refused', `the heartbeat was answered ${status}`);
    },
  };
}
