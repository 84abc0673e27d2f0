import { standingEntry } from '../../machines/daemon-actors.ts';
import { knownOf, netLeftOf, type SymbolContext } from '../../machines/symbol-steps.ts';
import {
  type Answer,
  type Command,
  type Effect,
  type EngineNow,
  judgeCommand,
  type SteeredSymbol,
  say,
} from '../core/commands.ts';
import { ZERO } from '../core/decimal.ts';
import type { DeskMemory } from '../core/desk.ts';
import type { Fact } from '../core/facts.ts';
import type { EngineClock, Journal, JournalEntry } from '../ports.ts';
import { nearest } from '../settings/index.ts';
import type { Engine } from './engine.ts';

/** Commands that take effect though they cannot be remembered (strategy 16.2): each makes the engine do less. */
const WITHOUT_JOURNAL: readonly Command['verb'][] = ['pause', 'cancel', 'stop'];

export interface SteeringParts {
  readonly engine: Engine;
  readonly journal: Journal;
  readonly clock: EngineClock;
  /** Says it to people, as the engine's own facts. */
  readonly report: (fact: Fact) => void;
}

/** Carries commands out on a running engine (strategy 16.2): judged, written down, done, in this order. One at a time. */
export function createSteering(parts: SteeringParts): (command: Command) => Promise<Answer> {
  const { engine, journal, clock, report } = parts;
  const wording = { nearest, time: (ms: number) => new Date(ms).toLocaleString('sv-SE') };
  return async (command) => {
    const nowMs = clock.nowMs();
    const { answer, effects } = judgeCommand(engineNow(engine), command, nowMs, wording);
    if (effects.length === 0) return answer;
    if (effects.some(({ kind }) => kind === 'file' || kind === 'reload')) {
      return { ok: false, says: [say('failed', null, { reason: 'this engine reads its settings at the start only' })] };
    }
    if (effects.every(({ kind }) => kind === 'alert')) {
      // The desk writes down and reports it.
      carryOut(engine, command, effects);
      return answer;
    }
    const facts = factsOf(command, effects, nowMs);
    let said = answer;
    try {
      journal.append(entriesOf(effects, facts, nowMs));
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (!WITHOUT_JOURNAL.includes(command.verb))
        return { ok: false, says: [say('not-journalled', null, { reason })] };
      said = { ok: true, says: [...answer.says, say('not-remembered', null, { reason })] };
    }
    for (const fact of facts) report(fact);
    carryOut(engine, command, effects);
    return said;
  };
}

function carryOut(engine: Engine, command: Command, effects: readonly Effect[]): void {
  const { symbols } = engine.daemon.getSnapshot().context;
  const steered = effects.flatMap((effect) => {
    const symbol = symbols.find(({ config }) => effect.kind === 'stand' && config.instrument === effect.instrument);
    return effect.kind === 'stand' && symbol !== undefined ? [{ ...symbol, standing: effect.standing }] : [];
  });
  if (steered.length > 0) engine.steer(steered);
  for (const effect of effects) {
    if (effect.kind === 'alert') {
      const { key, silenceMs } = effect;
      engine.daemon.system.get('alert-desk')?.send({ type: 'alert.handled', key, silenceMs, by: command.by });
    }
    if (effect.kind === 'stop') engine.stop(`a command of ${command.by}`);
    if (effect.kind === 'forget')
      engine.daemon.system.get(`symbol:${effect.instrument}`)?.send({ type: 'symbol.forgotten' });
  }
}

/** What people are told of a command, and the journal keeps. */
function factsOf(command: Command, effects: readonly Effect[], atMs: number): Fact[] {
  const { verb, by, why } = command;
  const symbols = effects.flatMap((effect) => ('instrument' in effect ? [effect.instrument] : []));
  const forMs = 'forMs' in command ? command.forMs : null;
  const untilMs = forMs === null ? null : atMs + forMs;
  const how = verb === 'resume' ? 'resume' : 'replaced';
  return [
    { type: 'command.given', atMs, verb, symbols, by, why, untilMs },
    ...effects.flatMap((effect): Fact[] => {
      if (effect.kind !== 'stand') return [];
      const { instrument } = effect;
      return effect.ended.map((ended) => ({ type: 'command.ended', atMs, instrument, verb: ended, how }));
    }),
  ];
}

function entriesOf(effects: readonly Effect[], facts: readonly Fact[], atMs: number): JournalEntry[] {
  return [
    ...effects.flatMap((effect): JournalEntry[] =>
      effect.kind === 'stand' ? [standingEntry(effect.instrument, effect.standing, atMs)] : [],
    ),
    ...facts.map((body): JournalEntry => ({ kind: 'fact', key: 'command', atMs, body })),
  ];
}

function engineNow({ daemon }: Engine): EngineNow {
  const { context, value } = daemon.getSnapshot();
  const symbols = context.symbols.map(({ config, standing = [], leaving = null }): SteeredSymbol => {
    const known = knownOf(daemon.system.get(`symbol:${config.instrument}`));
    const { A, B } = known?.state.booked ?? { A: ZERO, B: ZERO };
    return {
      instrument: config.instrument,
      file: config.mode ?? 'trade',
      leaving,
      standing,
      net: known === undefined ? null : netNow(known),
      liveOrders: known?.state.orders.length ?? 0,
      sizes: { A, B },
    };
  });
  const desk = daemon.system.get('alert-desk')?.getSnapshot().context.memory as DeskMemory | undefined;
  const alerts = [...(desk?.states.values() ?? [])].filter(({ closedAtMs }) => closedAtMs === null);
  return { symbols, alerts, phase: value === 'trading' ? 'trading' : value === 'starting' ? 'starting' : 'stopping' };
}

function netNow(known: SymbolContext): SteeredSymbol['net'] {
  const left = netLeftOf(known);
  if (left === null) return null;
  const { size, usdt, costUsdt, hedgeSide } = left;
  return { size: hedgeSide === 'sell' ? size : size.neg(), usdt, costUsdt };
}
