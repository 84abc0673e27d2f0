import { errorText } from '../core/error-text.ts';
import { EXIT_CONFIGURATION } from '../core/exit-codes.ts';
import type { Reason } from '../core/reasons.ts';
import { symbolNamed } from '../core/symbol-name.ts';
import { NoJournalError, openChosenJournal } from '../engine/journal-choice.ts';
import { listLots, listOpenAlerts, listOrders } from '../explain/listing.ts';
import { type Difference, replay } from '../explain/replay.ts';
import { explainSymbol, symbolsOf } from '../explain/symbol.ts';
import { explainOrder } from '../explain/why.ts';
import { clockTime, zoneName } from '../explain/words.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { pairWords } from '../journal/pair.ts';
import { alertTexts } from '../notify/texts.ts';
import type { Clock, Notifier } from '../ports.ts';
import { labelOf, type Settings } from '../settings/index.ts';
import { whyText } from '../texts/explain.ts';
import { type ListWords, listText, listWords } from '../texts/listings.ts';
import { thrownText } from '../texts/reason-error.ts';
import { reasonText } from '../texts/reasons.ts';

/** Read-only commands on the journal, which an engine may be writing. */

export interface JournalOptions {
  /** Another journal than the settings'. */
  readonly journal?: string;
  readonly json?: boolean;
}

export interface JournalCommandParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** @returns 0, or 78 if there is no readable journal */
export function withJournal(
  parts: JournalCommandParts,
  options: JournalOptions,
  command: (journal: EngineJournal) => number,
): number {
  let journal: EngineJournal | null = null;
  try {
    journal = openChosenJournal(parts.settings, options.journal ?? null);
    complainOf(journal.notices, parts);
    return command(journal);
  } catch (thrown) {
    if (!(thrown instanceof NoJournalError || thrown instanceof JournalError)) throw thrown;
    parts.complain(thrownText(thrown, parts.settings.lang));
    return EXIT_CONFIGURATION;
  } finally {
    journal?.close();
  }
}

/** What was found at open and prevents nothing. */
export function complainOf(notices: readonly Reason[], { complain, settings: { lang } }: JournalCommandParts): void {
  for (const notice of notices) complain(listText(lang, 'note', { note: reasonText(notice, lang) }));
}

function printListing(
  parts: JournalCommandParts,
  options: JournalOptions,
  listing: { readonly lines: readonly string[]; readonly json: unknown },
): number {
  if (options.json) parts.print(JSON.stringify(listing.json, null, 2));
  else for (const line of listing.lines) parts.print(line);
  return 0;
}

/** `why CLIENT_ORDER_ID`. @returns 0; 1: unknown to the journal; 78: no journal */
export function whyCommand(parts: JournalCommandParts, clientOrderId: string, options: JournalOptions): number {
  return withJournal(parts, options, (journal) => {
    const { known, lines } = explainOrder(journal, clientOrderId, parts.settings.lang);
    for (const line of lines) parts.print(line);
    return known ? 0 : 1;
  });
}

/** `why SYMBOL --last 1h`. @returns 0; 1: nothing about it in that time; 78: no journal */
export function whySymbolCommand(
  parts: JournalCommandParts,
  symbol: string,
  lastMs: number,
  options: JournalOptions,
): number {
  return withJournal(parts, options, (journal) => {
    const nowMs = parts.clock.nowMs();
    const instrument = symbolNamed(symbolsOf(journal), symbol) ?? symbol;
    const explained = explainSymbol(journal, instrument, nowMs - lastMs, nowMs, parts.settings.lang);
    if (explained !== null) return printListing(parts, options, explained);
    const since = { symbol, time: clockTime(nowMs - lastMs), zone: zoneName() };
    parts.complain(whyText(parts.settings.lang, 'nothing', since));
    return 1;
  });
}

/** `replay`. @returns 0: everything is reproduced; 1: it is not; 78: no journal */
export function replayCommand(parts: JournalCommandParts, options: JournalOptions): number {
  return withJournal(parts, options, (journal) => {
    const { decisions, ledgers, fills, difference } = replay(journal);
    const { lang } = parts.settings;
    const text = listWords(lang);
    const many = (amount: number, noun: string) => (lang === 'en' ? count(amount, noun) : amount);
    const counts = text('counts', {
      decisions: many(decisions, 'decision'),
      ledgers: many(ledgers, 'ledger step'),
      fills: many(fills, 'booked fill'),
      journal: [pairWords(journal, lang) ?? [], journal.name].flat().join(', '),
    });
    parts.print(text(difference === null ? 'replayed' : 'replayedTo', { counts }));
    if (difference === null) return 0;
    for (const line of differenceWords(difference, text)) parts.print(line);
    return 1;
  });
}

function differenceWords(difference: Difference, text: ListWords): string[] {
  const { seq, atMs, instrument: symbol, what, where, recorded, now } = difference;
  return [
    text('differs', { symbol, time: clockTime(atMs), zone: zoneName(), seq, what: text(what), where }),
    text('recorded', { value: recorded }),
    text('now', { value: now }),
  ];
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

export function lotsCommand(parts: JournalCommandParts, options: JournalOptions): number {
  return withJournal(parts, options, (journal) =>
    printListing(parts, options, listLots(journal, parts.clock.nowMs(), parts.settings.lang)),
  );
}

export function ordersCommand(parts: JournalCommandParts, options: JournalOptions): number {
  return withJournal(parts, options, (journal) =>
    printListing(parts, options, listOrders(journal, parts.clock.nowMs(), parts.settings.lang)),
  );
}

export function alertsCommand(parts: JournalCommandParts, options: JournalOptions): number {
  return withJournal(parts, options, (journal) =>
    printListing(parts, options, listOpenAlerts(journal, parts.clock.nowMs(), parts.settings.lang)),
  );
}

/**
 * `alerts test`: one message through the configured notifier.
 * @param notifier null: no gateway is configured @returns 0: accepted; 1: not accepted; 78: no gateway
 */
export async function alertsTestCommand(parts: JournalCommandParts, notifier: Notifier | null): Promise<number> {
  const { settings, clock, print, complain } = parts;
  const words = listWords(settings.lang);
  const text = alertTexts(settings.lang, labelOf(settings), settings.timeZone).test(clock.nowMs());
  if (notifier === null) {
    complain(words('noGateway'));
    complain(words('wouldBe'));
    complain(text);
    return EXIT_CONFIGURATION;
  }
  try {
    await notifier.send(text);
    // Only the origin of the address: the rest may be a key.
    const gateway = settings.telegram === null ? words('aNotifier') : new URL(settings.telegram.gatewayUrl).origin;
    print(words('sentThrough', { gateway }));
    print(text);
    return 0;
  } catch (thrown) {
    const { telegram } = settings;
    const at = telegram === null ? '' : `TELEGRAM_GATEWAY_URL ${new URL(telegram.gatewayUrl).origin}: `;
    complain(`${at}${errorText(thrown)}`);
    if (telegram !== null) complain(words('gatewaySetBy'));
    return 1;
  }
}
