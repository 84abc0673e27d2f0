import type { LeavingWhy, RolloutStage, SymbolMode } from './model.ts';
import type { StandingVerb } from './modes.ts';
import type { Reason } from './reasons.ts';

/** Answers to commands as values (strategy 16.2); their texts in every language are in `src/texts/answers.ts`. */

/** One line of an answer. `params`: strings alone, since clients of every version read them (strategy 16.5). */
export interface AnswerLine {
  readonly code: AnswerCode;
  /** The symbol it is about; null: the engine, or all of them. */
  readonly symbol: string | null;
  readonly params: Readonly<Record<string, string>>;
  /** The strategy's rule that it follows from. */
  readonly rule: string;
  /** Why a command was refused, or what it warns of. */
  readonly why?: Reason | undefined;
  /** What keeps the symbol from trading, apart from the command. */
  readonly held?: readonly HeldBy[] | undefined;
}

/** Whether a command was accepted, and what it will do or why not. */
export interface Answer {
  readonly ok: boolean;
  readonly says: readonly AnswerLine[];
}

/** One source of a mode stricter than `trade` (strategy 16.1). */
export type HeldBy =
  | { readonly by: 'file'; readonly mode: SymbolMode }
  | { readonly by: 'leaving'; readonly why: LeavingWhy }
  | { readonly by: 'rollout' }
  /** `until`: formatted for the reader of the answer; null: no end. */
  | { readonly by: 'command'; readonly verb: StandingVerb; readonly until: string | null };

/** What each line names. null: not known, or none; its part of the text is left out. */
export interface AnswerParams {
  'will-hedge-only': Until;
  'will-pause': Until;
  'will-hold': { readonly orders: string };
  'will-hold-with-net': NetFigures & { readonly orders: string };
  'will-flatten': Until & Sizes;
  'will-trade': None;
  'still-held': Held;
  'nothing-to-resume': Held;
  /** A stricter mode than the command's own applies. */
  'also-in-force': Held;
  replaces: Until & { readonly verb: StandingVerb };
  'will-stop': None;
  'will-skip': { readonly stage: RolloutStage };
  'no-rollout': None;
  forgotten: Sizes;
  'needs-with-net': NetFigures;
  'needs-position-stays': Sizes;
  'not-leaving': None;
  'orders-live': { readonly orders: string };
  'unknown-symbol': { readonly name: string; readonly nearest: string | null };
  'no-symbol': None;
  'will-ack': { readonly key: string };
  'will-silence': Until & { readonly key: string };
  'unknown-alert': { readonly key: string; readonly nearest: string | null };
  'bad-silence': { readonly given: string; readonly most: string };
  'bad-duration': { readonly given: string };
  'not-trading': { readonly phase: 'starting' | 'stopping' };
  'not-remembered': Why;
  'not-journalled': Why;
  /** A setting, or a key of the symbol's row. */
  changed: { readonly name: string; readonly from: string; readonly to: string };
  'secret-changed': { readonly name: string };
  'keys-changed': { readonly account: string };
  'symbol-added': None;
  'symbol-leaves': Partial<Holding> & { readonly leaving: LeavingWhy };
  'symbol-returns': None;
  'needs-restart': { readonly name: string };
  fixed: { readonly name: string };
  'no-file': None;
  'file-changed': { readonly path: string };
  warning: Why;
  busy: None;
  unchanged: None;
  'as-it-is': Holding & { readonly cost: string | null };
  'dry-run': None;
  refused: Why;
}

export type AnswerCode = keyof AnswerParams;

type None = Readonly<Record<never, never>>;
interface Until {
  readonly until: string | null;
}
interface Sizes {
  readonly a: string;
  readonly b: string;
}
/** A net in base units, its value at the mark, and the cost of hedging it as taker. */
interface NetFigures {
  readonly size: string;
  readonly usdt: string | null;
  readonly cost: string | null;
}
interface Why {
  readonly why: Reason;
}
interface Held {
  readonly mode: SymbolMode;
  readonly held: readonly HeldBy[];
}
/** A symbol's orders and positions; `size`: of its net, null: hedged. */
export interface Holding extends Sizes {
  readonly orders: string;
  readonly size: string | null;
  readonly usdt: string | null;
}

/** The rule behind each line. */
const RULES: Readonly<Record<AnswerCode, string>> = {
  ...{ 'will-hedge-only': '16.2', 'will-pause': '16.2', 'will-hold': '16.2', 'will-hold-with-net': '16.2' },
  ...{ 'will-flatten': '16.2', 'will-trade': '16.2', 'still-held': '16.1', 'nothing-to-resume': '16.2' },
  ...{ 'also-in-force': '16.1', replaces: '16.2', 'will-stop': '13.1', 'will-skip': '16.7', 'no-rollout': '16.7' },
  ...{ forgotten: '16.3', 'needs-with-net': '16.2', 'needs-position-stays': '16.3', 'not-leaving': '16.3' },
  ...{ 'orders-live': '16.3', 'unknown-symbol': '16.2', 'no-symbol': '16.2', 'will-ack': '12.4' },
  ...{ 'will-silence': '12.4', 'unknown-alert': '12.4', 'bad-silence': '12.4', 'bad-duration': '16.2' },
  ...{ 'not-trading': '16.2', 'not-remembered': '16.2', 'not-journalled': '16.2', changed: '16.4' },
  ...{ 'secret-changed': '16.4', 'keys-changed': '16.4', 'symbol-added': '16.4', 'symbol-leaves': '16.3' },
  ...{ 'symbol-returns': '16.3', 'needs-restart': '16.4', fixed: '16.4', 'no-file': '16.4', 'file-changed': '16.4' },
  ...{ warning: '16.4', busy: '16.2', unchanged: '16.4', 'as-it-is': '16.6', 'dry-run': '16.4', refused: '16.2' },
};

/** The parameters of a code, none where it has none. */
type GivenOf<C extends AnswerCode> = None extends AnswerParams[C] ? [] : [params: AnswerParams[C]];

export function say<C extends AnswerCode>(code: C, symbol: string | null, ...[given]: GivenOf<C>): AnswerLine {
  const { why, held, ...named }: Partial<Why & Held> & object = given ?? {};
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(named)) if (typeof value === 'string') params[name] = value;
  return {
    code,
    symbol,
    params,
    rule: RULES[code],
    ...(why === undefined ? {} : { why }),
    ...(held === undefined ? {} : { held }),
  };
}
