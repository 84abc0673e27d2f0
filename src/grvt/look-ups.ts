import type { ExchangeOrder } from '../core/model.ts';
import type { Permit } from './budget.ts';

/** Waiting look-ups of an account that are sent one by one; more are answered together (strategy 9.1). */
const SINGLE_MAX = 2;
/** How far back the history is read for an order of unknown sending time: far more than an order's life. */
const HISTORY_DEFAULT_MS = 86_400_000;
/** Margin before an order's sending time, for a clock that was set meanwhile. */
const HISTORY_MARGIN_MS = 60_000;

export interface LookUpParts {
  /** Permission to send one look-up. */
  readonly admit: () => Promise<Permit>;
  readonly order: (clientOrderId: string, permit: Permit) => Promise<ExchangeOrder | null>;
  readonly openOrders: (permit: Permit) => Promise<readonly ExchangeOrder[]>;
  /** Newest first, page by page until all wanted orders are found, at most one page per wanted order. */
  readonly orderHistory: (sinceMs: number, wanted: ReadonlySet<string>) => Promise<readonly ExchangeOrder[]>;
  readonly nowMs: () => number;
  /** The exchange's clock minus ours. */
  readonly skewMs: () => number;
}

export interface LookUps {
  /** The order with that client id; null: unknown to the exchange (1004). `sentAtMs`: when it was sent, if known. */
  ask(clientOrderId: string, sentAtMs: number | undefined): Promise<ExchangeOrder | null>;
}

interface Waiting {
  readonly clientOrderId: string;
  readonly sentAtMs: number | undefined;
  /** Neither list named it: only a single look-up can tell that it is unknown. */
  readonly alone: boolean;
  readonly resolve: (order: ExchangeOrder | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Looks up orders of one account (strategy 9.1): one by one while few wait; if more than two wait for the budget, one
 * `open_orders` and one `order_history` answer them all, and only the rest is looked up singly.
 */
export function createLookUps(parts: LookUpParts): LookUps {
  let waiting: Waiting[] = [];

  async function serve(): Promise<void> {
    let permit: Permit;
    try {
      permit = await parts.admit();
    } catch (error) {
      waiting.shift()?.reject(error);
      return;
    }
    const together = waiting.filter(({ alone }) => !alone);
    if (together.length > SINGLE_MAX) {
      waiting = waiting.filter(({ alone }) => alone);
      await answerTogether(together, permit);
      return;
    }
    const next = waiting.shift();
    // Answered together with others while it waited.
    if (next === undefined) permit.unused();
    else await parts.order(next.clientOrderId, permit).then(next.resolve, next.reject);
  }

  async function answerTogether(group: readonly Waiting[], permit: Permit): Promise<void> {
    const nowMs = parts.nowMs();
    const sent = group.map(({ sentAtMs }) => sentAtMs ?? nowMs - HISTORY_DEFAULT_MS);
    const wanted = new Set(group.map(({ clientOrderId }) => clientOrderId));
    try {
      const [open, history] = await Promise.all([
        parts.openOrders(permit),
        parts.orderHistory(Math.min(...sent) + Math.min(0, parts.skewMs()) - HISTORY_MARGIN_MS, wanted),
      ]);
      const found = new Map([...open, ...history.toReversed()].map((order) => [order.clientOrderId, order]));
      for (const one of group) {
        const order = found.get(one.clientOrderId);
        if (order !== undefined) one.resolve(order);
        else add({ ...one, alone: true });
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  function add(one: Waiting): void {
    waiting.push(one);
    void serve();
  }

  return {
    ask: (clientOrderId, sentAtMs) =>
      new Promise((resolve, reject) => {
        add({ clientOrderId, sentAtMs, alone: false, resolve, reject });
      }),
  };
}
