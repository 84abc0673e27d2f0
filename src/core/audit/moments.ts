import type { AccountName } from '../model.ts';
import { isLive, knownAt } from './model.ts';
import { contradiction, isDust, refutesDrift, trim } from './positions.ts';
import type { Audit, AuditInstrument } from './state.ts';

/** The moments at which an engine may have known an account: what it decides on is one of them. */

/**
 * A moment at which the engine's knowledge of that account may be a snapshot; of the instruments in `perhaps` the former
 * one may be its newest still.
 */
export function knewMore(audit: Audit, account: AccountName, perhaps: readonly string[] = []): void {
  const state = audit.accounts[account];
  if (!state.complete || !state.positions) return;
  // Instruments with an order still to be looked up: for these the former snapshot stands until that is done (10.2).
  const unseen = [...state.orders.values()].filter((one) => isLive(one) && one.unseen).map((one) => one.instrument);
  const lacking = [...unseen, ...perhaps];
  const { sentAtMs: requestedAtMs, sentRawMs: requestedRawMs } = state.positions;
  state.moments.push({ seq: audit.seq, atMs: audit.nowMs, requestedAtMs, requestedRawMs, lacking });
  trim(state.moments, audit.nowMs, audit.windows.historyMs);
  for (const instrument of audit.instruments.values()) {
    const holding = instrument.holding[account];
    const difference = contradiction(instrument, account, audit.seq);
    if (difference === null) continue;
    const dust = isDust(instrument, difference);
    if (!dust && !refutesDrift(audit, instrument, account, difference)) continue;
    holding.winsUntilMs = 0;
    if (dust) holding.contradicting.length = 0;
  }
}

/** Did an account read otherwise of this instrument at `newer` than at `older`; what was told between may be of others. */
export function tellsMore(instrument: AuditInstrument, account: AccountName, older: number, newer: number): boolean {
  const { positions, expected } = instrument.holding[account];
  if (knownAt(positions, older) !== knownAt(positions, newer)) return true;
  if (knownAt(expected, older) !== knownAt(expected, newer)) return true;
  const between = (at: number | null | undefined): boolean => at != null && at > older && at <= newer;
  return instrument.orders.some(
    (one) =>
      one.account === account &&
      (one.moments.some(({ seq: at }) => between(at)) || between(one.wait?.perhapsSeq) || between(one.proof?.wholeSeq)),
  );
}
