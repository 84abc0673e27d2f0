import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../ports.ts';

/** Who may give commands by the page (strategy 16.6). */

/** How long a page stays unlocked: a working day. */
export const SESSION_MS = 12 * 3_600_000;
/** Unlocked pages at a time; with one more the oldest is locked. Only whoever has the token makes one. */
export const SESSIONS_MAX = 64;
/** A wrong token is answered after this long. */
export const WRONG_AFTER_MS = 1_000;
/** Wrong tokens that wait for their answer; a further one is told at once that too many do. */
export const WRONG_MAX = 4;

const KEY_BYTES = 32;

export type Unlocked =
  | { readonly kind: 'unlocked'; readonly key: string; readonly untilMs: number }
  | { readonly kind: 'wrong' | 'too-often' | 'no-token' };

export interface Sessions {
  /** A right token is answered at once, whatever else was tried. */
  unlock(token: string): Promise<Unlocked>;
  /** When this session ends by itself, wall-clock; null: there is no such session, or none any more. */
  untilMs(key: string | undefined): number | null;
  lock(key: string | undefined): void;
}

interface Session {
  readonly atMs: number;
  readonly atSteadyMs: number;
  /** Of the token that it was unlocked with: another token ends it. */
  readonly token: Buffer;
}

export interface SessionsOptions {
  /** As it is set now; null: nothing can be unlocked. */
  readonly token: () => string | null;
  readonly clock: Clock;
  /** By a clock that nobody sets, ms. */
  readonly steadyMs: () => number;
}

/** Sessions live in memory only: they end with the process. */
export function createSessions({ token, clock, steadyMs }: SessionsOptions): Sessions {
  const salt = randomBytes(KEY_BYTES);
  const digest = (text: string) => createHmac('sha256', salt).update(text).digest();
  /** By the digest of their keys: a look-up tells nothing of a key by the time it takes. */
  const sessions = new Map<string, Session>();
  let waiting = 0;

  const find = (key: string | undefined): Session | null => {
    if (key === undefined || key === '') return null;
    const name = digest(key).toString('hex');
    const session = sessions.get(name);
    if (session === undefined) return null;
    const now = token();
    const isOver =
      // By the one clock though the other is set back, or stood still while the machine slept.
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
