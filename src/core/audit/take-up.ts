import { ACCOUNTS } from '../model.ts';
import { sawInstruments } from './answers.ts';
import { takeJournalOf } from './beginning.ts';
import type { AuditSymbol } from './model.ts';
import { type Audit, emptyInstrument } from './state.ts';

/**
 * The engine takes up an instrument while it runs (strategy 16.3). Orders seen on it before count; what the journal knew of
 * it at the start holds. Otherwise its lots begin from the next positions: which reading the engine begins from is not on the
 * wire, so guards are judged once those lots have been used up.
 */
export function takeUp(audit: Audit, symbol: AuditSymbol): void {
  const name = symbol.instrument;
  if (audit.instruments.has(name)) return;
  const instrument = emptyInstrument(symbol, audit.settings.staleMs, false, false);
  audit.instruments.set(name, instrument);
  sawInstruments(audit, audit.listed);
  const known = audit.knownAtStart.get(name);
  if (known !== undefined) takeJournalOf(audit, instrument, known);
  for (const account of ACCOUNTS) {
    instrument.holding[account].winsUntilMs = audit.nowMs + audit.windows.restartMs;
    const seen = [...audit.accounts[account].orders.values()].filter((order) => order.instrument === name);
    instrument.orders.push(...seen.filter((order) => !instrument.orders.includes(order)));
  }
}
