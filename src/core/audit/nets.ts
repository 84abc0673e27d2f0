import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { isLive, knownAt } from './model.ts';
import { signed } from './orders.ts';
import { contradiction } from './positions.ts';
import type { Audit, AuditInstrument } from './state.ts';

/** What an engine's lots come to (strategy 4.5): readings of the lots that come to another net are none it can have. */

/** What an engine's lots come to that trades on what was known of A at `at.A` and of B at `at.B` (4.5); null: forgotten. */
export function netAt(
  instrument: AuditInstrument,
  at: Readonly<Record<AccountName, number>>,
  waiting: Readonly<Record<AccountName, Decimal>>,
): Decimal | null {
  let net = ZERO;
  for (const account of ACCOUNTS) {
    const expected = knownAt(instrument.holding[account].expected, at[account]);
    if (!expected) return null;
    net = net
      .plus(expected.size)
      .plus(notAdopted(instrument, account, at[account]))
      .minus(waiting[account]);
  }
  return net;
}

/** The drift adopted here that no engine has adopted that trades on what was known at `atSeq`, taken back; else zero. */
function notAdopted(instrument: AuditInstrument, account: AccountName, atSeq: number): Decimal {
  const difference = contradiction(instrument, account, atSeq);
  const { drift } = instrument.holding[account];
  return drift && difference?.eq(drift.size.neg()) ? difference : ZERO;
}

/** A legal create left: its engine's lots come to its net. Where that is the same in all it may have known, it is settled. */
export function settleLots(
  audit: Audit,
  instrument: AuditInstrument,
  views: Readonly<Record<AccountName, readonly number[]>>,
): void {
  const now = { A: ZERO, B: ZERO };
  for (const order of instrument.orders)
    if (isLive(order))
      now[order.account] = now[order.account].plus(signed(order.side, order.traded.minus(order.booked)));
  let net = netAt(instrument, { A: audit.seq, B: audit.seq }, now);
  for (const account of ACCOUNTS) {
    const [first, ...others] = views[account].map((at) => notAdopted(instrument, account, at));
    if (net === null || !first || others.some((one) => !one.eq(first))) return;
    net = net.minus(notAdopted(instrument, account, audit.seq)).plus(first);
  }
  if (net !== null) instrument.lots.settle(net);
}
