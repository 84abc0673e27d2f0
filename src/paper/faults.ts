import { type RandomStream, randomStream } from './random.ts';

/**
 * Faults between a client and the exchange, by rule: kind, rate, call, account. Every rule has a random stream of its
 * own, so that adding one does not change the others.
 */

/** The effect of each kind. */
export const FAULT_KINDS = {
  refused: 'the connection is refused: nothing arrives',
  'reset-before': 'the connection breaks before the request is read',
  'reset-after': 'the request is carried out, the answer is lost',
  slow: 'the answer comes `delayMs` later',
  late: 'the request arrives `delayMs` later',
  'server-error': '500/1002; nothing is carried out',
  'server-error-after': '500/1002 although it was carried out',
  unavailable: '503/1009; nothing is carried out',
  'rate-limited': '429/1006; nothing is carried out',
  unauthenticated: 'the session is gone: 401/1000',
  garbage: 'the answer is cut in the middle',
  html: 'a proxy answers 502 with a page; nothing is carried out',
  empty: 'an empty body with status 200',
  null: 'the body `null` with status 200',
  stale: 'an answer up to `forMs` old',
  'missing-field': 'one field of the result is missing',
  duplicate: 'the request is delivered twice',
  'lost-order': 'a resting order is invisible to reads for `forMs`',
  'late-position': 'positions and summary lag fills by `forMs`',
  'wrong-mark': 'a mark is shown at a hundredth or a hundredfold, in one reading or for `forMs`',
  'post-only-refusal': 'the matching engine refuses a post-only order',
  'fill-during-cancel': 'the order is filled before its cancel acts',
  'lost-frame': 'a stream message does not arrive',
  'duplicate-frame': 'a stream message arrives twice',
  'late-frame': 'a stream message, and what follows it on that stream, comes `delayMs` later',
  'late-position-frame': 'position messages come `delayMs` after the fill they are of',
  'swapped-frame': 'a stream message comes after the next one of its stream',
  'gapless-loss': 'a stream message does not arrive, and the numbers show no gap',
  'wrong-position-frame': 'a position message says another size than the position has',
  'silent-stream': 'an open stream connection carries no message for `forMs`',
  'session-over': 'the session ends under its stream connection, which closes',
  disconnect: 'the stream connection closes instead of sending a message',
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

export interface FaultRule {
  readonly kind: FaultKind;
  /** Probability per call it applies to, 0 to 1. */
  readonly rate: number;
  /** Route, e.g. `create_order` or `auth/api_key/login`, or a stream name; absent: all. */
  readonly route?: string | undefined;
  /** Account name or sub account id; absent: all, market data included. */
  readonly account?: string | undefined;
  /** Happens at most this often; absent: unlimited. */
  readonly count?: number | undefined;
  /** `slow`, `late`, `late-frame`, `late-position-frame`; default 1,000 ms. */
  readonly delayMs?: number | undefined;
  /** `stale`, `lost-order`, `late-position`, `wrong-mark`, `silent-stream`; default 5,000 ms. */
  readonly forMs?: number | undefined;
}

interface ActiveRule extends FaultRule {
  readonly random: RandomStream;
  left: number;
}

export const DEFAULT_DELAY_MS = 1_000;
export const DEFAULT_FOR_MS = 5_000;
/** A campaign has a few rules per kind. */
const MAX_RULES = 200;
const NO_RULES: readonly ActiveRule[] = [];

/** The faults of one exchange. */
export class Faults {
  readonly #seed: number;
  #rules: ActiveRule[] = [];
  /** The same by kind, in the order added: every call checks many kinds. */
  readonly #byKind = new Map<FaultKind, ActiveRule[]>();
  #added = 0;
  readonly #counts = new Map<FaultKind, number>();
  readonly random: RandomStream;

  constructor(seed: number) {
    this.#seed = seed;
    this.random = randomStream(seed, 'fault details');
  }

  /** @throws RangeError naming a kind that does not exist or a rate outside 0 to 1, or if there are too many rules. */
  add(rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      if (!Object.hasOwn(FAULT_KINDS, rule.kind)) throw new RangeError(`no such fault: ${String(rule.kind)}`);
      if (!(rule.rate >= 0 && rule.rate <= 1))
        throw new RangeError(`${rule.kind}: rate must be 0 to 1, is ${rule.rate}`);
      if (this.#rules.length >= MAX_RULES) throw new RangeError(`more than ${MAX_RULES} fault rules`);
      this.#added += 1;
      const random = randomStream(this.#seed, `fault ${this.#added} ${rule.kind} ${rule.route} ${rule.account}`);
      const active = { ...rule, random, left: rule.count ?? Number.POSITIVE_INFINITY };
      this.#rules.push(active);
      this.#byKind.set(rule.kind, [...this.#ofKind(rule.kind), active]);
    }
  }

  /** Replaces all rules. Counts stay. */
  set(rules: readonly FaultRule[]): void {
    this.#rules = [];
    this.#byKind.clear();
    this.add(rules);
  }

  get rules(): readonly FaultRule[] {
    return this.#rules.map(({ random: _random, left: _left, ...rule }) => rule);
  }

  /** Whether any rule of that kind exists. */
  has(kind: FaultKind): boolean {
    return this.#ofKind(kind).some((rule) => rule.left > 0);
  }

  #ofKind(kind: FaultKind): readonly ActiveRule[] {
    return this.#byKind.get(kind) ?? NO_RULES;
  }

  /** Decides whether that fault happens on this call, and counts it. `names`: all names of the account. */
  strikes(kind: FaultKind, route: string, names: readonly string[]): FaultRule | null {
    if (this.#byKind.size === 0) return null;
    let struck: ActiveRule | null = null;
    for (const rule of this.#ofKind(kind)) {
      if (rule.left <= 0) continue;
      if (rule.route !== undefined && rule.route !== route) continue;
      if (rule.account !== undefined && !names.includes(rule.account)) continue;
      if (rule.random.chance(rule.rate)) struck ??= rule;
    }
    if (struck === null) return null;
    struck.left -= 1;
    this.count(kind);
    return struck;
  }

  /** Counts a fault that was injected elsewhere. */
  count(kind: FaultKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Faults injected since the start, by kind; absent: none. */
  counts(): Readonly<Partial<Record<FaultKind, number>>> {
    return Object.fromEntries(this.#counts);
  }
}

/** Deletes one field somewhere under `result`, chosen by `random`; text that is not an object is returned unchanged. */
export function withoutOneField(body: string, random: RandomStream): string {
  const parsed: unknown = JSON.parse(body);
  const objects: Record<string, unknown>[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value) && Object.keys(value).length > 0) objects.push(value as Record<string, unknown>);
    for (const inner of Object.values(value)) collect(inner);
  };
  collect(parsed);
  // A field of the envelope only if there is nothing else.
  const candidates = objects.length > 1 ? objects.slice(1) : objects;
  const target = candidates[random.next() % Math.max(1, candidates.length)];
  if (target === undefined) return body;
  const keys = Object.keys(target);
  delete target[keys[random.next() % keys.length]!];
  return JSON.stringify(parsed);
}
