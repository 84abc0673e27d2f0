import type { WireEvent } from '../wire-event.ts';
import type { DriftAdopted, FillBooked } from './booking.ts';
import { judgeDrift, judgeFill, judgeState } from './booking.ts';
import type { Declared } from './declared.ts';
import type { AuditorOptions, AuditSettings, AuditSymbol, Breach, StandingCommand, StartSymbol } from './model.ts';
import { Audit, type AuditReport } from './state.ts';
import { frameReceived, judgeLeft, judgeRequest, requestEnded } from './wire.ts';

export type { Declared, DeclaredAccount, DeclaredIntent, DeclaredLot, DeclaredOrder } from './declared.ts';
export type {
  AuditorOptions,
  AuditSettings,
  AuditSymbol,
  AuditTime,
  Breach,
  Invariant,
  StartLot,
  StartOrder,
  StartSymbol,
} from './model.ts';
export { INVARIANTS } from './model.ts';
export type { AuditReport } from './state.ts';

/**
 * The auditor of strategy 15 checks the traffic with the exchange (15.1, `wire.ts`), and the journalled decisions and
 * bookings against what had been received (15.2, `decision.ts`, `booking.ts`). It shares no code with ledger, plan,
 * pricing, limits, classification or parsing, and never guesses what the engine knew. Its memory is bounded by
 * constants.
 */
export interface Auditor {
  /** A request, answer or frame, at the moment it is sent or received. */
  observe(event: WireEvent): readonly Breach[];
  /** The engine runs a symbol with this row from now on (strategy 16.3, 16.4). */
  takeUp(symbol: AuditSymbol): void;
  /** The engine uses other settings from now on (strategy 16.4). */
  retune(settings: AuditSettings): void;
  /** Entries appended to the journal, in order; `place`: of the last one. */
  journalled(entries: readonly Journalled[], place: number): readonly Breach[];
  /** The journal is durable up to that place, and whoever waited for it continues (strategy 9.3). */
  durable(place: number): void;
  /** The stop began: no create may be sent any more (strategy 13.1). */
  drainBegan(): void;
  /** The engine ended by itself: checks what it left (I11). Not called after a kill. */
  stopped(): readonly Breach[];
  /** The engine starts again from its journal; without it, it has forgotten its orders and starts by 11.3. */
  restarted(knownAtStart: readonly StartSymbol[], journal: 'kept' | 'lost'): void;
  report(): AuditReport;
}

/** The fields of a journal entry that the auditor reads. */
export interface Journalled {
  readonly kind: string;
  readonly key: string;
  readonly body: unknown;
}

/** Requests without an answer; beyond that the oldest are forgotten. */
const MAX_REQUESTS = 4_096;

/** @throws RangeError if a symbol is named twice. */
export function createAuditor(options: AuditorOptions): Auditor {
  const audit = new Audit(options);
  const now = (): void => {
    audit.found = [];
    audit.advance(options.time());
  };
  return {
    observe(event) {
      now();
      audit.events += 1;
      if (event.kind === 'frame') {
        audit.hasStreams ||= event.account !== null;
        frameReceived(audit, event);
        return audit.found;
      }
      const route = event.route.slice(event.route.lastIndexOf('/') + 1);
      if (event.kind === 'sent') {
        const { account, id, request } = event;
        if (route === 'positions' && account !== null) audit.settleReading(account);
        const order = judgeRequest(audit, account, route, request);
        const { nowMs: askedAtMs, era: askedEra } = audit;
        audit.requests.set(id, { account, route, request, askedAtMs, era: askedEra, order });
        if (audit.requests.size > MAX_REQUESTS) audit.requests.delete(audit.requests.keys().next().value as number);
        return audit.found;
      }
      const request = audit.requests.get(event.id);
      audit.requests.delete(event.id);
      if (request !== undefined) requestEnded(audit, request, event);
      return audit.found;
    },
    takeUp(symbol) {
      now();
      if (!audit.symbols.has(symbol.instrument)) audit.received.takeUp(symbol.instrument);
      audit.steers(symbol.instrument, () => audit.symbols.set(symbol.instrument, symbol));
    },
    retune: (settings) => {
      audit.settings = settings;
    },
    journalled(entries, place) {
      now();
      // Entries of one append are simultaneous: its bookings lead to its state, in any order.
      const isState = ({ kind }: Journalled): boolean => kind === 'symbol.state';
      for (const entry of entries) if (!isState(entry)) takeEntry(audit, entry, place);
      for (const entry of entries) if (isState(entry)) takeEntry(audit, entry, place);
      return audit.found;
    },
    durable(place) {
      audit.durablePlace = Math.max(audit.durablePlace, place);
    },
    drainBegan() {
      now();
      audit.draining = { sinceMs: audit.nowMs, live: new Set(audit.orders.live()) };
    },
    stopped() {
      now();
      judgeLeft(audit);
      return audit.found;
    },
    restarted(knownAtStart, journal) {
      now();
      audit.startAgain(knownAtStart, journal === 'lost');
    },
    report: () => audit.report(),
  };
}

function takeEntry(audit: Audit, { kind, key, body }: Journalled, place: number): void {
  if (kind === 'decision') {
    const { declared } = body as { readonly declared?: Declared };
    for (const { intentId } of declared?.intents ?? []) {
      audit.wasDecided(intentId, { declared: declared as Declared, atMs: audit.nowMs });
    }
  } else if (kind === 'order.prepared') {
    const { intent, payload, pricedFrom } = body as PreparedBody;
    audit.wasPrepared(key, { place, intentId: intent.intentId, payload, ...pricedFrom });
  } else if (kind === 'order.outcome') {
    const { outcome } = body as { readonly outcome: string };
    judgeOutcome(audit, key, outcome);
  } else if (kind === 'command') {
    const { standing } = body as { readonly standing: readonly StandingCommand[] };
    audit.steers(key, () => audit.commands.set(key, standing));
  } else if (kind === 'symbol.state') {
    judgeState(audit, stateOf(body as StateBody));
  } else if (kind === 'fact') {
    const fact = body as { readonly type: string };
    if (fact.type === 'fill.booked') judgeFill(audit, body as FillBooked);
    else if (fact.type === 'drift.adopted') judgeDrift(audit, body as DriftAdopted);
  }
}

interface PreparedBody {
  readonly intent: { readonly intentId: string };
  readonly payload: string;
  readonly pricedFrom: { readonly bid: Declared['mark']; readonly ask: Declared['mark'] };
}

type StateBody = StartSymbol & { readonly begun: boolean };

function stateOf({ instrument, begun, lots, booked, orders }: StateBody): StateBody {
  return { instrument, begun, lots, booked, orders };
}

/** An outcome that ends an order must be the exchange's, or proven (I7, strategy 9.6). */
function judgeOutcome(audit: Audit, clientOrderId: string, outcome: string): void {
  if (!['filled', 'cancelled', 'rejected', 'refused', 'absent'].includes(outcome)) return;
  audit.checked('I7');
  for (const order of audit.orders.live()) {
    if (order.clientOrderId !== clientOrderId) continue;
    audit.breach(order, 'I7', '9.6', 'an order taken for over that is live', { outcome });
  }
}
