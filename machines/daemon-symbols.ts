import type { AnyActorRef } from 'xstate';
import { alertKey } from '../src/core/alerts.ts';
import { strayOrderAlert } from '../src/core/conditions.ts';
import { type Decimal, ZERO } from '../src/core/decimal.ts';
import { errorText } from '../src/core/error-text.ts';
import { ruleChanges, sameRules } from '../src/core/instrument-rules.ts';
import { ACCOUNTS, type AccountName } from '../src/core/model.ts';
import { inForce, modeOf, type Standing } from '../src/core/modes.ts';
import { isOwnOrder } from '../src/core/order-id.ts';
import type { Doing } from '../src/core/outbox.ts';
import { reason } from '../src/core/reasons.ts';
import { type DaemonSettings, type EngineSymbol, openNow, spawnOne, standingEntry } from './daemon-actors.ts';
import {
  type Acting,
  type DaemonContext,
  type DaemonEvent,
  type EventOf,
  type Listing,
  type Reporting,
  reportJournal,
  say,
  tellSymbols,
} from './daemon-context.ts';
import { type Sending, send } from './send.ts';
import { memoryOf } from './symbol.ts';
/** Which symbols run and by which settings, commands and rules: changes of these while the engine trades. */

/** While a symbol is not listed, the exchange's list is read again so often (strategy 11.6): one public request. */
export const LISTING_PAUSE_MS = 60_000;

/** The list is read again so often in any case (strategy 11.8): ticks and steps change a few times a year. */
export const RULES_PAUSE_MS = 3_600_000;

/** While an own order on an instrument nobody knows still rests, its cancel is asked for again so often (strategy 16.3). */
export const STRAY_CANCEL_MS = 30_000;

/** Longest timer for the end of a command: a timer takes 24.8 days at most, and a wall clock may be set meanwhile. */
const ENDS_LOOK_MS = 3_600_000;

/**
 * Orders of ours on instruments that no symbol runs for (strategy 16.3): a symbol that leaves takes them up, or, where
 * nobody knows the instrument, they are cancelled.
 */
export function takeUpStrays(context: DaemonContext, event: DaemonEvent, { enqueue, self, system }: Acting): void {
  if (event.type !== 'account.polled' || context.draining) return;
  const { account, openOrders } = event.snapshot;
  const run = new Set(context.symbols.map((symbol) => symbol.config.instrument));
  const strays = openOrders.filter((one) => isOwnOrder(one) && !run.has(one.instrument));
  const known = context.strays[account];
  if (strays.length === 0 && Object.keys(known).length === 0) return;
  const nowMs = context.clock.nowMs();
  const taken = [...new Set(strays.map((order) => order.instrument))].flatMap((name) => context.takeUp(name) ?? []);
  if (taken.length > 0) {
    const symbols = [...context.symbols, ...taken];
    enqueue.assign({ symbols });
    startSymbols({ ...context, symbols }, taken, { enqueue, system, self });
  }
  const nobodys = strays.filter(({ instrument }) => taken.every((symbol) => symbol.config.instrument !== instrument));
  const asked: Record<string, number> = {};
  for (const order of nobodys) {
    const { instrument, clientOrderId } = order;
    const lastMs = known[clientOrderId];
    const due = lastMs === undefined || nowMs - lastMs >= STRAY_CANCEL_MS || nowMs < lastMs;
    asked[clientOrderId] = due ? nowMs : lastMs;
    send({ enqueue, system }, 'alert-desk', {
      type: 'alert.raised',
      alert: strayOrderAlert(account, order, nowMs),
    });
    if (!due) continue;
    if (lastMs === undefined) {
      enqueue(() => say(context, { type: 'order.stray', account, instrument, clientOrderId }));
    }
    send({ enqueue, system }, 'gateway', { type: 'order.cancel', account, instrument, clientOrderId });
  }
  for (const clientOrderId of Object.keys(known)) {
    if (clientOrderId in asked) continue;
    const key = alertKey('stray-order', account, clientOrderId);
    send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: nowMs });
  }
  enqueue.assign({ strays: { ...context.strays, [account]: asked } });
}

/** It has left (strategy 16.3): what it holds is listed, and nobody polls for it any more. */
export function dropSymbol(context: DaemonContext, event: EventOf<'symbol.left'>, { enqueue, system }: Acting): void {
  const symbols = context.symbols.filter((symbol) => symbol.config.instrument !== event.instrument);
  enqueue.assign({ symbols });
  const { standing = [] } = context.symbols.find(({ config }) => config.instrument === event.instrument) ?? {};
  if (standing.length > 0) remember(context, event.instrument, [], { enqueue, system });
  enqueue(() => {
    for (const { verb } of standing)
      say(context, { type: 'command.ended', instrument: event.instrument, verb, how: 'left' });
  });
  enqueue.stopChild(`symbol:${event.instrument}`);
  tellPolled({ enqueue, system }, symbols);
}

/** A symbol takes other settings between two decisions (strategy 16.4); one that does not run yet is started. */
export function steer(
  context: DaemonContext,
  event: EventOf<'symbols.steered'>,
  { enqueue, self, system }: Acting,
): void {
  const changed = new Map(event.symbols.map((symbol) => [symbol.config.instrument, symbol]));
  const runs = (name: string) => context.symbols.some(({ config }) => config.instrument === name);
  const added = event.symbols.filter(({ config }) => !runs(config.instrument));
  const symbols = [...context.symbols.map((one) => changed.get(one.config.instrument) ?? one), ...added];
  enqueue.assign({ symbols });
  scheduleEnds(context, symbols, enqueue);
  for (const symbol of event.symbols) {
    const former = context.symbols.find(({ config }) => config.instrument === symbol.config.instrument);
    if (former === undefined) continue;
    if (former.leaving === undefined) enqueue(() => sayLeaving(context, symbol));
    tellSteered({ enqueue, system }, symbol);
  }
  startSymbols({ ...context, symbols }, added, { enqueue, system, self });
  tellModes({ ...context, symbols }, context.symbols, { enqueue, system, self });
}

/** Settings that were read again apply from the next decision, submission or stop on (strategy 16.4). */
export function retune(context: DaemonContext, event: EventOf<'settings.changed'>, { enqueue, system }: Acting): void {
  const { settings, texts } = event;
  const { strategy, staleMs, loopIntervalMs, dailyReportAtMinutes } = settings;
  enqueue.assign({ settings, texts });
  send({ enqueue, system }, 'gateway', { type: 'submissions.tuned', settings: settings.submission });
  tellSymbols(context, { enqueue, system }, { type: 'strategy.changed', strategy, staleMs, loopIntervalMs });
  for (const actor of ['heartbeat', ...ACCOUNTS.map((account) => `poller:${account}`)])
    send({ enqueue, system }, actor, { type: 'readings.tuned', staleMs, loopIntervalMs });
  const { stuckMs } = strategy;
  send({ enqueue, system }, 'alert-desk', { type: 'desk.tuned', texts, dailyReportAtMinutes, stuckMs });
  if (settings.maxRuntimeMs !== context.settings.maxRuntimeMs) {
    scheduleEnd(settings, context.exchange.exchangeNowMs() - context.tradingSinceMs, enqueue);
  }
}

/** Commands whose time has come end, those alone; of a `flatten` what remains is listed (strategy 16.2). */
export function endCommands(context: DaemonContext, _event: DaemonEvent, { enqueue, self, system }: Acting): void {
  const nowMs = context.clock.nowMs();
  const symbols = context.symbols.map((symbol): EngineSymbol => {
    const { standing = [], config } = symbol;
    const { instrument } = config;
    const isDue = ({ untilMs, overdue }: Standing) => untilMs !== null && nowMs >= untilMs && !overdue;
    if (!standing.some(isDue)) return symbol;
    const now = standing.flatMap((one): Standing[] =>
      !isDue(one) ? [one] : one.verb === 'flatten' ? [{ ...one, overdue: true }] : [],
    );
    const steered = { ...symbol, standing: now };
    remember(context, instrument, now, { enqueue, system });
    enqueue(() => {
      for (const { verb } of standing.filter(isDue)) {
        if (verb !== 'flatten') say(context, { type: 'command.ended', instrument, verb, how: 'time' });
        else say(context, { type: 'flatten.overdue', instrument, sizes: sizesOf(system.get(`symbol:${instrument}`)) });
      }
    });
    tellSteered({ enqueue, system }, steered);
    return steered;
  });
  enqueue.assign({ symbols });
  scheduleEnds(context, symbols, enqueue);
  tellModes({ ...context, symbols }, context.symbols, { enqueue, system, self });
}

/** Both positions are below the tradable size: `flatten` is done, and the symbol pauses (strategy 16.2). */
export function endFlatten(
  context: DaemonContext,
  event: EventOf<'symbol.flattened'>,
  { enqueue, self, system }: Acting,
): void {
  const { instrument } = event;
  const symbol = context.symbols.find(({ config }) => config.instrument === instrument);
  const flatten = symbol?.standing?.find(({ verb }) => verb === 'flatten');
  if (symbol === undefined || flatten === undefined) return;
  const { by, why } = flatten;
  const pause: Standing = { verb: 'pause', sinceMs: context.clock.nowMs(), untilMs: null, by, why };
  const others = (symbol.standing ?? []).filter(({ verb }) => verb !== 'flatten' && verb !== 'pause');
  const steered = { ...symbol, standing: [...others, pause] };
  remember(context, instrument, steered.standing, { enqueue, system });
  const symbols = context.symbols.map((one) => (one === symbol ? steered : one));
  enqueue.assign({ symbols });
  tellModes({ ...context, symbols }, context.symbols, { enqueue, system, self });
  enqueue(() => say(context, { type: 'command.ended', instrument, verb: 'flatten', how: 'done' }));
  tellSteered({ enqueue, system }, steered);
}

/** One reading at a time: a doubt that comes while one is under way has it read once more. */
export function readListing(context: DaemonContext, _event: DaemonEvent, { enqueue }: Acting): void {
  if (context.listing !== 'none') {
    enqueue.assign({ listing: 'again' });
    return;
  }
  enqueue.assign({ listing: 'asked' });
  enqueue.spawnChild('listing', { id: 'listing', input: { exchange: context.exchange } });
}

/** Rules that changed, and symbols that are listed again or no more, apply from the next decision (strategy 11.6, 11.8). */
export function takeListing(
  context: DaemonContext,
  event: EventOf<'xstate.done.actor.listing'>,
  { enqueue, system }: Acting,
): void {
  enqueue.stopChild('listing');
  const output = event.output as Listing;
  const listingFailures = output.ok ? 0 : context.listingFailures + 1;
  const listed = new Map(output.ok ? output.instruments.map((one) => [one.name, one]) : []);
  const symbols = context.symbols.map((symbol): EngineSymbol => {
    const instrument = listed.get(symbol.config.instrument);
    if (output.ok && instrument === undefined) return symbol.unlisted ? symbol : { ...symbol, unlisted: true };
    const isNews = instrument !== undefined && (symbol.unlisted || !sameRules(instrument, symbol.instrument));
    if (!isNews) return symbol;
    const { unlisted: _unlisted, ...rest } = symbol;
    return { ...rest, instrument };
  });
  enqueue.assign({ symbols, listingFailures, listing: 'none' });
  if (!output.ok) {
    const { failure } = output;
    enqueue(() => say(context, { type: 'listing.failed', failure, inARow: listingFailures }));
  }
  symbols.forEach((symbol, index) => {
    const former = context.symbols[index];
    if (former === undefined || former === symbol) return;
    const { instrument } = symbol;
    if (symbol.unlisted) {
      send({ enqueue, system }, `symbol:${instrument.name}`, { type: 'instrument.unlisted' });
      return;
    }
    const changes = ruleChanges(former.instrument, instrument);
    if (changes.length > 0) {
      enqueue(() => say(context, { type: 'instrument.changed', instrument: instrument.name, changes }));
    }
    // The gateway first: it prices by these rules what the symbol then asks for.
    for (const id of ['gateway', `symbol:${instrument.name}`]) {
      send({ enqueue, system }, id, { type: 'instrument.listed', instrument });
    }
  });
  if (context.listing === 'again') enqueue.raise({ type: 'listing.due' });
  else scheduleListing(symbols, enqueue);
}

/** When the list is read again: soon while a symbol waits to be listed (strategy 11.6), else within the hour (11.8). */
export function scheduleListing(
  symbols: readonly EngineSymbol[],
  enqueue: {
    cancel: (id: string) => void;
    raise: (event: DaemonEvent, options: { id: string; delay: number }) => void;
  },
): void {
  const delay = symbols.some((symbol) => symbol.unlisted) ? LISTING_PAUSE_MS : RULES_PAUSE_MS;
  enqueue.cancel('listing-due');
  enqueue.raise({ type: 'listing.due' }, { id: 'listing-due', delay });
}

/**
 * When the engine ends by itself (`MAX_RUNTIME`, strategy 2.1).
 *
 * @param tradedMs how long it has traded already
 */
export function scheduleEnd(
  { maxRuntimeMs }: Pick<DaemonSettings, 'maxRuntimeMs'>,
  tradedMs: number,
  enqueue: Parameters<typeof scheduleListing>[1],
): void {
  enqueue.cancel('run-over');
  if (maxRuntimeMs === null) return;
  const why = reason('run-time-over', '13.1', { seconds: maxRuntimeMs / 1000 });
  const event = { type: 'stop.requested', why } as const;
  enqueue.raise(event, { id: 'run-over', delay: Math.max(0, maxRuntimeMs - tradedMs) });
}

/** When the next command ends by its time, or its deadline comes (strategy 16.2). */
export function scheduleEnds(
  { clock }: Pick<DaemonContext, 'clock'>,
  symbols: readonly EngineSymbol[],
  enqueue: Parameters<typeof scheduleListing>[1],
): void {
  enqueue.cancel('commands-due');
  const times = symbols.flatMap(({ standing = [] }) =>
    standing.flatMap(({ untilMs, overdue }) => (untilMs === null || overdue ? [] : [untilMs])),
  );
  if (times.length === 0) return;
  const delay = Math.min(Math.max(0, Math.min(...times) - clock.nowMs()), ENDS_LOOK_MS);
  enqueue.raise({ type: 'commands.due' }, { id: 'commands-due', delay });
}

/** These commands are in force now, remembered or, with an alert, not (strategy 16.2). */
function remember(context: DaemonContext, instrument: string, standing: readonly Standing[], acting: Reporting): void {
  try {
    context.journal.append([standingEntry(instrument, standing, context.clock.nowMs())]);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), acting);
  }
}

/** Changes of mode are messages, with what is unhedged (strategy 12.3); symbols with one new mode are one message. */
function tellModes(
  context: DaemonContext,
  before: readonly EngineSymbol[],
  { enqueue, system, self }: Acting & { readonly self: AnyActorRef },
): void {
  const nowMs = context.clock.nowMs();
  const former = new Map(before.map((symbol) => [symbol.config.instrument, symbol]));
  const byMode = new Map<string, EngineSymbol[]>();
  for (const symbol of context.symbols) {
    const was = former.get(symbol.config.instrument);
    if (was === undefined || was === symbol) continue;
    const mode = modeWord(symbol, nowMs);
    // Whatever of a command has just ended was in force until now.
    const standing = (was.standing ?? []).map((one) => ({ ...one, untilMs: null }));
    if (mode !== modeWord({ ...was, standing }, nowMs)) byMode.set(mode, [...(byMode.get(mode) ?? []), symbol]);
  }
  for (const [mode, symbols] of byMode) {
    const given = symbols.flatMap(({ standing = [] }) => inForce(standing, nowMs));
    const ends = given.flatMap(({ untilMs }) => untilMs ?? []);
    const doing: Doing = {
      what: 'mode-changed',
      symbols: symbols.map(({ config }) => config.instrument),
      mode,
      by: [...new Set(given.map(({ by }) => by))],
      untilMs: ends.length > 0 ? Math.max(...ends) : null,
      why: given.at(-1)?.why ?? '',
    };
    const news = { doing, ...openNow({ ...context, symbols }, self) };
    send({ enqueue, system }, 'alert-desk', { type: 'news.told', news });
  }
}

function modeWord({ config, standing = [], leaving, rollout }: EngineSymbol, nowMs: number): string {
  if (standing.some(({ verb }) => verb === 'flatten')) return 'flatten';
  return modeOf({ file: config.mode, standing, leaving, rollout }, nowMs);
}

function tellSteered(sending: Sending, { config, standing = [], leaving, rollout }: EngineSymbol): void {
  const sources = { config, standing, leaving: leaving ?? null, rollout: rollout ?? null };
  const steered = { type: 'symbol.steered', ...sources } as const;
  send(sending, `symbol:${config.instrument}`, steered);
}

/** Symbols that did not run: pollers and gateway learn of them first (strategy 16.3, 16.4). */
function startSymbols(
  context: DaemonContext,
  added: readonly EngineSymbol[],
  { enqueue, system, self }: Acting & { readonly self: AnyActorRef },
): void {
  if (added.length === 0) return;
  tellPolled({ enqueue, system }, context.symbols);
  for (const symbol of added) {
    enqueue(() => sayLeaving(context, symbol));
    const { instrument } = symbol;
    if (!symbol.unlisted) send({ enqueue, system }, 'gateway', { type: 'instrument.listed', instrument });
    spawnOne(context, `symbol:${symbol.config.instrument}`, enqueue, self);
  }
}

/** What the accounts hold of a symbol by its ledger. */
function sizesOf(actor: AnyActorRef | undefined): Readonly<Record<AccountName, Decimal>> {
  return memoryOf(actor)?.state.booked ?? { A: ZERO, B: ZERO };
}

/** The pollers hand slices to these symbols from the present poll on. */
function tellPolled(sending: Sending, symbols: readonly EngineSymbol[]): void {
  const instruments = symbols.map((symbol) => symbol.config.instrument);
  for (const account of ACCOUNTS) send(sending, `poller:${account}`, { type: 'instruments.polled', instruments });
}

export function sayLeaving(context: DaemonContext, { config, leaving }: EngineSymbol): void {
  if (leaving !== undefined) say(context, { type: 'symbol.leaving', instrument: config.instrument, leaving });
}
