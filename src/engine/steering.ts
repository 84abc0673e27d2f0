import { alertMemoryOf } from '../../machines/alert-manager.ts';
import { memoryOf } from '../../machines/symbol.ts';
import { type Answer, type AnswerLine, say } from '../core/answers.ts';
import {
  type Command,
  type Effect,
  type EngineNow,
  holdingOf,
  judgeCommand,
  type SteeredSymbol,
  standsNow,
} from '../core/commands.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import { standingEntry } from '../core/daemon/symbols.ts';
import { ZERO } from '../core/decimal.ts';
import { whyOf } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { AccountName, Instrument } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { SymbolMemory } from '../core/symbol/memory.ts';
import { netLeftOf } from '../core/symbol/report.ts';
import { ExchangeError } from '../grvt/errors.ts';
import { rememberedInstrument } from '../journal/instruments.ts';
import type { EngineClock, Journal } from '../ports.ts';
import { editSymbols, nearest, type ResolvedSymbol, resolveInstruments, type Settings } from '../settings/index.ts';
import type { Engine } from './engine.ts';
import { editBegins, editEnds } from './file-edits.ts';
import { symbolChanges } from './reload.ts';
import { type SettingsOnDisk, settingChanges } from './settings-on-disk.ts';
import { startErrorOf } from './start.ts';
import { keysOf, secretsOf } from './venue.ts';

/** Commands that take effect even if they cannot be journalled (strategy 16.2): each makes the engine do less. */
const WITHOUT_JOURNAL: readonly Command['verb'][] = ['pause', 'cancel', 'stop'];
/** Most waiting commands: one per client of the channel, and a SIGHUP. */
export const QUEUE_MAX = 9;

export interface SteeringParts {
  readonly engine: Engine;
  readonly journal: Journal;
  readonly clock: EngineClock;
  readonly disk: SettingsOnDisk;
  /** Adds a new key to the redactor. */
  readonly hide: (secret: string) => void;
  /** Reports it as a fact of the engine. */
  readonly report: (fact: Fact) => void;
}

/** `preview`: the engine's answer and the figures concerned, without effect (strategy 16.6). */
export type Steer = (command: Command, how?: 'do' | 'preview') => Promise<Answer>;

/**
 * Executes commands on a running engine one at a time (strategy 16.2, 16.4): checked, journalled, executed, so that
 * each sees the effect of the one before.
 */
export function createSteering(parts: SteeringParts): Steer {
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (command, how = 'do') => {
    if (waiting >= QUEUE_MAX) return Promise.resolve(refusal(say('busy', null)));
    waiting += 1;
    const mine = turn
      .then(() => (how === 'do' ? carryOut(parts, command) : preview(parts, command)))
      .finally(() => {
        waiting -= 1;
      });
    turn = mine.catch(() => undefined);
    return mine;
  };
}

const wording = { nearest, time: (ms: number) => new Date(ms).toLocaleString('sv-SE') };

async function preview(parts: SteeringParts, command: Command): Promise<Answer> {
  const nowMs = parts.clock.nowMs();
  const now = engineNow(parts.engine, nowMs);
  const { answer, effects } = judgeCommand(now, command, nowMs, wording);
  const [first] = effects;
  const found =
    first?.kind === 'reload'
      ? await reload(parts, command, null, true)
      : first?.kind === 'file'
        ? await editFile(parts, first.command, true)
        : answer;
  return { ok: found.ok, says: [...found.says, ...standsNow(now, command, nearest)] };
}

async function carryOut(parts: SteeringParts, command: Command): Promise<Answer> {
  const { engine, clock } = parts;
  const nowMs = clock.nowMs();
  const { answer, effects } = judgeCommand(engineNow(engine, nowMs), command, nowMs, wording);
  const [first] = effects;
  if (first === undefined) return answer;
  if (first.kind === 'reload') return reload(parts, command, null, 'dryRun' in command && command.dryRun === true);
  if (first.kind === 'file') return editFile(parts, first.command);
  if (first.kind === 'alert') {
    // The alert manager journals and reports it.
    const { key, silenceMs } = first;
    engine.daemon.system.get('alert-manager')?.send({ type: 'alert.handled', key, silenceMs, by: command.by });
    return answer;
  }
  return written(parts, command, effects, answer.says, [], () => {
    const { symbols } = engine.daemon.getSnapshot().context.memory;
    const standing = new Map(effects.map((one) => (one.kind === 'stand' ? [one.instrument, one.standing] : ['', []])));
    const steered = symbols.flatMap((symbol): EngineSymbol[] => {
      const now = standing.get(symbol.config.instrument);
      return now === undefined ? [] : [{ ...symbol, standing: now }];
    });
    if (steered.length > 0) engine.steer(steered);
    for (const effect of effects) {
      if (effect.kind === 'skip') engine.rollout.skip(effect.instrument);
      if (effect.kind === 'stop') engine.stop(reason('stop-commanded', '13.1', { by: command.by }));
      if (effect.kind !== 'forget') continue;
      engine.daemon.system.get(`symbol:${effect.instrument}`)?.send({ type: 'symbol.forgotten' });
    }
    return null;
  });
}

/**
 * Journals, reports and executes a command. If it cannot be journalled, only commands that make the engine do less are
 * executed, without waiting for the disk.
 * @param also further entries to write @param act executes it; returns an answer if it failed after all
 */
async function written(
  { journal, clock, report }: SteeringParts,
  command: Command,
  effects: readonly Effect[],
  says: readonly AnswerLine[],
  also: readonly JournalEntry[],
  act: () => Answer | null,
): Promise<Answer> {
  const nowMs = clock.nowMs();
  const facts = factsOf(command, effects, nowMs);
  const entries = [
    ...effects.flatMap((effect): JournalEntry[] =>
      effect.kind === 'stand' ? [standingEntry(effect.instrument, effect.standing, nowMs)] : [],
    ),
    ...facts.map((body): JournalEntry => ({ kind: 'fact', key: 'command', atMs: nowMs, body })),
    ...also,
  ];
  const isBold = !WITHOUT_JOURNAL.includes(command.verb);
  let remembered: Promise<unknown>;
  try {
    remembered = journal.durable(journal.append(entries)).then(
      () => null,
      (thrown: unknown) => thrown,
    );
  } catch (thrown) {
    remembered = Promise.resolve(thrown);
  }
  const failure = isBold ? await remembered : null;
  if (failure !== null) return refusal(because('not-journalled', failure));
  for (const fact of facts) report(fact);
  const failed = act();
  if (failed !== null) return failed;
  const forgotten = isBold ? null : await soon(remembered);
  const notes = forgotten === null ? [] : [because('not-remembered', forgotten)];
  return { ok: true, says: [...says, ...notes] };
}

/** How long an answer waits for the journal: a command is answered within a second (strategy 16.2). */
const REMEMBERED_MS = 700;

async function soon(remembered: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reason>((resolve) => {
    timer = setTimeout(resolve, REMEMBERED_MS, reason('disk-late', '16.2'));
  });
  try {
    return await Promise.race([remembered, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `set`, `add`, `remove`: changes the symbols file as a whole, then reloads it (strategy 16.2). */
async function editFile(
  parts: SteeringParts,
  command: Extract<Effect, { readonly kind: 'file' }>['command'],
  isDry = false,
): Promise<Answer> {
  const { disk } = parts;
  const file = disk.symbolsFile();
  if (file === null) return refusal(say('no-file', null));
  const { path, bytes, isAsRead } = file;
  if (!isAsRead) return refusal(say('file-changed', null, { path }));
  const edited = editSymbols(bytes, command, path);
  if (!edited.ok) return refusal(...edited.errors.map((why) => because('refused', why)));
  return reload(parts, command, { bytes: edited.bytes, before: bytes, command }, isDry);
}

/** The symbols file before and after. */
interface FileChange {
  readonly bytes: Uint8Array;
  readonly before: Uint8Array;
  readonly command: Extract<Effect, { readonly kind: 'file' }>['command'];
}

/**
 * Reads everything again and applies all of it or nothing (strategy 16.4).
 * @param change of the symbols file; null: unchanged @param isDry reports the changes without applying them
 */
async function reload(
  parts: SteeringParts,
  command: Command,
  change: FileChange | null,
  isDry = false,
): Promise<Answer> {
  const { engine, disk, journal, clock, hide } = parts;
  const reading = disk.read(change?.bytes);
  if (!reading.ok) return refusal(...reading.errors.map((why) => because('refused', why)));
  const { settings } = reading;
  for (const secret of secretsOf(settings, null)) hide(secret);
  const changes = settingChanges(disk.current(), settings);
  const fixed = disk.fixed().map((name) => say('fixed', null, { name }));
  if (changes.refused.length > 0 || fixed.length > 0) return refusal(...changes.refused, ...fixed);
  let rows: readonly ResolvedSymbol[];
  let listed: readonly Instrument[];
  try {
    listed = await engine.exchange.instruments();
    const resolution = resolveInstruments(settings.symbols, listed, (name) => rememberedInstrument(journal, name));
    if (!resolution.ok) return refusal(...resolution.errors.map((why) => because('refused', why)));
    rows = resolution.symbols;
    if (!isDry) await rekey(parts, changes.keys, settings);
  } catch (thrown) {
    return refusal(because('refused', thrown));
  }
  const isFileAsRead = () => change === null || disk.symbolsFile()?.isAsRead === true;
  const fileChanged = () => refusal(say('file-changed', null, { path: String(settings.symbolsFile) }));
  if (!isFileAsRead()) return fileChanged();
  const holdings = new Map(
    engineNow(engine, clock.nowMs()).symbols.map((symbol) => [symbol.instrument, holdingOf(symbol)]),
  );
  const { symbols: changed, says } = symbolChanges(
    engine.daemon.getSnapshot().context.memory.symbols,
    rows,
    (name) => holdings.get(name) ?? {},
  );
  const all = [...changes.says, ...says];
  const warnings = reading.warnings.map((why) => because('warning', why));
  const accepted = [...(all.length === 0 ? [say('unchanged', null)] : all), ...warnings];
  if (isDry) return { ok: true, says: [say('dry-run', null), ...accepted] };
  try {
    // Everything that can fail is done before the journal entry.
    const replace = change === null ? null : disk.stage(change.bytes);
    const nowMs = clock.nowMs();
    const also = change === null ? [] : [editBegins(change.command, change.before, change.bytes, nowMs)];
    const answer = await written(parts, command, [], accepted, also, () => {
      try {
        // Somebody may have written the file in the meantime; between this check and the write are microseconds.
        if (!isFileAsRead()) return fileChanged();
        replace?.();
      } finally {
        if (change !== null) journal.append([editEnds(nowMs)]);
      }
      disk.accept(settings);
      engine.reloaded(settings, listed, changed);
      return null;
    });
    if (!answer.ok) await keysBack(parts, changes.keys);
    return answer;
  } catch (thrown) {
    return refusal(because('refused', thrown));
  }
}

/** New keys of these accounts, all or none (strategy 16.4): each logs in and is proven before it is used. */
async function rekey({ engine, disk }: SteeringParts, accounts: readonly AccountName[], settings: Settings) {
  const done: AccountName[] = [];
  try {
    for (const account of accounts) {
      await engine.exchange.rekey(account, keysOf(settings, account));
      done.push(account);
    }
  } catch (thrown) {
    await keysBack({ engine, disk }, done);
    throw thrown;
  }
}

/** Restores the previous keys. */
async function keysBack({ engine, disk }: Pick<SteeringParts, 'engine' | 'disk'>, accounts: readonly AccountName[]) {
  for (const account of accounts) await engine.exchange.rekey(account, keysOf(disk.current(), account));
}

/** The facts of a command, for log and journal. */
function factsOf(command: Command, effects: readonly Effect[], atMs: number): Fact[] {
  const { verb, by, why } = command;
  const named = 'symbol' in command ? [command.symbol] : [];
  const symbols = effects.flatMap((effect) => ('instrument' in effect ? [effect.instrument] : []));
  const forMs = 'forMs' in command ? command.forMs : null;
  const untilMs = forMs === null ? null : atMs + forMs;
  const how = verb === 'resume' ? 'resume' : 'replaced';
  return [
    { type: 'command.given', atMs, verb, symbols: [...named, ...symbols], by, why, untilMs },
    ...effects.flatMap((effect): Fact[] => {
      if (effect.kind !== 'stand') return [];
      const { instrument } = effect;
      return effect.ended.map((ended) => ({ type: 'command.ended', atMs, instrument, verb: ended, how }));
    }),
  ];
}

function engineNow({ daemon }: Engine, nowMs: number): EngineNow {
  const { context, value } = daemon.getSnapshot();
  const { memory } = context;
  const symbols = memory.symbols.map(({ config, standing = [], leaving = null, rollout = null }): SteeredSymbol => {
    const known = memoryOf(daemon.system.get(`symbol:${config.instrument}`));
    const { A, B } = known?.state.booked ?? { A: ZERO, B: ZERO };
    return {
      instrument: config.instrument,
      file: config.mode ?? 'trade',
      leaving,
      standing,
      rollout,
      net: known === undefined ? null : netNow(known, nowMs),
      liveOrders: known?.state.orders.length ?? 0,
      sizes: { A, B },
    };
  });
  const manager = alertMemoryOf(daemon.system.get('alert-manager'));
  const alerts = [...(manager?.states.values() ?? [])].filter(({ closedAtMs }) => closedAtMs === null);
  return { symbols, alerts, phase: value === 'trading' ? 'trading' : value === 'starting' ? 'starting' : 'stopping' };
}

function netNow(known: SymbolMemory, nowMs: number): SteeredSymbol['net'] {
  const left = netLeftOf(known, nowMs);
  if (left === null) return null;
  const { size, usdt, costUsdt, hedgeSide } = left;
  return { size: hedgeSide === 'sell' ? size : size.neg(), usdt, costUsdt };
}

/** A line with what was thrown, or the reason itself. */
function because(code: 'refused' | 'warning' | 'not-journalled' | 'not-remembered', thrown: unknown): AnswerLine {
  const why = thrown instanceof ExchangeError ? startErrorOf(thrown).why : whyOf(thrown);
  return say(code, null, { why });
}

function refusal(...says: readonly AnswerLine[]): Answer {
  return { ok: false, says };
}
