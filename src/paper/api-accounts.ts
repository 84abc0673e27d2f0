import { names } from './api-orders.ts';
import { type ApiParts, byTime, filter, page, type Route, route, strings, text } from './api-route.ts';
import { DEFAULT_FOR_MS } from './faults.ts';
import type { PaperAccount, PaperFill } from './model.ts';
import type { PaperFunding, PaperTransfer } from './payments.ts';
import type { Session } from './sessions.ts';
import {
  aggregateView,
  depositView,
  fillView,
  fundingView,
  type Json,
  positionsView,
  summaryView,
  transferView,
} from './views.ts';

/** Builders one owner may have authorised. */
const BUILDERS_KEPT = 100;

/** Calls on an account's positions, fills, payments and terms. */
export function accountRoutes(parts: ApiParts): Readonly<Record<string, Route>> {
  const { venue } = parts;
  const builders = new Map<string, Json[]>();
  return {
    fill_history: route('ApiFillHistory', 'account', 20, ({ account, body }) => {
      const passes = filter(body);
      const asked = (fill: PaperFill) => passes(venue.book(fill.order.instrument).spec);
      return page(account.fills, { stamp: byTime, passes: asked, view: fillView }, body);
    }),
    funding_payment_history: route('ApiFundingPaymentHistory', 'account', 20, ({ account, body }) => {
      const passes = filter(body);
      const asked = (row: PaperFunding) =>
        row.account === account &&
        [undefined, null, '', row.instrument].includes(body.instrument as string) &&
        passes(venue.book(row.instrument).spec);
      return page(venue.payments.funding, { stamp: byTime, passes: asked, view: fundingView }, body);
    }),
    transfer_history: route('ApiTransferHistory', 'session', 20, ({ session, body }) =>
      page(venue.payments.transfers, { stamp: byTime, passes: isOf(session, body), view: transferView }, body),
    ),
    deposit_history: route('ApiDepositHistory', 'session', 20, ({ session, body }) =>
      page(venue.payments.deposits, { stamp: byTime, passes: isOf(session, body), view: depositView }, body),
    ),
    positions: route('ApiPositions', 'account', 20, ({ account, body }) => {
      const passes = filter(body);
      showWrongMark(parts, account);
      const result = positionsView(venue, account, passes);
      for (const { spec } of account.holdings.values()) {
        if (passes(spec)) venue.shownMarks.answered(spec.name, account, venue.clockMs);
      }
      return { result };
    }),
    account_summary: route('ApiSubAccountSummary', 'account', 40, ({ account }) => ({
      result: summaryView(venue, account),
    })),
    aggregated_account_summary: route([null, 'ApiAggregatedAccountSummaryResponse'], 'session', 40, ({ session }) => ({
      result: aggregateView(venue, session!.credentials.owner),
    })),
    get_all_initial_leverage: route('ApiGetAllInitialLeverage', 'account', 12, ({ account }) => ({
      results: [...venue.books()].map(({ spec }) => parts.terms.row(account.subAccountId, spec.name)),
    })),
    margin_rules: route('ApiGetMarginRules', 'public', 12, ({ body }) =>
      parts.terms.marginRules(venue.book(text(body.instrument)).spec),
    ),
    funding_account_summary: route([null, 'ApiFundingAccountSummaryResponse'], 'session', 12, ({ session }) =>
      parts.terms.summary(session!.credentials.subAccountId, session!.credentials.owner),
    ),
    get_sub_accounts: route([null, 'ApiGetSubAccountsResponse'], 'session', 12, ({ session }) => ({
      sub_account_ids: [session!.credentials.subAccountId],
    })),
    get_authorized_builders: route([null, 'ApiGetAuthorizedBuildersResponse'], 'session', 12, ({ session }) => ({
      results: builders.get(session!.credentials.owner) ?? [],
    })),
    authorize_builder: route('ApiAuthorizeBuilder', 'session', 12, ({ session, body }) => {
      const { owner } = session!.credentials;
      const known = (builders.get(owner) ?? []).filter((row) => row.builder_account_id !== body.builder_account_id);
      const row = {
        builder_account_id: text(body.builder_account_id),
        max_futures_fee_rate: String(body.max_futures_fee_rate),
        max_spot_fee_rate: String(body.max_spot_fee_rate),
      };
      builders.set(owner, [...known, row].slice(-BUILDERS_KEPT));
      return { result: { ack: true, tx_id: '0' } };
    }),
  };
}

/** Transfers and deposits concern the session's whole funding account. */
function isOf(session: Session | null, body: Json): (row: PaperTransfer) => boolean {
  const [currencies, txId] = [strings(body.currency), body.tx_id];
  return (row) =>
    (row.from ?? row.to)!.owner === session!.credentials.owner &&
    (currencies === null || currencies.includes('USDT')) &&
    [undefined, null, '', row.txId].includes(txId as string);
}

/** Fault `wrong-mark`: for a held instrument, to this account or both, in one read or for a while. */
function showWrongMark(parts: ApiParts, account: PaperAccount): void {
  const { venue, faults } = parts;
  if (!faults.has('wrong-mark')) return;
  const held = [...account.holdings.values()].filter(({ size }) => size !== 0n);
  const rule = held.length === 0 ? null : faults.strikes('wrong-mark', 'positions', names(account));
  if (rule === null) return;
  const { name } = held[faults.random.next() % held.length]!.spec;
  const price = faults.random.chance(0.5) ? venue.mark(name) * 100n : venue.mark(name) / 100n;
  const untilMs = venue.clockMs + (rule.forMs ?? DEFAULT_FOR_MS);
  const left = faults.random.chance(0.5) ? 1 : Number.POSITIVE_INFINITY;
  const shown = { price, fromMs: venue.clockMs, untilMs, left };
  venue.shownMarks.set(name, faults.random.chance(0.5) ? account : null, shown);
}
