import { reason } from '../core/reasons.ts';
import type { Permit } from './budget.ts';
import type { Caller, PrivateChannel } from './caller.ts';
import { ExchangeError } from './errors.ts';
import type { GrvtOptions } from './options.ts';
import { cancelCall } from './orders.ts';
import { readAs } from './parse.ts';
import { ackAnswer, bulkAnswer } from './wire.ts';

const CANCEL = { call: 'cancelOrder', bucket: 'cancels', asked: { need: 'cancel', units: 5 } } as const;
/** How long a cancel waits for its create by default (API 5.4). */
const DEFAULT_TTL_MS = 100;
/** Margin after that, for differing clocks (strategy 9.12). */
const OVERLAP_MARGIN_MS = 500;
/** Most cancels in one call (API 5.5). */
const BULK_MAX = 100;

/** A cancel that is sent together with others. */
interface WaitingCancel {
  readonly clientOrderId: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface Cancels {
  cancel(
    channel: PrivateChannel,
    clientOrderId: string,
    timeToLiveMs: number | undefined,
    instrument: string | undefined,
  ): Promise<void>;
  /** A stream reports that a cancel of that id was dropped as a duplicate (strategy 9.12). */
  voidFence(clientOrderId: string): void;
  isFenceVoid(clientOrderId: string): boolean;
}

/** Cancels and fences of orders (strategy 9.7, 9.12). `whyNot`: why one may not be sent from here (18.2). */
export function createCancels(caller: Caller, whyNot: GrvtOptions['whyNotCancel']): Cancels {
  /** Cancels waiting for permission, by what they share (strategy 9.12). */
  const waiting = new Map<string, WaitingCancel[]>();
  /** Ids with a cancel in force, for some seconds each: resolves when it is over. */
  const overlaps = new Map<string, Promise<void>>();
  /** Fences that were dropped, until the next one of that id. */
  const voidFences = new Set<string>();

  async function cancel(
    channel: PrivateChannel,
    clientOrderId: string,
    timeToLiveMs: number | undefined,
    instrument: string | undefined,
  ): Promise<void> {
    const { account } = channel;
    const why = whyNot?.(clientOrderId) ?? null;
    if (why !== null) {
      const site = { call: 'cancelOrder', account } as const;
      throw new ExchangeError('unavailable', site, null, reason('never-left', '18.2', { why }));
    }
    // Of overlapping cancels only the first counts: a fence that overlaps another cancel of that id would be void
    // (9.12).
    if (timeToLiveMs !== undefined) {
      await overlaps.get(clientOrderId);
      voidFences.delete(clientOrderId);
    }
    if (instrument === undefined) return cancelOne(channel, clientOrderId, timeToLiveMs);
    return new Promise((resolve, reject) => {
      // Fences and plain cancels never share a call, which has one time to live.
      const key = `${account} ${instrument} ${timeToLiveMs ?? ''}`;
      const group = waiting.get(key);
      const one = { clientOrderId, resolve, reject };
      if (group !== undefined && group.length < BULK_MAX) {
        group.push(one);
        return;
      }
      const fresh = [one];
      waiting.set(key, fresh);
      void cancelTogether(channel, instrument, timeToLiveMs, fresh, () => {
        if (waiting.get(key) === fresh) waiting.delete(key);
      });
    });
  }

  async function cancelOne(
    channel: PrivateChannel,
    clientOrderId: string,
    timeToLiveMs: number | undefined,
    permit: Permit | null = null,
  ): Promise<void> {
    noteCancel(clientOrderId, timeToLiveMs);
    const spec = { ...CANCEL, ...cancelCall(channel.keys.subAccountId, [clientOrderId], timeToLiveMs) };
    await caller.readPrivate(channel, spec, (answer) => readAs(ackAnswer, answer), { permit });
  }

  /** Until when another cancel of that id would overlap this one: by a timer, independent of our wall clock. */
  function noteCancel(clientOrderId: string, timeToLiveMs = DEFAULT_TTL_MS): void {
    const over = new Promise<void>((resolve) => {
      setTimeout(() => {
        if (overlaps.get(clientOrderId) === over) overlaps.delete(clientOrderId);
        resolve();
      }, timeToLiveMs + OVERLAP_MARGIN_MS).unref();
    });
    overlaps.set(clientOrderId, over);
  }

  /**
   * Cancels of one account and instrument: those requested while the first one waits for session and budget are sent
   * with it (strategy 9.12). If the exchange does not accept them together, they are sent one by one.
   */
  async function cancelTogether(
    channel: PrivateChannel,
    instrument: string,
    timeToLiveMs: number | undefined,
    group: readonly WaitingCancel[],
    close: () => void,
  ): Promise<void> {
    try {
      await caller.sessionFor(CANCEL, () => channel.session.ready());
      const asked = { ...CANCEL.asked, turn: instrument };
      const permit = await caller.admit(channel, channel.account, { ...CANCEL, asked });
      close();
      const [first] = group;
      if (first === undefined || group.length > 1) {
        const ids = group.map(({ clientOrderId }) => clientOrderId);
        for (const id of ids) noteCancel(id, timeToLiveMs);
        const spec = { ...CANCEL, ...cancelCall(channel.keys.subAccountId, ids, timeToLiveMs) };
        await caller.readPrivate(channel, spec, (answer) => readAs(bulkAnswer, answer), { permit });
      } else await cancelOne(channel, first.clientOrderId, timeToLiveMs, permit);
      for (const { resolve } of group) resolve();
    } catch (thrown) {
      close();
      const isRefused = thrown instanceof ExchangeError && ['refused', 'not-found'].includes(thrown.kind);
      for (const { clientOrderId, resolve, reject } of group) {
        if (isRefused && group.length > 1) cancelOne(channel, clientOrderId, timeToLiveMs).then(resolve, reject);
        else reject(thrown);
      }
    }
  }

  return {
    cancel,
    isFenceVoid: (clientOrderId) => voidFences.has(clientOrderId),
    voidFence(clientOrderId) {
      // Only for recent fences: bounded by the orders of unknown outcome.
      if (overlaps.has(clientOrderId)) voidFences.add(clientOrderId);
    },
  };
}
