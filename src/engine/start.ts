import type { EngineSymbol } from '../core/daemon/memory.ts';
import { EXIT_CONFIGURATION, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import type { AccountName, Instrument, SymbolConfig } from '../core/model.ts';
import { ACCOUNTS } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { ExchangeError } from '../grvt/errors.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { resolveInstruments } from '../settings/index.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { settleBehindJournal } from './behind-journal.ts';
import { settleDeadMan } from './dead-man.ts';
import { OTHER_ENGINE_WATCH_MS, ordersOfJournal, watchOtherEngine } from './other-engine.ts';

/** What a start finds out before it trades, and why there is no engine where it cannot (strategy 11, 13.2). */

/** Why the engine did not start, with the exit code of strategy 13.2. */
export class StartError extends ReasonError {
  readonly exitCode: number;

  constructor(exitCode: number, why: Reason) {
    super(why);
    this.exitCode = exitCode;
  }
}

/** What a start determines before it trades. */
export interface ReadyToTrade {
  /** The symbols of the enabled rows. */
  readonly symbols: readonly EngineSymbol[];
  /** The instruments the exchange lists. */
  readonly listed: readonly Instrument[];
}

/**
 * Logs in both accounts, reads instruments, resolves symbols (strategy 2.2, 11).
 * @param remembered the rules of an instrument that was traded before (strategy 11.6); null: never @throws StartError
 */
export async function readyToTrade(
  exchange: GrvtExchange,
  configs: readonly SymbolConfig[],
  warn: (why: Reason) => void,
  remembered: (name: string) => Instrument | null = () => null,
): Promise<ReadyToTrade> {
  try {
    await Promise.all(ACCOUNTS.map((account) => outlasting429(() => exchange.login(account))));
    const listed = await outlasting429(() => exchange.instruments());
    const resolution = resolveInstruments(configs, listed, remembered);
    if (!resolution.ok)
      throw new StartError(EXIT_CONFIGURATION, reason('symbols-unusable', '2.2', { errors: resolution.errors }));
    for (const warning of resolution.warnings) warn(warning);
    return { symbols: resolution.symbols.filter((symbol) => symbol.config.enabled), listed };
  } catch (thrown) {
    if (thrown instanceof ExchangeError) throw startErrorOf(thrown);
    throw thrown;
  }
}

/**
 * Refuses to start beside an engine that trades these accounts on another machine (strategy 11.1). If that cannot be
 * read, the start goes on with a warning: nothing is decided before polls succeed (strategy 10.3). @throws StartError
 */
export async function refuseOtherEngine(
  exchange: GrvtExchange,
  journal: EngineJournal,
  parts: { readonly otherEngineWatchMs?: number; readonly warn: (why: Reason) => void },
): Promise<void> {
  const watchMs = parts.otherEngineWatchMs ?? OTHER_ENGINE_WATCH_MS;
  const read = async () => {
    const of = (account: AccountName) => outlasting429(() => exchange.openOrders(account));
    const [A, B] = await Promise.all([of('A'), of('B')]);
    return { A, B };
  };
  try {
    const appeared = await watchOtherEngine(
      read,
      orStartError(() => ordersOfJournal(journal)),
      watchMs,
    );
    if (appeared === null) return;
    const { account, instrument, clientOrderId } = appeared;
    throw new StartError(EXIT_CONFIGURATION, reason('another-engine', '11.1', { account, instrument, clientOrderId }));
  } catch (thrown) {
    if (!(thrown instanceof ExchangeError)) throw thrown;
    const { call, account, why } = thrown;
    parts.warn(reason('other-engine-unknown', '11.1', { call, account, why }));
  }
}

/** @returns whether the journal was behind (strategy 18.1). @throws StartError */
export async function settleBehind(exchange: GrvtExchange, journal: EngineJournal, nowMs: number): Promise<boolean> {
  try {
    return await outlasting429(() => settleBehindJournal(exchange, journal, nowMs));
  } catch (thrown) {
    throw thrown instanceof ExchangeError ? startErrorOf(thrown) : thrown;
  }
}

/** Arms the dead-man timers, or switches them off, before the first create (strategy 2.1). @throws StartError */
export async function refuseDeadMan(
  exchange: GrvtExchange,
  journal: EngineJournal,
  deadManMs: number,
  nowMs: number,
): Promise<void> {
  try {
    const refused = await outlasting429(() => settleDeadMan(exchange, journal, deadManMs, nowMs));
    if (refused !== null) throw new StartError(EXIT_CONFIGURATION, refused);
  } catch (thrown) {
    throw thrown instanceof ExchangeError ? startErrorOf(thrown) : thrown;
  }
}

/**
 * Repeats a call of the start while the exchange answers 429 (strategy 9.9). The budget delays it longer each time, and
 * rejects it once the engine is closed.
 */
export async function outlasting429<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      if (!(thrown instanceof ExchangeError) || thrown.kind !== 'rate-limited') throw thrown;
    }
  }
}

/** Wrong keys are a configuration error; everything else is an unreachable exchange (strategy 13.2). */
export function startErrorOf(error: ExchangeError): StartError {
  const configuration = error.kind === 'parked' || error.kind === 'unauthenticated' || error.kind === 'refused';
  const { call, account, why } = error;
  const keysOf = !configuration || account === null || namesSettings(why) ? null : account === 'A' ? 1 : 2;
  const refused = reason('start-failed', '13.2', { call, account, why, keysOf });
  return new StartError(configuration ? EXIT_CONFIGURATION : EXIT_UNREACHABLE, refused);
}

/** Whether a failure itself names the settings to check. */
function namesSettings(why: Reason): boolean {
  switch (why.code) {
    case 'login-refused':
    case 'not-a-login':
      return true;
    case 'no-session':
      return namesSettings(why.params.login);
    case 'answered-with-code':
      return why.params.check.length > 0;
    default:
      return false;
  }
}

/** An unusable journal is a configuration error (strategy 13.2). @throws StartError */
export function orStartError<T>(use: () => T): T {
  try {
    return use();
  } catch (thrown) {
    if (thrown instanceof JournalError) throw new StartError(EXIT_CONFIGURATION, thrown.why);
    throw thrown;
  }
}
