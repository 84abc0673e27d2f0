import type { Declared } from '../core/audit/index.ts';
import { Decimal } from '../core/decimal.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';
import { e9 } from '../paper/fixed.ts';
import type { PaperExchange } from '../paper/index.ts';
import type { PaperOrder } from '../paper/model.ts';
import { isOurs } from './truth.ts';

/**
 * The third check (strategy 15.3), with knowledge of the truth: every position and order that a decision declared was
 * true at the exchange at some moment within the bounds of 10.3, its mark is near the exchange's, no own order that was
 * live throughout that time is missing, and streams taken for intact had not shown a gap.
 */
export interface ViewJudge {
  /** What was journalled, at that moment. */
  journalled(entries: readonly JournalEntry[]): void;
}

export interface ViewJudgeParts {
  readonly exchange: PaperExchange;
  readonly nowMs: () => number;
  /** Largest age of data for decisions by strategy 10.3 and the faults of a campaign, ms. */
  readonly boundMs: number;
  readonly tell: (what: string, rule: string, detail: Readonly<Record<string, string>>) => void;
}

/** What held from then on: a signed size, or an order's traded size; both 1e-9. */
interface Moment {
  readonly fromMs: number;
  readonly size: bigint;
}

interface OrderLife {
  readonly order: PaperOrder;
  readonly account: AccountName;
  readonly fromMs: number;
  overMs: number | null;
  readonly traded: Moment[];
}

/** Largest distance from the exchange's own mark: what 3.1 accepts, plus a price gap. */
const MARK_WITHIN = new Decimal('0.35');

/** A wrong mark shown for longer may have been confirmed by a second read an interval later. */
const BELIEVED = { forMs: 2_000, agoMs: 10_000 };

/** The ledger includes own fills whose position frame is still on its way (strategy 9.10). */
const SETTLING_MS = 10_000;

/** Streams that the view depends on; `v1.cancel` is optional. */
const VIEW_STREAMS: readonly string[] = ['v1.order', 'v1.state', 'v1.position', 'v1.fill'];

/** Time from the message that shows a gap until the view reflects it: on a silent socket, the silence limit (10.6). */
const GAP_SEEN_MS = 15_000;

export function createViewJudge({ exchange, nowMs, boundMs, tell }: ViewJudgeParts): ViewJudge {
  const { venue } = exchange;
  const positions = new Map<string, Moment[]>();
  const orders = new Map<string, OrderLife>();
  const keepMs = 2 * boundMs + SETTLING_MS;
  const nameOf = (account: PaperOrder['account']): AccountName => ACCOUNTS[venue.accounts.indexOf(account)] ?? 'A';

  const note = (moments: Moment[], size: bigint): void => {
    moments.push({ fromMs: nowMs(), size });
    // The last one before the window still holds at its beginning.
    while ((moments[1]?.fromMs ?? Number.POSITIVE_INFINITY) < nowMs() - keepMs) moments.shift();
  };
  const positionsOf = (account: PaperOrder['account'], instrument: string): Moment[] => {
    const key = `${nameOf(account)} ${instrument}`;
    const known = positions.get(key) ?? [];
    positions.set(key, known);
    return known;
  };

  for (const account of venue.accounts)
    for (const [instrument, { size }] of account.holdings)
      positionsOf(account, instrument).push({ fromMs: Number.NEGATIVE_INFINITY, size });
  venue.onEvent((event) => {
    if (event.type === 'position') {
      const { account, holding } = event;
      note(positionsOf(account, holding.spec.name), holding.size);
    }
    if (event.type !== 'order' || !isOurs(event.order)) return;
    const { order } = event;
    const known = orders.get(order.clientOrderId);
    const life = known ?? { order, account: nameOf(order.account), fromMs: nowMs(), overMs: null, traded: [] };
    orders.set(order.clientOrderId, life);
    note(life.traded, order.traded);
    if (order.status !== 'OPEN' && order.status !== 'PENDING') life.overMs ??= nowMs();
    for (const [id, { overMs }] of orders) {
      if (overMs === null || overMs >= nowMs() - keepMs) break;
      orders.delete(id);
    }
  });

  /** Also for decisions that only cancel: at a wrong mark a net may count as none. */
  const judgeMark = ({ instrument, mark: valued }: Declared): void => {
    const mark = new Decimal(String(venue.mark(instrument))).div(1_000_000_000);
    if (valued.minus(mark).abs().lte(mark.mul(MARK_WITHIN))) return;
    // Two equal reads without a book: the mark counts (strategy 3.1), though no order can be priced.
    if (venue.shownMarks.hasLasted(instrument, BELIEVED, venue.clockMs)) return;
    const detail = { declared: valued.toFixed(), now: mark.toFixed() };
    tell(`${instrument}: a decision was valued at a mark that is not the exchange's`, '3.1', detail);
  };

  /** Strategy 10.6: streams that have shown a gap are not intact until they reconnect. */
  const judgeIntact = ({ instrument, accounts }: Declared): void => {
    for (const [index, account] of ACCOUNTS.entries()) {
      const of = venue.accounts[index];
      if (of === undefined || !accounts[account].intact) continue;
      const gap = exchange.streams
        .gaps(of)
        .find(({ stream, atMs }) => VIEW_STREAMS.includes(stream) && venue.nowMs - atMs >= GAP_SEEN_MS);
      if (gap === undefined) continue;
      const detail = { account, stream: gap.stream, forMs: String(venue.nowMs - gap.atMs) };
      tell(`${instrument}: streams counted as intact though a number shows that a message is missing`, '10.6', detail);
    }
  };

  const judge = (declared: Declared): void => {
    const { instrument } = declared;
    const sinceMs = nowMs() - boundMs;
    for (const account of ACCOUNTS) {
      const moments = positions.get(`${account} ${instrument}`) ?? [];
      const size = e9(declared.accounts[account].position?.size.toFixed() ?? '0');
      const held = (moment: Moment, index: number): boolean =>
        moment.size === size && (moments[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= sinceMs;
      const wasFlat = size === 0n && (moments[0]?.fromMs ?? Number.POSITIVE_INFINITY) >= sinceMs;
      if (wasFlat || moments.some(held)) continue;
      const what = `${instrument}: ${account} decided on a position that was never true in ${boundMs / 1000} s`;
      tell(what, '15.3', { declared: String(size), now: String(moments.at(-1)?.size ?? 0n) });
    }
    for (const row of declared.orders) {
      const traded = e9(row.traded.toFixed());
      const life = orders.get(row.clientOrderId);
      // An order that never arrived at the exchange is live until that is proven (strategy 9.6).
      if (life === undefined || traded === 0n || life.traded.some((moment) => moment.size === traded)) continue;
      const what = `${instrument}: an order was counted with a traded size it never had`;
      tell(what, '15.3', { order: row.clientOrderId, declared: String(traded) });
    }
    for (const [id, life] of orders) {
      if (life.order.instrument !== instrument || life.overMs !== null || life.fromMs >= sinceMs) continue;
      if (
        (life.order.hiddenUntilMs > 0 && life.order.hiddenUntilMs > venue.nowMs - boundMs) ||
        declared.orders.some(({ clientOrderId }) => clientOrderId === id)
      )
        continue;
      tell(`${instrument}: a decision leaves out an order that was live all the time`, '15.3', { order: id });
    }
  };

  return {
    journalled(entries) {
      for (const { kind, body } of entries) {
        if (kind !== 'decision') continue;
        const { declared } = body as { readonly declared?: Declared };
        if (declared === undefined) continue;
        judgeMark(declared);
        judgeIntact(declared);
        if (declared.intents.length > 0) judge(declared);
      }
    },
  };
}
