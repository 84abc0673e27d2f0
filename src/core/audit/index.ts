import { ACCOUNTS } from '../model.ts';
import type { CallEvent, WireEvent } from '../wire-event.ts';
import { isForProof } from './absence.ts';
import { answered, lookUpFailed } from './answers.ts';
import { startAgain, takeJournal } from './beginning.ts';
import type { AuditReport } from './figures.ts';
import type { AuditorOptions, AuditSymbol, Breach } from './model.ts';
import { outcomeUnknown, remember, setOver } from './orders.ts';
import { sent } from './requests.ts';
import { Audit } from './state.ts';
import { drainBegan, judgeLeft } from './stop.ts';
import { takeUp } from './take-up.ts';

export type { AuditReport, DurationFigures, SymbolFigures } from './figures.ts';
export { createDurations } from './figures.ts';
export type {
  AuditorOptions,
  AuditSettings,
  AuditSymbol,
  Breach,
  Invariant,
  StartLot,
  StartOrder,
  StartSymbol,
} from './model.ts';
export { INVARIANTS } from './model.ts';

/**
 * The auditor: judges what crosses the wire by the invariants of strategy 15, and knows nothing else.
 *
 * It shares no code with ledger, plan, pricing, limits, classification or parsing: it keeps its own orders, fills, lots,
 * positions, marks and books, from requests and answers alone.
 *
 * Not an invariant of strategy 15 but judged because nothing else would see it: a new order while a partial fill waits
 * (reported as I6, rule 5), a repair larger than 6.4 (I6), an opening on a wrong side (I6, rules 6.1 and 6.2).
 *
 * Times: `atMs` of events, our wall clock. When that clock steps back, the auditor's own time stands still for the step.
 * What an engine's polling decides is reckoned in `staleMs`, which follows its loop: `windowsOf`.
 * Memory is bounded by the constants of these files (`MAX_...`), whatever it hears.
 *
 * Where what is:
 * - what leaves: `requests.ts` by route; a create by what it says of itself (`creates.ts`: I1, I3, I7, I10), then by what
 *   it rests on (`decisions.ts`: I12, I9; over every view of `views.ts`, one by one in `judge.ts`: I2, I4, I5, I6, I7)
 * - what comes back: `answers.ts` by route; polls in `polls.ts`; proof that an order never was in `absence.ts`
 * - what is known: `state.ts` and `model.ts`; orders (`orders.ts`), their fills and waits (`fills.ts`), lots (`lots.ts`)
 *   and what they come to (`nets.ts`), positions against fills (`positions.ts`) and drift (`drift.ts`), moments of an
 *   engine's knowledge (`moments.ts`)
 * - begin and end: `beginning.ts`, `former-orders.ts` and `take-up.ts`; the stop in `stop.ts` (I11)
 * - how bodies are read: `bodies.ts`; what is counted: `figures.ts`; how far back it looks: `windows.ts`
 */
export interface Auditor {
  /**
   * Takes one wire event; returns the invariants it broke, mostly none. `era`: how often our wall clock was set back before it,
   * which its own times hide where as much time has passed meanwhile; absent: not known.
   */
  hear(event: WireEvent, era?: number): readonly Breach[];
  /** The engine takes up an instrument it did not run at its start (strategy 16.3): from now on it is judged too. */
  takeUp(symbol: AuditSymbol): void;
  /** The stop began: no create may leave any more (strategy 13.1). */
  drainBegan(atMs: number): void;
  /** The engine ended by itself; judges what it left (I11). Not to be called when it was killed. */
  stopped(atMs: number): readonly Breach[];
  /**
   * The engine was killed or stopped and starts again: requests in flight have no outcome, its data starts empty.
   * `journal: 'lost'`: it also forgot its orders and lots, and builds them anew from the exchange (strategy 11.3).
   */
  restarted(atMs: number, options?: { readonly journal?: 'kept' | 'lost' }): void;
  report(): AuditReport;
}

/** Requests without an answer; of more the oldest are forgotten. */
const MAX_REQUESTS = 4_096;

/** The connection was never made, or a gate before the exchange turned it away: nothing of it arrived. */
const NEVER_ARRIVED =
  /^HTTP (401|429):|\bconnect E[A-Z]+|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|CERT_|_CERT|UNABLE_TO_(VERIFY|GET)|ERR_INVALID_URL/;

function requestLeft(audit: Audit, event: CallEvent & { readonly kind: 'sent' }, route: string): void {
  const { account, id, request } = event;
  const { requests, nowMs: sentAtMs, rawMs: sentRawMs, seq: sentSeq } = audit;
  const forProof = account !== null && isForProof(audit, account, route);
  const order = forProof ? null : sent(audit, account, route, request);
  requests.set(id, { account, route, request, sentAtMs, sentRawMs, sentSeq, order, forProof });
  if (requests.size > MAX_REQUESTS) requests.delete(requests.keys().next().value!);
}

function requestEnded(audit: Audit, event: CallEvent & { readonly kind: 'answered' | 'failed' }): void {
  const request = audit.requests.get(event.id);
  if (!request) return;
  audit.requests.delete(event.id);
  if (event.kind === 'failed' || event.status === 401 || event.status === 429 || event.status >= 500)
    // A book that could not be read keeps either account's submission waiting.
    for (const account of request.account ? [request.account] : ACCOUNTS)
      audit.accounts[account].lastTroubleMs = audit.nowMs;
  if (event.kind === 'failed' && request.account && (request.route === 'order' || request.route === 'order_history'))
    lookUpFailed(audit, request.account, request);
  // As in `answers.ts`: a session that ended is told by the status alone, whatever the body is.
  if (
    event.kind === 'failed' &&
    request.account &&
    request.route === 'open_orders' &&
    event.reason.startsWith('HTTP 401:')
  )
    audit.accounts[request.account].openOrdersDue ||= !request.forProof;
  if (event.kind === 'answered') answered(audit, request, event.status, event.body);
  else if (request.order) {
    if (NEVER_ARRIVED.test(event.reason) && request.order.phase === 'sent') {
      request.order.turnedAway = true;
      setOver(audit, request.order, 'refused');
      remember(audit, request.order);
    } else outcomeUnknown(audit, request.order);
  }
}

/** Builds an auditor. Throws RangeError when a symbol is named twice. */
export function createAuditor(options: AuditorOptions): Auditor {
  const audit = new Audit(options);
  takeJournal(audit);
  return {
    hear(event, era) {
      if (event.kind === 'frame') return [];
      audit.found = [];
      audit.events += 1;
      audit.seq += 1;
      audit.advance(event.atMs, era);
      audit.lastHeardMs = audit.rawMs;
      const route = event.route.slice(event.route.lastIndexOf('/') + 1);
      if (event.kind === 'sent') requestLeft(audit, event, route);
      else requestEnded(audit, event);
      return audit.found;
    },
    takeUp: (symbol) => takeUp(audit, symbol),
    drainBegan(atMs) {
      audit.advance(atMs);
      drainBegan(audit);
    },
    stopped(atMs) {
      audit.found = [];
      audit.seq += 1;
      audit.advance(atMs);
      judgeLeft(audit);
      return audit.found;
    },
    restarted(atMs, how) {
      audit.seq += 1;
      audit.advance(atMs);
      startAgain(audit, how?.journal === 'lost');
    },
    report: () => audit.report(),
  };
}
