import type { Alert } from '../core/alerts.ts';
import { type Decimal, sum, usdtText } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import type { LeavingWhy, LotMatch, OrderWords, Side } from '../core/model.ts';
import type { Reason } from '../core/reasons.ts';
import { ALERT_TEXTS } from '../texts/alerts.ts';
import { lasting } from '../texts/duration.ts';
import { reasonText, ruleOf } from '../texts/reasons.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface Line {
  readonly level: Level;
  readonly text: string;
}

/** Settings named in lines: phrases that operators search for contain the configured figures (strategy 14). */
export interface LineContext {
  /** `GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT`. */
  readonly diffThresholdUsdt: string;
  /** `GRVT_HEDGE_STUCK_HOURS`. */
  readonly stuckHours: string;
  /** Bases shared by several instruments: those are named in full. */
  readonly sharedBases?: ReadonlySet<string>;
}

/** The bases that more than one of these instruments has. */
export function sharedBases(instruments: readonly string[]): ReadonlySet<string> {
  const bases = instruments.map((instrument) => instrument.split('_')[0] ?? instrument);
  return new Set(bases.filter((one, at) => bases.indexOf(one) !== at));
}

export const DEFAULT_LINE_CONTEXT: LineContext = { diffThresholdUsdt: '20', stuckHours: '6' };

/** The line of each fact; null: none, for the reason beside it. A type without an entry does not compile. */
type Wording = {
  readonly [T in Fact['type']]: ((fact: Extract<Fact, { type: T }>, context: LineContext) => Line | null) | null;
};

/** How the price of a drift was found (strategy 10.5). */
const PRICED_BY = { fills: ', what its fills paid', mark: ', the mark: no fills explain it' } as const;

const WORDING: Wording = {
  'state.changed': (fact) => ({
    level: fact.to === 'cooldown' ? 'warn' : 'info',
    text: `${base(fact.instrument)} ${fact.from} → ${fact.to}: ${because(fact.why)}`,
  }),
  'symbol.idle': (fact, context) => ({
    level: 'info',
    text: `${base(fact.instrument)} nothing to submit: ${because(fact.why, capPhrase(fact.why, context))}`,
  }),
  'symbol.warned': (fact) => ({ level: 'warn', text: 'why' in fact ? reasonText(fact.why) : fact.text }),
  'symbol.leaving': (fact) => ({
    level: 'warn',
    text:
      `${base(fact.instrument)} is hedge-only: ${LEAVING[fact.leaving]}; it opens nothing, repairs until it is hedged ` +
      `and ends then${cited('16.3')}`,
  }),
  'symbol.left': (fact) => ({
    level: 'info',
    text:
      `${base(fact.instrument)} has ended: no live orders; ` +
      (fact.sizes.A.isZero() && fact.sizes.B.isZero()
        ? 'both accounts are flat'
        : `what remains: account A ${number(fact.sizes.A)}, account B ${number(fact.sizes.B)}`) +
      `${fact.net.isZero() ? '' : `, net ${number(fact.net)}`}${cited('16.3')}`,
  }),
  'command.given': ({ verb, symbols, by, why, untilMs }) => ({
    level: 'info',
    text:
      `Command ${verb}${symbols.length === 0 ? '' : ` ${symbols.map(base).join(', ')}`} by ${by}` +
      `${why === null ? '' : `, because ${why}`}${untilMs === null ? '' : `, until ${localTime(untilMs)}`}${cited('16.2')}`,
  }),
  'command.ended': ({ instrument, verb, how }) => ({
    level: 'info',
    text: `${base(instrument)} ${verb} is over: ${COMMAND_ENDS[how]}${cited('16.2')}`,
  }),
  'flatten.overdue': ({ instrument, sizes }) => ({
    level: 'warn',
    text:
      `${base(instrument)} is not flat by the deadline: account A ${number(sizes.A)}, account B ${number(sizes.B)} remain; ` +
      `it goes on decreasing${cited('16.2')}`,
  }),
  'rollout.changed': ({ instrument, stage, why }) => ({
    level: why === 'time' || why === 'capped' || why === 'mode' ? 'warn' : 'info',
    text: `Rollout: ${base(instrument)} is ${ROLLOUT_STAGES[stage]}: ${ROLLOUT_WHYS[why]}${cited('16.7')}`,
  }),
  'order.stray': (fact) => ({
    level: 'warn',
    text:
      `Own order ${fact.clientOrderId} of account ${fact.account} rests on ${fact.instrument}, which neither the exchange's ` +
      `list nor the journal knows: cancelling it${cited('16.3')}`,
  }),
  // `order.placed`, a refusal or an unknown outcome follows within seconds.
  'order.sent': null,
  'order.placed': (fact) => ({
    level: 'info',
    text: `Placed ${order(fact)} ${purpose(fact)}${fact.attempt > 1 ? `, attempt ${fact.attempt}` : ''}`,
  }),
  'order.post-only-refused': (fact) => ({
    level: 'info',
    text:
      `Post-only refused: ${order(fact)} would have taken from the book, attempt ${fact.attempt}; ` +
      (fact.attemptsLeft > 0 ? `priced again, ${count(fact.attemptsLeft, 'attempt')} left` : 'no attempt left'),
  }),
  'order.refused': (fact) => ({
    level: 'warn',
    text: `Exchange refused ${order(fact)}: ${reasonText(fact.reason)}${fact.code === null ? '' : ` (code ${fact.code})`}`,
  }),
  'order.unknown': (fact) => ({
    level: 'warn',
    text: `No clear answer about ${order(fact)}: ${reasonText(fact.reason)}; it counts as live until the exchange proves otherwise${cited('9.6')}`,
  }),
  'order.resolved': (fact) => ({
    level: 'info',
    text: `Outcome of ${order(fact)}: ${fact.outcome}, ${reasonText(fact.proof)}${cited('9.6')}`,
  }),
  'intent.denied': (fact) => ({
    level: 'info',
    text:
      `Not submitted: ${fact.account} ${fact.intent.side} ${number(fact.intent.size)} ${base(fact.instrument)}: ` +
      because(fact.why),
  }),
  'intent.exhausted': (fact) => ({
    level: 'warn',
    text: `${base(fact.instrument)} cooldown: ${count(fact.attempts, 'post-only attempt')} of account ${fact.account} used up${cited('9.5')}`,
  }),
  // Strategy 8.2 trims for two reasons: a side the state would not submit, or too many orders; the reason says which.
  'order.cancel-requested': (fact, context) => ({
    level: 'info',
    text:
      fact.why.code === 'over-low-diff-cap'
        ? `${reasonText(fact.why)}: ${order(fact)}${capPhrase(fact.why, context)}${cited(fact.why.rule)}`
        : `Cancelling ${order(fact)}: ${because(fact.why)}`,
  }),
  'order.over': (fact) => {
    const reason = fact.reason === '' || fact.reason === 'UNSPECIFIED' ? '' : ` (${fact.reason})`;
    // A fill is logged when it is booked, a post-only refusal when it is refused.
    if ((fact.status === 'FILLED' && reason === '') || fact.reason === 'FAIL_POST_ONLY') return null;
    const traded = fact.tradedSize.isZero() ? 'nothing traded' : `${number(fact.tradedSize)} traded`;
    if (fact.status === 'FILLED') return { level: 'warn', text: `Not booked: ${order(fact)}${reason}, ${traded}` };
    return fact.status === 'REJECTED'
      ? { level: 'warn', text: `Rejected ${order(fact)}${reason}, ${traded}` }
      : { level: 'info', text: `${capital(fact.status)} ${order(fact)}${reason}, ${traded}` };
  },
  'order.adopted': (fact) => ({
    level: 'info',
    text: `Took over ${order(fact)} found at the exchange, ${fact.tradedSize.isZero() ? 'nothing' : number(fact.tradedSize)} traded so far${cited('11.4')}`,
  }),
  'fill.waiting': (fact) => ({
    level: 'info',
    text:
      `Partly filled ${side(fact)} ${number(fact.fillSize)} of ${number(fact.size)} ${base(fact.instrument)} @ ${number(fact.fillPrice)}: ` +
      `waiting for the rest, at most ${lasting(fact.untilMs - fact.atMs)} more${cited('4.3')}`,
  }),
  'fill.booked': (fact) => ({ level: 'info', text: `Filled ${filled(fact)}` }),
  'drift.seen': (fact) => ({
    level: 'warn',
    text:
      `${base(fact.instrument)} position of account ${fact.account} differs from the ledger by ${number(fact.difference)}, ` +
      `reading ${fact.snapshots}: no new orders until they agree${cited('10.5')}`,
  }),
  'drift.adopted': (fact) => ({
    level: 'warn',
    text:
      `${base(fact.instrument)} position of account ${fact.account} was changed by ${number(fact.difference)} ${fact.byHand ? 'by hand' : 'from outside'}: ` +
      `taken into the ledger @ ${number(fact.price)}${fact.pricedBy === undefined ? '' : PRICED_BY[fact.pricedBy]}${matched(fact.matches, fact.atMs)}${cited('10.5')}`,
  }),
  'order.foreign': (fact) => ({
    level: 'warn',
    text: `non-strategy order detected: account ${fact.account} ${fact.instrument} order ${fact.orderId} (client id ${fact.clientOrderId}), left alone${cited('11.4')}`,
  }),
  'instrument.changed': (fact) => ({
    level: 'warn',
    text: `${base(fact.instrument)} rules changed by the exchange: ${ruleWords(fact)}${cited('11.8')}`,
  }),
  'row.skipped': (fact) => ({
    level: 'warn',
    text:
      `a row of ${fact.call}${fact.account === null ? '' : ` of account ${fact.account}`} that cannot be read is left ` +
      `out: ${fact.name}: ${reasonText(fact.why)}${fact.isLast ? '; further ones are not reported' : ''}${cited('10.4')}`,
  }),
  'lots.restored': (fact) => ({
    level: 'info',
    text:
      `${base(fact.instrument)} restored from ${fact.source === 'journal' ? 'the journal' : 'the positions at the exchange'}: ` +
      `${count(fact.lots, 'open lot')}, net ${number(fact.net)}${fact.difference === '' ? '' : `; ${fact.difference}`}`,
  }),
  // Every two seconds, twice: only for figures and metrics.
  'account.polled': null,
  'read.failed': (fact) =>
    isLogged(fact.inARow)
      ? {
          level: 'warn',
          text:
            `Reading failed for account ${fact.account}, ${fact.inARow} in a row: ` +
            `${fact.failure.call}: ${fact.failure.message}; nothing is decided on old data${cited('10.3')}`,
        }
      : null,
  'book.failed': ({ instrument, account, attempt, failure }) => ({
    level: 'warn',
    text:
      `Reading the book of ${base(instrument)} failed in attempt ${attempt} of account ${account}: ${failure.message}; ` +
      `nothing is priced by an old book${cited('7.4')}`,
  }),
  'listing.failed': ({ inARow, failure }) =>
    isLogged(inARow)
      ? {
          level: 'warn',
          text:
            `The list of instruments could not be read, ${inARow} in a row: ${failure.message}; ` +
            `the rules read before stay in force${cited('11.8')}`,
        }
      : null,
  'login.failed': ({ account, inARow, failure }) =>
    isLogged(inARow)
      ? {
          level: 'warn',
          text:
            `The session of account ${account} could not be renewed, ${inARow} in a row: ${failure.message}; ` +
            'the present one is used until its end',
        }
      : null,
  'account.parked': (fact) => ({
    level: 'error',
    text: `Account ${fact.account} is parked: ${fact.failure.message}; no orders on either account until it answers again${cited('9.8')}`,
  }),
  'account.unparked': (fact) => ({
    level: 'info',
    text: `Account ${fact.account} answers again and is no longer parked`,
  }),
  'budget.share': ({ account, bucket, share }) => ({
    level: share < 1 ? 'warn' : 'info',
    text:
      share < 1
        ? `${Math.floor(share * 100)} % of the request budget left after 429s (${bucketName(account, bucket)})`
        : `The request budget has recovered (${bucketName(account, bucket)})`,
  }),
  'budget.late': ({ account, bucket, waiting }) => ({
    level: waiting > 0 ? 'warn' : 'info',
    text:
      waiting > 0
        ? `Requests wait longer than 10 s for the request budget (${bucketName(account, bucket)})`
        : `No request waits longer than 10 s any more (${bucketName(account, bucket)})`,
  }),
  'stream.changed': (fact) => ({
    // A session ends every hour or so: its connection is renewed with it.
    level: fact.status === 'down' && fact.why.code !== 'stream-session-over' ? 'warn' : 'info',
    text: `Stream${fact.account === null ? '' : ` of account ${fact.account}`} ${fact.status}: ${reasonText(fact.why)}${fact.status === 'down' ? '; polling goes on' : ''}`,
  }),
  'stream.contradicted': (fact) => ({
    level: 'warn',
    text: `Streams of account ${fact.account} contradict REST${fact.instrument === null ? '' : ` on ${base(fact.instrument)}`}: ${because(fact.why)}`,
  }),
  'session.renewed': (fact) => ({
    level: 'debug',
    text: `Session of account ${fact.account} renewed for ${lasting(fact.untilMs - fact.atMs)}`,
  }),
  'alert.raised': (fact, context) => ({ level: 'warn', text: alertText(fact.alert, context) }),
  'alert.handled': ({ key, by, untilMs, atMs }) => ({
    level: 'info',
    text: `${key} ${untilMs === null ? 'acknowledged' : `silenced for ${lasting(untilMs - atMs)}`} by ${by}${cited('12.4')}`,
  }),
  'alert.resolved': (fact) => ({ level: 'info', text: `Resolved: ${fact.key} after ${lasting(fact.lastedMs)}` }),
  'alerts.sent': (fact) => ({
    level: 'debug',
    text: `Message delivered with ${count(fact.alerts, 'alert')}; ${fact.waiting} waiting`,
  }),
  'alerts.unsent': (fact) =>
    isLogged(fact.inARow)
      ? {
          level: 'warn',
          text:
            `Alerts could not be delivered, ${fact.inARow} in a row: ${fact.reason}; ${fact.waiting} waiting, ` +
            `tried again in ${lasting(fact.pauseMs)}; trading goes on${cited('12.1')}`,
        }
      : null,
  'alerts.refused': (fact) => ({
    level: 'warn',
    text:
      `The gateway refused a message for its content: ${fact.reason}; ` +
      (fact.setAside > 0
        ? `${count(fact.setAside, 'alert')} of it set aside, tried alone and shortened after all others${cited('12.1')}`
        : `tried once more${cited('12.1')}`),
  }),
  'heartbeat.missed': (fact) => ({ level: 'warn', text: `Heartbeat not delivered: ${fact.reason}` }),
  'cancel.failed': ({ account, clientOrderId, failure }) => ({
    level: 'warn',
    text: `Cancel of order ${clientOrderId} of account ${account} failed: ${reasonText(failure.why)}; it counts as live`,
  }),
  'journal.failed': ({ message }) => ({ level: 'error', text: `The journal failed: ${reasonText(message)}` }),
  'lock.lost': ({ message }) => ({ level: 'error', text: `Lock lost: ${reasonText(message)}${cited('11.1')}` }),
  'task.failed': ({ task, message }) => ({
    level: 'error',
    text: `A task of the order gateway failed: ${task}: ${message}; what it may have sent is looked up${cited('9.6')}`,
  }),
  'alerts.failed': ({ message }) => ({
    level: 'error',
    text: `Alerts are sent without the part that failed: ${message}`,
  }),
  'cleanup.failed': ({ message }) => ({
    level: 'error',
    text: `A round of the stop cleanup failed: ${message}; the exchange is asked again${cited('13.1')}`,
  }),
  'actor.failed': (fact) => ({
    level: 'error',
    text: `A part of the engine failed and is started again: ${fact.actor}: ${fact.message}`,
  }),
  'engine.started': (fact) => ({
    level: 'info',
    text: `Started on ${fact.mode}: ${fact.instruments.length === 0 ? 'no symbol trades' : fact.instruments.join(', ')}`,
  }),
  'engine.draining': (fact) => ({
    level: 'info',
    text: `Stopping: ${reasonText(fact.why)}; no new orders${cited('13.1')}`,
  }),
  'cleanup.finished': (fact) => ({
    level: fact.left.length > 0 ? 'error' : 'info',
    text:
      `Stop cleanup finished: cancelled=${fact.cancelled} candidates=${fact.candidates} kept=${fact.kept}` +
      (fact.left.length > 0 ? `; NOT cancelled: ${fact.left.join(', ')}` : ''),
  }),
  'net.left': ({ instrument, hedgeSide, size, usdt, sinceMs, costUsdt, atMs }) => ({
    level: 'warn',
    text: [
      `Left open: ${base(instrument)} is not hedged, to hedge: ${hedgeSide} ${number(size)}`,
      usdt === null ? '' : `worth ${usdt.toFixed(2)} USDT`,
      sinceMs === null ? 'since a moment ago' : `for ${lasting(atMs - sinceMs)}`,
      costUsdt === null ? 'cost at the touch not known' : `cost at the touch ${usdtText(costUsdt)} USDT`,
    ]
      .filter((part) => part !== '')
      .join(', ')
      .concat(cited('13.4')),
  }),
  'engine.stopped': (fact) => ({
    level: fact.exitCode === 0 ? 'info' : 'error',
    text: `Stopped, exit code ${fact.exitCode}`,
  }),
  'invariant.broken': (fact) => ({
    level: 'error',
    text:
      `INVARIANT BROKEN ${fact.invariant}${fact.instrument === null ? '' : ` ${fact.instrument}`}: ${fact.detail}; ` +
      `no new orders there, what is open stays managed${cited('15')}`,
  }),
};

/** Every type of fact, with or without a line. */
export const FACT_TYPES = Object.keys(WORDING) as readonly Fact['type'][];

/** The line of a fact, or null. Pure. Contains the phrases that operators search for verbatim (strategy 14). */
export function line(fact: Fact, context: LineContext = DEFAULT_LINE_CONTEXT): Line | null {
  const wording = WORDING[fact.type] as ((fact: Fact, context: LineContext) => Line | null) | null;
  sharedNow = context.sharedBases ?? new Set();
  return wording ? wording(fact, context) : null;
}

function ruleWords({ changes }: Extract<Fact, { type: 'instrument.changed' }>): string {
  return changes.map(({ rule, from, to }) => `${rule} ${from} → ${to}`).join(', ');
}

/** `A buy 0.52 BNB @ 612.3`: operators search for the text after `Placed`. */
function order(fact: OrderWords): string {
  return `${side(fact)} ${number(fact.size)} ${base(fact.instrument)} @ ${number(fact.price)}`;
}

function side(fact: { readonly account: string; readonly side: Side }): string {
  return `${fact.account} ${fact.side}`;
}

function purpose(fact: OrderWords): string {
  if (fact.purpose === 'opening') return 'to open';
  return `to hedge${guarded(fact)}`;
}

function guarded(fact: OrderWords): string {
  if (fact.guardPrice === null) return '';
  return `, guarded by ${number(fact.guardPrice)} (never ${fact.side === 'sell' ? 'below' : 'above'})`;
}

function filled(fact: Extract<Fact, { type: 'fill.booked' }>): string {
  const fill = `${side(fact)} ${number(fact.fillSize)} ${base(fact.instrument)} @ ${number(fact.fillPrice)}`;
  const waiting = fact.openedLotSize.isZero() ? '' : `; ${number(fact.openedLotSize)} waits for its hedge`;
  const guard = fact.matches.length > 0 && fact.guardPrice !== null ? `, guarded by ${number(fact.guardPrice)}` : '';
  return `${fill}${matched(fact.matches, fact.atMs)}${guard}${waiting}; net ${number(fact.netAfter)}`;
}

/** The matches: which side of which account was hedged, at what price, after how long, with what gain. */
function matched(matches: readonly LotMatch[], atMs: number): string {
  const parts: string[] = [];
  for (const kind of ['hedge', 'unwind', 'netting'] as const) {
    const some = matches.filter((match) => match.kind === kind);
    const first = some[0];
    if (first === undefined) continue;
    const size = number(sum(some.map((match) => match.size)));
    const prices = some.map((match) => match.lotPrice).sort((a, b) => a.cmp(b));
    const range =
      prices.length === 1 || prices[0]!.eq(prices.at(-1)!)
        ? number(prices[0]!)
        : `${number(prices[0]!)} to ${number(prices.at(-1)!)}`;
    const oldest = Math.min(...some.map((match) => match.lotBookedAtMs));
    const gain = number(sum(some.map((match) => match.gainUsdt)).toDecimalPlaces(6));
    const lotSide = first.fillSide === 'sell' ? 'buy' : 'sell';
    const verb = { hedge: 'hedged', unwind: 'unwound', netting: 'netted' }[kind];
    parts.push(
      `, ${verb} ${size} of ${first.lotAccount}'s ${lotSide} @ ${range} after ${lasting(atMs - oldest)}, gain ${gain} USDT`,
    );
  }
  return parts.join('');
}

function bucketName(account: string | null, bucket: string): string {
  return account === null ? bucket : `${bucket} of account ${account}`;
}

/** An outage of an hour gives a dozen lines, not 1,800: the first failure, the second, the fourth, … */
function isLogged(inARow: number): boolean {
  return Number.isInteger(Math.log2(Math.max(1, inARow)));
}

/** The limit of one order per account, named if it is the obstacle (strategy 8.2). */
function capPhrase(why: Reason, context: LineContext): string {
  return ruleOf(why) === '8.2' ? `, per_account_cap_when_diff<${context.diffThresholdUsdt}=>1` : '';
}

/** A reason and its rule. */
function because(why: Reason, also = ''): string {
  return `${reasonText(why)}${also}${cited(ruleOf(why))}`;
}

/** How a command ended (strategy 16.2). */
const COMMAND_ENDS: Readonly<Record<Extract<Fact, { type: 'command.ended' }>['how'], string>> = {
  time: 'its time has come',
  resume: 'resumed',
  done: 'it is done, and the symbol pauses',
  replaced: 'another command replaced it',
  left: 'the symbol has left',
};

/** A symbol's stage in the gray rollout, and why (strategy 16.7). */
const ROLLOUT_STAGES = { waiting: 'waiting', trial: 'on trial with a part of its amount', full: 'in full' } as const;
const ROLLOUT_WHYS: Readonly<Record<Extract<Fact, { type: 'rollout.changed' }>['why'], string>> = {
  turn: 'it is its turn',
  passed: 'its figures are good',
  raised: 'its amount was raised',
  skipped: 'a person skipped the rest',
  time: '4 h without 10 hedges, the next one starts all the same',
  capped: 'its limits allow nothing, the next one starts all the same',
  mode: 'its row does not let it trade, the next one starts all the same',
};

/** Time and date in the zone of this process (strategy 2.1). */
function localTime(ms: number): string {
  return new Date(ms).toLocaleString('sv-SE');
}

/** Why a symbol is being removed (strategy 16.3). */
const LEAVING: Readonly<Record<LeavingWhy, string>> = {
  removed: 'its row was removed from the symbols file while something of it is open',
  disabled: 'its row is disabled while something of it is open',
  unconfigured: 'orders of ours rest on it and the symbols file does not name it',
};

function alertText(alert: Alert, context: LineContext): string {
  const where = [
    alert.instrument === null ? '' : base(alert.instrument),
    alert.account === null ? '' : `account ${alert.account}`,
  ];
  const since = alert.sinceMs === null ? '' : `for ${lasting(alert.atMs - alert.sinceMs)}`;
  const details = Object.entries(alert.details).map(([name, value]) => `${name} ${reasonText(value)}`);
  const rest = [...where, since, ...details].filter((part) => part !== '');
  // Operators search for its phrases (strategy 14).
  const head = `ALERT ${ALERT_TEXTS[alert.kind].en.title.replace('{hours}', context.stuckHours)}`;
  return rest.length === 0 ? head : `${head}: ${rest.join(', ')}`;
}

function cited(rule: string): string {
  return rule === '' ? '' : ` (strategy ${rule})`;
}

/** Of the present line; set by `line`. */
let sharedNow: ReadonlySet<string> = new Set();

/** `BNB_USDT_Perp` is written `BNB`, if no other instrument has that base. */
function base(instrument: string): string {
  const [short = instrument] = instrument.split('_');
  return sharedNow.has(short) ? instrument : short;
}

function number(value: Decimal): string {
  return value.toFixed();
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}
