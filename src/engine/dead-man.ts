import { ACCOUNTS } from '../core/model.ts';
import { isOwnOrder } from '../core/order-id.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { DEAD_MAN_NOTE, type DeadManNote, RUN_NOTE, type RunNote } from '../core/run-note.ts';
import type { Exchange, Journal } from '../ports.ts';

/** Foreign orders named by the refusal to start. */
const NAMED = 5;

/**
 * Before the first create: arms the exchange's dead-man timers, or switches off those armed by a previous run (strategy
 * 2.1, `GRVT_HEDGE_DEAD_MAN_SEC`). A start after a crash is not refused because of foreign orders, since its positions
 * need managing. @returns why the start is refused; null: it is not @throws ExchangeError
 */
export async function settleDeadMan(
  exchange: Pick<Exchange, 'openOrders' | 'cancelOnDisconnect'>,
  journal: Pick<Journal, 'latest' | 'append'>,
  periodMs: number,
  nowMs: number,
): Promise<Reason | null> {
  const note = (armed: boolean) => journal.append([{ kind: 'note', key: DEAD_MAN_NOTE, atMs: nowMs, body: { armed } }]);
  const set = (ms: number) => Promise.all(ACCOUNTS.map((account) => exchange.cancelOnDisconnect(account, ms)));
  const wasArmed = (journal.latest('note', DEAD_MAN_NOTE)?.body as DeadManNote | undefined)?.armed ?? false;
  if (periodMs === 0) {
    if (!wasArmed) return null;
    await set(0);
    note(false);
    return null;
  }
  const lists = await Promise.all(ACCOUNTS.map((account) => exchange.openOrders(account)));
  const foreign = lists.flatMap((orders, at) =>
    orders.flatMap((order) =>
      isOwnOrder(order) ? [] : [{ orderId: order.orderId, account: ACCOUNTS[at] ?? 'A', instrument: order.instrument }],
    ),
  );
  if (foreign.length > 0) {
    const run = journal.latest('note', RUN_NOTE)?.body as RunNote | undefined;
    const takesOver = run !== undefined && run.stoppedAtMs === null;
    if (takesOver) await set(0);
    if (takesOver) return null;
    const seconds = periodMs / 1000;
    const orders = foreign.slice(0, NAMED);
    return reason('dead-man-against-others', '2.1', { seconds, orders, more: foreign.length - orders.length });
  }
  note(true);
  await set(periodMs);
  return null;
}
