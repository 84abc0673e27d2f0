import { alertKey } from '../alerts.ts';
import { strayOrderAlert } from '../conditions.ts';
import type { Fact } from '../facts.ts';
import { ruleChanges, sameRules } from '../instrument-rules.ts';
import type { JournalEntry } from '../journal-entry.ts';
import type { AccountPolled, SymbolFlattened, SymbolLeft } from '../messages.ts';
import { ACCOUNTS } from '../model.ts';
import { inForce, modeOf, type Standing } from '../modes.ts';
import { isOwnOrder } from '../order-id.ts';
import type { Doing } from '../outbox.ts';
import type { Listing, SettingsChanged, SymbolsSteered } from './events.ts';
import { alertTuning, type EngineSymbol, type DaemonMemory as Memory } from './memory.ts';
import {
  clear,
  type DaemonCommand,
  type DaemonView,
  type DaemonNow as Now,
  raise,
  type DaemonStep as Step,
  send,
  toSymbols,
} from './step.ts';
import { endsTimer, endTimer, listingTimer } from './timers.ts';

/** Which symbols run, and changes of their settings, commands and rules while the engine trades. */

/** How often the cancel of an own order on an unknown instrument is repeated while it rests (strategy 16.3). */
export const STRAY_CANCEL_MS = 30_000;

/** Instruments of own orders for which no symbol runs. */
export function strayInstruments({ symbols, draining }: Memory, { snapshot }: AccountPolled): string[] {
  return draining ? [] : [...new Set(strayOrders(symbols, snapshot).map(({ instrument }) => instrument))];
}

function strayOrders(symbols: readonly EngineSymbol[], { openOrders }: AccountPolled['snapshot']) {
  const run = new Set(symbols.map(({ config }) => config.instrument));
  return openOrders.filter((one) => isOwnOrder(one) && !run.has(one.instrument));
}

/**
 * Own orders on instruments for which no symbol runs (strategy 16.3): a symbol being removed manages them, or, if the
 * instrument is unknown, they are cancelled.
 * @param taken the symbols that manage them
 */
export function straysFound(
  memory: Memory,
  now: Now,
  { snapshot }: AccountPolled,
  taken: readonly EngineSymbol[],
): Step {
  const { account } = snapshot;
  const { nowMs } = now;
  const known = memory.strays[account];
  const symbols = [...memory.symbols, ...taken];
  const strays = memory.draining ? [] : strayOrders(symbols, snapshot);
  if (memory.draining || (strays.length === 0 && taken.length === 0 && Object.keys(known).length === 0)) return {};
  const started = startSymbols(memory.symbols, taken, now);
  const facts: Fact[] = [...started.facts];
  const commands: DaemonCommand[] = [...started.commands];
  const asked: Record<string, number> = {};
  for (const order of strays) {
    const { instrument, clientOrderId } = order;
    const lastMs = known[clientOrderId];
    const isDue = lastMs === undefined || nowMs - lastMs >= STRAY_CANCEL_MS || nowMs < lastMs;
    asked[clientOrderId] = isDue ? nowMs : lastMs;
    commands.push(raise(strayOrderAlert(account, order, nowMs)));
    if (lastMs === undefined) facts.push({ type: 'order.stray', atMs: nowMs, account, instrument, clientOrderId });
    if (isDue) commands.push(send('gateway', { type: 'order.cancel', account, instrument, clientOrderId }));
  }
  const gone = Object.keys(known).filter((clientOrderId) => !(clientOrderId in asked));
  commands.push(...gone.map((clientOrderId) => clear(alertKey('stray-order', account, clientOrderId), now)));
  const change = { strays: { ...memory.strays, [account]: asked }, ...(taken.length > 0 ? { symbols } : {}) };
  return { change, facts, commands };
}

/** A symbol was removed (strategy 16.3): its remaining positions are reported, and it is polled no more. */
export function symbolLeft(memory: Memory, now: Now, { instrument }: SymbolLeft): Step {
  const symbols = memory.symbols.filter(({ config }) => config.instrument !== instrument);
  const { standing = [] } = memory.symbols.find(({ config }) => config.instrument === instrument) ?? {};
  return {
    change: { symbols },
    entries: standing.length > 0 ? [standingEntry(instrument, [], now.nowMs)] : [],
    facts: standing.map(({ verb }) => ({
      ...({ type: 'command.ended', atMs: now.nowMs, instrument, verb, how: 'left' } as const),
    })),
    commands: [{ do: 'stop', actor: `symbol:${instrument}` }, ...polled(symbols)],
  };
}

/** A symbol takes new settings between two decisions (strategy 16.4); one that does not run is started. */
export function symbolsSteered(memory: Memory, now: Now, event: SymbolsSteered, view: DaemonView): Step {
  const changed = new Map(event.symbols.map((symbol) => [symbol.config.instrument, symbol]));
  const run = new Map(memory.symbols.map((symbol) => [symbol.config.instrument, symbol]));
  const added = event.symbols.filter(({ config }) => !run.has(config.instrument));
  const steered = event.symbols.filter(({ config }) => run.has(config.instrument));
  const symbols = [...memory.symbols.map((one) => changed.get(one.config.instrument) ?? one), ...added];
  const started = startSymbols(symbols.slice(0, memory.symbols.length), added, now);
  const leaving = steered.filter(({ config }) => run.get(config.instrument)?.leaving === undefined);
  return {
    change: { symbols },
    facts: [...leavingFacts(leaving, now), ...started.facts],
    commands: [
      endsTimer(symbols, now),
      ...steered.map(toSteered),
      ...started.commands,
      ...modeNews(symbols, memory.symbols, now, view),
    ],
  };
}

/** Reloaded settings apply from the next decision, submission or stop on (strategy 16.4). */
export function settingsChanged(memory: Memory, now: Now, { settings, texts }: SettingsChanged): Step {
  const { strategy, staleMs, loopIntervalMs, submission, maxRuntimeMs } = settings;
  const readers = ['heartbeat', ...ACCOUNTS.map((account) => `poller:${account}`)];
  return {
    change: { settings, texts },
    commands: [
      send('gateway', { type: 'submissions.tuned', settings: submission }),
      ...toSymbols(memory.symbols, { type: 'strategy.changed', strategy, staleMs, loopIntervalMs }),
      ...readers.map((actor) => send(actor, { type: 'readings.tuned', staleMs, loopIntervalMs })),
      send('alert-manager', { type: 'alerts.tuned', ...alertTuning({ settings, texts }) }),
      ...(maxRuntimeMs === memory.settings.maxRuntimeMs
        ? []
        : [endTimer(maxRuntimeMs, now.exchangeNowMs - memory.tradingSinceMs)]),
    ],
  };
}

/** Expired commands end; the remains of a `flatten` are reported (strategy 16.2). */
export function commandsDue(memory: Memory, now: Now, view: DaemonView): Step {
  const { nowMs: atMs } = now;
  const entries: JournalEntry[] = [];
  const facts: Fact[] = [];
  const commands: DaemonCommand[] = [];
  const isDue = ({ untilMs, overdue }: Standing) => untilMs !== null && atMs >= untilMs && !overdue;
  const symbols = memory.symbols.map((symbol): EngineSymbol => {
    const { standing = [], config } = symbol;
    const { instrument } = config;
    if (!standing.some(isDue)) return symbol;
    const left = standing.flatMap((one): Standing[] =>
      !isDue(one) ? [one] : one.verb === 'flatten' ? [{ ...one, overdue: true }] : [],
    );
    entries.push(standingEntry(instrument, left, atMs));
    for (const { verb } of standing.filter(isDue)) {
      if (verb !== 'flatten') facts.push({ type: 'command.ended', atMs, instrument, verb, how: 'time' });
      else facts.push({ type: 'flatten.overdue', atMs, instrument, sizes: view.sizes(instrument) });
    }
    const steered = { ...symbol, standing: left };
    commands.push(toSteered(steered));
    return steered;
  });
  commands.push(endsTimer(symbols, now), ...modeNews(symbols, memory.symbols, now, view));
  return { change: { symbols }, entries, facts, commands };
}

/** Both positions are below the tradable size: `flatten` is done, and the symbol pauses (strategy 16.2). */
export function symbolFlattened(memory: Memory, now: Now, { instrument }: SymbolFlattened, view: DaemonView): Step {
  const symbol = memory.symbols.find(({ config }) => config.instrument === instrument);
  const flatten = symbol?.standing?.find(({ verb }) => verb === 'flatten');
  if (symbol === undefined || flatten === undefined) return {};
  const { by, why } = flatten;
  const pause: Standing = { verb: 'pause', sinceMs: now.nowMs, untilMs: null, by, why };
  const others = (symbol.standing ?? []).filter(({ verb }) => verb !== 'flatten' && verb !== 'pause');
  const steered = { ...symbol, standing: [...others, pause] };
  const symbols = memory.symbols.map((one) => (one === symbol ? steered : one));
  return {
    change: { symbols },
    entries: [standingEntry(instrument, steered.standing, now.nowMs)],
    facts: [{ type: 'command.ended', atMs: now.nowMs, instrument, verb: 'flatten', how: 'done' }],
    commands: [...modeNews(symbols, memory.symbols, now, view), toSteered(steered)],
  };
}

/** One read at a time: a doubt during a read causes another one. */
export function listingDue({ listing }: Memory): Step {
  if (listing !== 'none') return { change: { listing: 'again' } };
  return { change: { listing: 'asked' }, commands: [{ do: 'read-listing' }] };
}

/** Changed rules and listings apply from the next decision (strategy 11.6, 11.8). */
export function listingRead(memory: Memory, now: Now, listing: Listing): Step {
  const { nowMs: atMs } = now;
  const listingFailures = listing.ok ? 0 : memory.listingFailures + 1;
  const facts: Fact[] = [];
  const commands: DaemonCommand[] = [];
  if (!listing.ok) facts.push({ type: 'listing.failed', atMs, failure: listing.failure, inARow: listingFailures });
  const symbols = listing.ok ? memory.symbols.map((symbol) => listedNow(symbol, listing.instruments)) : memory.symbols;
  for (const [index, symbol] of symbols.entries()) {
    const previous = memory.symbols[index];
    if (previous === undefined || previous === symbol) continue;
    const { instrument, unlisted } = symbol;
    if (unlisted) {
      commands.push(send(`symbol:${instrument.name}`, { type: 'instrument.unlisted' }));
      continue;
    }
    const changes = ruleChanges(previous.instrument, instrument);
    if (changes.length > 0) facts.push({ type: 'instrument.changed', atMs, instrument: instrument.name, changes });
    // The gateway first, which prices the symbol's next intents by these rules.
    for (const id of ['gateway', `symbol:${instrument.name}`]) {
      commands.push(send(id, { type: 'instrument.listed', instrument }));
    }
  }
  const again = { do: 'raise', event: { type: 'listing.due' } } as const;
  commands.push(memory.listing === 'again' ? again : listingTimer(symbols));
  return { change: { symbols, listingFailures, listing: 'none' }, facts, commands };
}

/** The symbol by the exchange's list. */
function listedNow(symbol: EngineSymbol, instruments: Extract<Listing, { ok: true }>['instruments']): EngineSymbol {
  const instrument = instruments.find(({ name }) => name === symbol.config.instrument);
  if (instrument === undefined) return symbol.unlisted ? symbol : { ...symbol, unlisted: true };
  if (!symbol.unlisted && sameRules(instrument, symbol.instrument)) return symbol;
  const { unlisted: _unlisted, ...rest } = symbol;
  return { ...rest, instrument };
}

/** The journal entry of all commands in force for that instrument (strategy 16.2). */
export function standingEntry(
  instrument: string,
  standing: readonly Standing[],
  atMs: number,
): JournalEntry<'command'> {
  const body = { standing, ...(standing.length === 0 ? { settled: true as const } : {}) };
  return { kind: 'command', key: instrument, atMs, body };
}

/** Messages about changes of mode, with what is unhedged (strategy 12.3); symbols with the same new mode share one. */
function modeNews(
  symbols: readonly EngineSymbol[],
  before: readonly EngineSymbol[],
  { nowMs }: Now,
  view: DaemonView,
): DaemonCommand[] {
  const previous = new Map(before.map((symbol) => [symbol.config.instrument, symbol]));
  const changed = symbols.filter((symbol) => {
    const was = previous.get(symbol.config.instrument);
    if (was === undefined || was === symbol) return false;
    // The part of a command that has just ended was in force until now.
    const standing = (was.standing ?? []).map((one) => ({ ...one, untilMs: null }));
    return modeWord(symbol, nowMs) !== modeWord({ ...was, standing }, nowMs);
  });
  return [...Map.groupBy(changed, (symbol) => modeWord(symbol, nowMs))].map(([mode, group]) => {
    const given = group.flatMap(({ standing = [] }) => inForce(standing, nowMs));
    const ends = given.flatMap(({ untilMs }) => untilMs ?? []);
    const doing: Doing = {
      what: 'mode-changed',
      symbols: group.map(({ config }) => config.instrument),
      mode,
      by: [...new Set(given.map(({ by }) => by))],
      untilMs: ends.length > 0 ? Math.max(...ends) : null,
      why: given.at(-1)?.why ?? '',
    };
    return send('alert-manager', { type: 'news.reported', news: { doing, ...view.open(group) } });
  });
}

function modeWord({ config, standing = [], leaving, rollout }: EngineSymbol, nowMs: number): string {
  if (standing.some(({ verb }) => verb === 'flatten')) return 'flatten';
  return modeOf({ file: config.mode, standing, leaving, rollout }, nowMs);
}

function toSteered({ config, standing = [], leaving, rollout }: EngineSymbol): DaemonCommand {
  const sources = { config, standing, leaving: leaving ?? null, rollout: rollout ?? null };
  return send(`symbol:${config.instrument}`, { type: 'symbol.steered', ...sources });
}

/** New symbols: pollers and gateway learn of them first (strategy 16.3, 16.4). */
function startSymbols(run: readonly EngineSymbol[], added: readonly EngineSymbol[], now: Now) {
  const start = ({ config, instrument, unlisted }: EngineSymbol): DaemonCommand[] => [
    ...(unlisted ? [] : [send('gateway', { type: 'instrument.listed', instrument })]),
    { do: 'start', actor: `symbol:${config.instrument}` },
  ];
  const commands = added.length === 0 ? [] : [...polled([...run, ...added]), ...added.flatMap(start)];
  return { facts: leavingFacts(added, now), commands };
}

/** The pollers send slices to these symbols from the present poll on. */
function polled(symbols: readonly EngineSymbol[]): DaemonCommand[] {
  const instruments = symbols.map(({ config }) => config.instrument);
  return ACCOUNTS.map((account) => send(`poller:${account}`, { type: 'instruments.polled', instruments }));
}

/** Those that are being removed, and why (strategy 16.3). */
export function leavingFacts(symbols: readonly EngineSymbol[], { nowMs: atMs }: Pick<Now, 'nowMs'>): Fact[] {
  return symbols.flatMap(({ config: { instrument }, leaving }): Fact[] =>
    leaving === undefined ? [] : [{ type: 'symbol.leaving', atMs, instrument, leaving }],
  );
}
