import type { AlertState } from './alert-episodes.ts';
import { type Answer, type AnswerLine, type HeldBy, type Holding, say } from './answers.ts';
import { type Decimal, usdtText } from './decimal.ts';
import { silenceMaxMs } from './handling.ts';
import type { AccountName, LeavingWhy, RolloutStage, SymbolMode } from './model.ts';
import { inForce, modeOf, type Standing, type StandingVerb } from './modes.ts';
import { symbolNamed } from './symbol-name.ts';

/**
 * Commands to a running engine (strategy 16.2): (engine, command, now) → answer and effects. Pure. A command that is
 * impossible for one of its symbols is refused for all.
 */

/** Longest duration of a command: a person still remembers having given it. */
export const LONGEST_MS = 30 * 86_400_000;

/** Who gave the command, and why. */
export interface Given {
  /** E.g. a user name; its reader limits the length. */
  readonly by: string;
  readonly why: string | null;
}

/** `symbols`: as a person wrote them, or `all`. Durations in ms. */
export type Command = Given &
  (
    | { readonly verb: 'hedge-only' | 'pause'; readonly symbols: readonly string[]; readonly forMs: number | null }
    | { readonly verb: 'resume'; readonly symbols: readonly string[] }
    | { readonly verb: 'cancel'; readonly symbols: readonly string[]; readonly withNet: boolean }
    | { readonly verb: 'flatten'; readonly symbols: readonly string[]; readonly forMs: number | null }
    | { readonly verb: 'forget'; readonly symbols: readonly string[]; readonly positionStays: boolean }
    | { readonly verb: 'set' | 'add'; readonly symbol: string; readonly values: Readonly<Record<string, string>> }
    | { readonly verb: 'remove'; readonly symbol: string }
    /** Releases these symbols from the gray rollout in full size (strategy 16.7). */
    | { readonly verb: 'skip'; readonly symbols: readonly string[] }
    | { readonly verb: 'ack'; readonly key: string }
    | { readonly verb: 'silence'; readonly key: string; readonly forMs: number }
    /** `dryRun`: reports what would change and changes nothing. */
    | { readonly verb: 'reload'; readonly dryRun?: true | undefined }
    | { readonly verb: 'stop' }
  );

export interface SteeredSymbol {
  readonly instrument: string;
  /** The mode of its row in the symbols file. */
  readonly file: SymbolMode;
  readonly leaving: LeavingWhy | null;
  readonly standing: readonly Standing[];
  /** null: not part of a rollout. */
  readonly rollout?: RolloutStage | null;
  /** The unhedged net; null: hedged, or dust. */
  readonly net: NetNow | null;
  readonly liveOrders: number;
  /** By the ledger, signed, base units. */
  readonly sizes: Readonly<Record<AccountName, Decimal>>;
}

/** A net that a command would leave unhedged. */
export interface NetNow {
  /** Signed, base units. */
  readonly size: Decimal;
  /** At the mark; null: no mark. */
  readonly usdt: Decimal | null;
  /** Of hedging it as taker at the best price, against its lots; null: not known. */
  readonly costUsdt: Decimal | null;
}

/** The engine's state when a command arrives. */
export interface EngineNow {
  readonly symbols: readonly SteeredSymbol[];
  readonly alerts: readonly Pick<AlertState, 'key' | 'kind'>[];
  /** `trading`; otherwise it is starting or stopping. */
  readonly phase: 'starting' | 'trading' | 'stopping';
}

export type Effect =
  /** From now on these commands are in force for the symbol. `ended`: those that no longer are. */
  | {
      readonly kind: 'stand';
      readonly instrument: string;
      readonly standing: readonly Standing[];
      readonly ended: readonly StandingVerb[];
    }
  | { readonly kind: 'forget' | 'skip'; readonly instrument: string }
  | { readonly kind: 'file'; readonly command: Extract<Command, { readonly verb: 'set' | 'add' | 'remove' }> }
  | { readonly kind: 'alert'; readonly key: string; readonly silenceMs: number | null }
  | { readonly kind: 'reload' }
  | { readonly kind: 'stop' };

export interface Judged {
  readonly answer: Answer;
  /** Empty if refused. */
  readonly effects: readonly Effect[];
}

const refuse = (...says: readonly AnswerLine[]): Judged => ({ answer: { ok: false, says }, effects: [] });

/** How answers name things. */
export interface Wording {
  /** The nearest known name to a misspelt one; null: none is near. */
  readonly nearest: (name: string, known: readonly string[]) => string | null;
  /** Formats a wall-clock time for the reader of the answer. */
  readonly time: (ms: number) => string;
}

/** The answer to a command and its effects (strategy 16.2). */
export function judgeCommand(engine: EngineNow, command: Command, nowMs: number, wording: Wording): Judged {
  if (command.verb === 'stop') return accept([say('will-stop', null)], [{ kind: 'stop' }]);
  if (engine.phase !== 'trading') return refuse(say('not-trading', null, { phase: engine.phase }));
  if (command.verb === 'ack' || command.verb === 'silence') return judgeAlert(engine.alerts, command, nowMs, wording);
  if (!('symbols' in command || 'symbol' in command)) return accept([], [{ kind: 'reload' }]);
  // A command on the file may name symbols that do not run (yet); the file is checked instead.
  if ('symbol' in command) return accept([], [{ kind: 'file', command }]);
  const chosen = choose(engine.symbols, command.symbols, wording.nearest);
  if (!chosen.ok) return refuse(...chosen.says);
  const forMs = 'forMs' in command ? command.forMs : null;
  if (forMs !== null && !(forMs > 0 && forMs <= LONGEST_MS)) {
    return refuse(say('bad-duration', null, { given: `${forMs / 1000} s` }));
  }
  const each = chosen.symbols.map((symbol) => judgeOne(symbol, command, nowMs, wording.time));
  const refused = each.filter(({ answer }) => !answer.ok);
  if (refused.length > 0) return refuse(...refused.flatMap(({ answer }) => answer.says));
  return accept(
    each.flatMap(({ answer }) => answer.says),
    each.flatMap(({ effects }) => effects),
  );
}

function judgeAlert(
  alerts: EngineNow['alerts'],
  command: Extract<Command, { readonly verb: 'ack' | 'silence' }>,
  nowMs: number,
  { nearest, time }: Wording,
): Judged {
  const { key } = command;
  const alert = alerts.find((one) => one.key === key);
  if (alert === undefined) {
    const near = nearest(
      key,
      alerts.map((one) => one.key),
    );
    return refuse(say('unknown-alert', null, { key, nearest: near }));
  }
  if (command.verb === 'ack')
    return accept([say('will-ack', null, { key })], [{ kind: 'alert', key, silenceMs: null }]);
  const { forMs } = command;
  const mostMs = silenceMaxMs(alert.kind);
  if (!(forMs > 0 && forMs <= mostMs)) {
    return refuse(say('bad-silence', null, { given: `${forMs / 1000} s`, most: `${mostMs / 3_600_000} h` }));
  }
  const said = say('will-silence', null, { key, until: time(nowMs + forMs) });
  return accept([said], [{ kind: 'alert', key, silenceMs: forMs }]);
}

function accept(says: readonly AnswerLine[], effects: readonly Effect[]): Judged {
  return { answer: { ok: true, says }, effects };
}

/** The symbols named, by instrument or by an unambiguous base, case-insensitive, or `all`. */
function choose(
  symbols: readonly SteeredSymbol[],
  names: readonly string[],
  nearest: Wording['nearest'],
):
  | { readonly ok: true; readonly symbols: readonly SteeredSymbol[] }
  | { readonly ok: false; readonly says: readonly AnswerLine[] } {
  if (symbols.length === 0) return { ok: false, says: [say('no-symbol', null)] };
  if (names.length === 1 && names[0] === 'all') return { ok: true, symbols };
  const known = symbols.map(({ instrument }) => instrument);
  const unknown: AnswerLine[] = [];
  const chosen = new Set<SteeredSymbol>();
  for (const name of names) {
    const instrument = symbolNamed(known, name);
    const found = symbols.find((one) => one.instrument === instrument);
    if (found !== undefined) chosen.add(found);
    else {
      const near = nearest(name, known);
      unknown.push(say('unknown-symbol', null, { name, nearest: near }));
    }
  }
  return unknown.length > 0 ? { ok: false, says: unknown } : { ok: true, symbols: [...chosen] };
}

/** The figures a command concerns (strategy 16.6): of the symbols it names, else of those with orders or positions. */
export function standsNow(
  { symbols }: EngineNow,
  command: Command,
  nearest: Wording['nearest'],
): readonly AnswerLine[] {
  if (command.verb === 'ack' || command.verb === 'silence' || command.verb === 'reload') return [];
  const names = 'symbols' in command ? command.symbols : 'symbol' in command ? [command.symbol] : null;
  const chosen = names === null ? null : choose(symbols, names, nearest);
  const asked =
    chosen === null
      ? symbols.filter(
          ({ liveOrders, net, sizes }) => liveOrders > 0 || net !== null || !sizes.A.isZero() || !sizes.B.isZero(),
        )
      : chosen.ok
        ? chosen.symbols
        : [];
  return asked.map(({ instrument, liveOrders, net, sizes }) => {
    const cost = net?.costUsdt ?? null;
    return say('as-it-is', instrument, {
      ...holdingOf({ liveOrders, net, sizes }),
      cost: cost === null ? null : usdtText(cost),
    });
  });
}

type OfSymbols = Extract<Command, { readonly symbols: readonly string[] }>;

function judgeOne(symbol: SteeredSymbol, command: OfSymbols, nowMs: number, time: Wording['time']): Judged {
  const { instrument, liveOrders, net, leaving } = symbol;
  const orders = String(liveOrders);
  const sizes = { a: symbol.sizes.A.toFixed(), b: symbol.sizes.B.toFixed() };
  switch (command.verb) {
    case 'hedge-only':
    case 'pause': {
      const untilMs = command.forMs === null ? null : nowMs + command.forMs;
      const said = say(command.verb === 'pause' ? 'will-pause' : 'will-hedge-only', instrument, {
        until: untilMs === null ? null : time(untilMs),
      });
      return stand(symbol, command, { verb: command.verb, untilMs }, said, nowMs, time);
    }
    case 'cancel': {
      if (net !== null && !command.withNet) return refuse(say('needs-with-net', instrument, netFigures(net)));
      const said =
        net === null
          ? say('will-hold', instrument, { orders })
          : say('will-hold-with-net', instrument, { orders, ...netFigures(net) });
      return stand(symbol, command, { verb: 'cancel', untilMs: null }, said, nowMs, time);
    }
    case 'flatten': {
      const untilMs = command.forMs === null ? null : nowMs + command.forMs;
      const until = untilMs === null ? null : time(untilMs);
      return stand(
        symbol,
        command,
        { verb: 'flatten', untilMs },
        say('will-flatten', instrument, { until, ...sizes }),
        nowMs,
        time,
      );
    }
    case 'skip': {
      const { rollout } = symbol;
      if (rollout !== 'waiting' && rollout !== 'trial') return refuse(say('no-rollout', instrument));
      return accept([say('will-skip', instrument, { stage: rollout })], [{ kind: 'skip', instrument }]);
    }
    case 'resume': {
      const previous = inForce(symbol.standing, nowMs);
      const now = { ...symbol, standing: [] };
      const mode = modeOf(sourcesOf(now), nowMs);
      const held = heldBy(now, nowMs, time);
      if (previous.length === 0) return accept([say('nothing-to-resume', instrument, { mode, held })], []);
      const said = held.length === 0 ? say('will-trade', instrument) : say('still-held', instrument, { mode, held });
      const ended = previous.map(({ verb }) => verb);
      return accept([said], [{ kind: 'stand', instrument, standing: [], ended }]);
    }
    case 'forget':
      if (leaving === null) return refuse(say('not-leaving', instrument));
      if (liveOrders > 0) return refuse(say('orders-live', instrument, { orders }));
      if (!command.positionStays) return refuse(say('needs-position-stays', instrument, sizes));
      return accept([say('forgotten', instrument, sizes)], [{ kind: 'forget', instrument }]);
  }
}

/**
 * A command that stays in force. It replaces the previous one of its kind and leaves the others; `flatten` replaces
 * all, and only another `flatten` replaces it.
 */
function stand(
  symbol: SteeredSymbol,
  { by, why }: Given,
  { verb, untilMs }: Pick<Standing, 'verb' | 'untilMs'>,
  said: AnswerLine,
  nowMs: number,
  time: Wording['time'],
): Judged {
  const { instrument } = symbol;
  const previous = inForce(symbol.standing, nowMs);
  const gone = previous.filter((one) => verb === 'flatten' || one.verb === verb);
  const standing = [...previous.filter((one) => !gone.includes(one)), { verb, sinceMs: nowMs, untilMs, by, why }];
  const now = { ...symbol, standing };
  const mode = modeOf(sourcesOf(now), nowMs);
  const own = modeOf({ standing: standing.slice(-1) }, nowMs);
  const says = [
    said,
    ...gone.map((one) =>
      say('replaces', instrument, { verb: one.verb, until: one.untilMs === null ? null : time(one.untilMs) }),
    ),
    ...(mode === own ? [] : [say('also-in-force', instrument, { mode, held: heldBy(now, nowMs, time, verb) })]),
  ];
  const ended = gone.map((one) => one.verb).filter((one) => one !== verb);
  return accept(says, [{ kind: 'stand', instrument, standing, ended }]);
}

function sourcesOf({ file, standing, leaving, rollout }: SteeredSymbol) {
  return { file, standing, leaving: leaving ?? undefined, rollout: rollout ?? undefined };
}

/** What keeps a symbol from trading, apart from a command of that verb. */
function heldBy(
  { file, standing, leaving, rollout }: SteeredSymbol,
  nowMs: number,
  time: Wording['time'],
  but?: StandingVerb,
): readonly HeldBy[] {
  const commands = inForce(standing, nowMs).filter(({ verb }) => verb !== but && verb !== 'flatten');
  return [
    ...(file === 'trade' ? [] : [{ by: 'file', mode: file } as const]),
    ...(leaving === null ? [] : [{ by: 'leaving', why: leaving } as const]),
    ...(rollout === 'waiting' ? [{ by: 'rollout' } as const] : []),
    ...commands.map(({ verb, untilMs }): HeldBy => {
      return { by: 'command', verb, until: untilMs === null ? null : time(untilMs) };
    }),
  ];
}

/** A symbol's orders and positions as an answer names them. */
export function holdingOf({ liveOrders, sizes, net }: Pick<SteeredSymbol, 'liveOrders' | 'sizes' | 'net'>): Holding {
  return {
    orders: String(liveOrders),
    a: sizes.A.toFixed(),
    b: sizes.B.toFixed(),
    size: net?.size.toFixed() ?? null,
    usdt: net?.usdt?.abs().toFixed(2) ?? null,
  };
}

function netFigures({ size, usdt, costUsdt }: NetNow) {
  return {
    size: size.toFixed(),
    usdt: usdt?.abs().toFixed(2) ?? null,
    cost: costUsdt === null ? null : usdtText(costUsdt),
  };
}
