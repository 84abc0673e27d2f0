import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../ports.ts';

/** Who may give commands through the page (strategy 16.6). */

/** How long a page stays unlocked: a working day. */
export const SESSION_MS = 12 * 3_600_000;
/** Simultaneous unlocked pages; one more locks the oldest. Each needs the token. */
export const SESSIONS_MAX = 64;
/** Delay of the answer to a wrong token. */
export const WRONG_AFTER_MS = 1_000;
/** Wrong tokens waiting for their answer; further ones are refused at once. */
export const WRONG_MAX = 4;

const KEY_BYTES = 32;

export type Unlocked =
  | { readonly kind: 'unlocked'; readonly key: string; readonly untilMs: number }
  | { readonly kind: 'wrong' | 'too-often' | 'no-token' };

export interface Sessions {
  /** The right token is answered at once, whatever else was tried. */
  unlock(token: string): Promise<Unlocked>;
  /** When this session ends by itself, wall clock; null: no such session. */
  untilMs(key: string | undefined): number | null;
  lock(key: string | undefined): void;
}

interface Session {
  readonly atMs: number;
  readonly atSteadyMs: number;
  /** The token that unlocked it: another token ends it. */
  readonly token: Buffer;
}

export interface SessionsOptions {
  /** The present token; null: nothing can be unlocked. */
  readonly token: () => string | null;
  readonly clock: Clock;
  /** Monotonic clock, ms. */
  readonly steadyMs: () => number;
}

/** In memory only: sessions end with the process. */
export function createSessions({ token, clock, steadyMs }: SessionsOptions): Sessions {
  const salt = randomBytes(KEY_BYTES);
  const digest = (text: string) => createHmac('sha256', salt).update(text).digest();
  /** By the digest of their keys, so that the time of a look-up reveals nothing. */
  const sessions = new Map<string, Session>();
  let waiting = 0;

  const find = (key: string | undefined): Session | null => {
    if (key === undefined || key === '') return null;
    const name = digest(key).toString('hex');
    const session = sessions.get(name);
    if (session === undefined) return null;
    const now = token();
    const isOver =
      // By both clocks: one may be set back, the other may have stopped while the machine slept.
      clock.nowMs() - session.atMs >= SESSION_MS ||
      steadyMs() - session.atSteadyMs >= SESSION_MS ||
      now === null ||
      !timingSafeEqual(digest(now), session.token);
    if (!isOver) return session;
    sessions.delete(name);
    return null;
  };

  return {
    async unlock(given) {
      const wanted = token();
      if (wanted === null) return { kind: 'no-token' };
      if (timingSafeEqual(digest(given), digest(wanted))) {
        const [oldest] = sessions.keys();
        if (sessions.size >= SESSIONS_MAX && oldest !== undefined) sessions.delete(oldest);
        const key = randomBytes(KEY_BYTES).toString('hex');
        const atMs = clock.nowMs();
        sessions.set(digest(key).toString('hex'), { atMs, atSteadyMs: steadyMs(), token: digest(wanted) });
        return { kind: 'unlocked', key, untilMs: atMs + SESSION_MS };
      }
      if (waiting >= WRONG_MAX) return { kind: 'too-often' };
      waiting += 1;
      await new Promise((over) => setTimeout(over, WRONG_AFTER_MS).unref());
      waiting -= 1;
      return { kind: 'wrong' };
    },
    untilMs(key) {
      const session = find(key);
      return session === null ? null : session.atMs + SESSION_MS;
    },
    lock(key) {
      if (key !== undefined) sessions.delete(digest(key).toString('hex'));
    },
  };
}
