import { type Alert, alertKey } from '../core/alerts.ts';
import { encode } from '../core/codec.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import type { Decimal } from '../core/decimal.ts';
import { whyOf } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { AccountName } from '../core/model.ts';
import { modeOf } from '../core/modes.ts';
import type { Reason } from '../core/reasons.ts';
import {
  counted,
  ROLLOUT_LIMITS,
  type RolloutChange,
  type RolloutLimits,
  type RolloutNow,
  type RolloutProgress,
  type RolloutRow,
  rolloutBegin,
  rolloutStep,
} from '../core/rollout.ts';
import { progressEntry, readProgress } from '../journal/rollout.ts';
import type { EngineClock, Journal } from '../ports.ts';
import type { Settings } from '../settings/index.ts';

/** Interval of journalling counts that change with every order: a kill loses no more. */
const WRITE_EVERY_MS = 60_000;

export interface RolloutParts {
  readonly settings: () => Settings;
  readonly journal: Journal;
  readonly clock: EngineClock;
  /** The running symbols. */
  readonly symbols: () => readonly EngineSymbol[];
  readonly steer: (symbols: readonly EngineSymbol[]) => void;
  readonly report: (fact: Fact) => void;
  readonly raise: (alert: Alert) => void;
  readonly clear: (key: string, atMs: number) => void;
  /** The journal could not be written; it is tried again with the next count. */
  readonly failed: (why: Reason) => void;
  /** For tests of what takes hours. */
  readonly limits?: RolloutLimits | undefined;
}

/** The gray rollout of a running engine (16.7): counts facts, takes a step at each read of an account, and steers. */
export interface Rollout {
  /** These symbols with their stage; unchanged without a rollout. */
  assign(symbols: readonly EngineSymbol[]): readonly EngineSymbol[];
  observe(fact: Fact): void;
  /** Releases it in full size. */
  skip(instrument: string): void;
  /** A symbol's progress, and what holds it; null: not part of a rollout. */
  shown(instrument: string): RolloutShown | null;
}

export interface RolloutShown {
  readonly progress: RolloutProgress;
  readonly held: RolloutNow['held'];
  readonly limits: RolloutLimits;
}

export function createRollout(parts: RolloutParts): Rollout {
  const { settings, journal, clock, symbols, report, limits = ROLLOUT_LIMITS } = parts;
  /** Bounded by the rows of the symbols file. */
  const progress = new Map<string, RolloutProgress>();
  const written = new Map<string, string>();
  const margins: Record<AccountName, Decimal | null> = { A: null, B: null };
  let held: RolloutNow['held'] = null;
  let lastStepAtMs: number | null = null;
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  const isOn = () => settings().rollout;

  const known = (instrument: string, amountUsdt: Decimal): RolloutProgress => {
    const found = progress.get(instrument) ?? readProgress(journal, instrument) ?? rolloutBegin(amountUsdt);
    progress.set(instrument, found);
    return found;
  };
  const write = (instrument: string) => {
    const body = progress.get(instrument);
    const text = encode(body);
    if (body === undefined || written.get(instrument) === text) return;
    written.set(instrument, text);
    try {
      journal.append([progressEntry(instrument, body, clock.nowMs())]);
    } catch (thrown) {
      written.delete(instrument);
      parts.failed(whyOf(thrown));
    }
  };
  const assigned = (symbol: EngineSymbol): EngineSymbol => {
    const { rollout: _former, ...rest } = symbol;
    if (!isOn() || symbol.leaving !== undefined) return rest;
    const { instrument, orderNotionalUsdt } = symbol.config;
    return { ...rest, rollout: known(instrument, orderNotionalUsdt).stage };
  };
  /** In the order of the file. */
  const rows = (): readonly RolloutRow[] => {
    const running = new Map(symbols().map((symbol) => [symbol.config.instrument.toLowerCase(), symbol]));
    return settings().symbols.flatMap(({ instrument: name }): RolloutRow[] => {
      const symbol = running.get(name.toLowerCase());
      if (symbol === undefined || symbol.leaving !== undefined) return [];
      const { config, standing } = symbol;
      const file = config.mode ?? 'trade';
      const mayTrade = modeOf({ file, standing }, clock.nowMs()) === 'trade';
      const { instrument, orderNotionalUsdt: amountUsdt } = config;
      return [{ instrument, amountUsdt, mayTrade, isHeldByRow: file !== 'trade' || symbol.unlisted === true }];
    });
  };
  const take = (changes: readonly RolloutChange[]) => {
    const atMs = clock.nowMs();
    const changed = new Set(changes.map(({ instrument }) => instrument));
    for (const instrument of changed) write(instrument);
    for (const change of changes) report({ type: 'rollout.changed', atMs, ...change });
    const steered = symbols().flatMap((symbol) => {
      const now = assigned(symbol);
      return changed.has(symbol.config.instrument) && now.rollout !== symbol.rollout ? [now] : [];
    });
    if (steered.length > 0) parts.steer(steered);
  };
  const hold = (now: RolloutNow['held']) => {
    const atMs = clock.nowMs();
    if (held !== null && held.instrument !== now?.instrument) parts.clear(heldKey(held.instrument), atMs);
    held = now;
    if (now === null) return;
    const { instrument, figure, value, limit } = now;
    const about = { kind: 'rollout-held', key: heldKey(instrument), account: null, instrument } as const;
    parts.raise({ ...about, atMs, sinceMs: null, details: { figure, value, limit } });
  };
  const check = () => {
    const nowMs = clock.steadyMs();
    const elapsedMs = lastStepAtMs === null ? 0 : nowMs - lastStepAtMs;
    lastStepAtMs = nowMs;
    const list = rows();
    for (const { instrument, amountUsdt } of list) known(instrument, amountUsdt);
    const [a, b] = [margins.A, margins.B];
    const marginRatio = a === null || b === null ? (a ?? b) : a.gt(b) ? a : b;
    const { mmrAlertThreshold } = settings();
    const now = rolloutStep(list, progress, { elapsedMs, marginRatio, mmrAlertThreshold }, limits);
    for (const [instrument, one] of now.progress) progress.set(instrument, one);
    take(now.changes);
    hold(now.held);
    if (nowMs - writtenAtMs < WRITE_EVERY_MS) return;
    writtenAtMs = nowMs;
    for (const { instrument } of list) write(instrument);
  };

  return {
    assign: (list) => list.map(assigned),
    observe(fact) {
      if (!isOn()) {
        if (held !== null) hold(null);
        return;
      }
      if (fact.type === 'account.polled') {
        const { account, totalEquityUsdt, maintenanceMarginUsdt } = fact;
        margins[account] = totalEquityUsdt.gt(0) ? maintenanceMarginUsdt.div(totalEquityUsdt) : null;
        check();
        return;
      }
      const before = 'instrument' in fact && fact.instrument !== null ? progress.get(fact.instrument) : undefined;
      if (before === undefined || !('instrument' in fact) || fact.instrument === null) return;
      const after = counted(before, fact);
      if (after === before) return;
      progress.set(fact.instrument, after);
      // Counts that change with every order wait for the next minute.
      if (fact.type !== 'order.placed') write(fact.instrument);
    },
    skip(instrument) {
      const before = progress.get(instrument);
      if (before === undefined) return;
      progress.set(instrument, { ...before, stage: 'full', passedOn: null });
      take([{ instrument, stage: 'full', why: 'skipped' }]);
      if (held?.instrument === instrument) hold(null);
    },
    shown(instrument) {
      const found = progress.get(instrument);
      if (!isOn() || found === undefined) return null;
      return { progress: found, held: held?.instrument === instrument ? held : null, limits };
    },
  };
}

const heldKey = (instrument: string) => alertKey('rollout-held', instrument);
