import { type Auditor, type Breach, createAuditor } from '../core/audit/index.ts';
import type { InvariantBroken } from '../core/daemon/events.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { AccountName } from '../core/model.ts';
import type { WireEvent } from '../core/wire-event.ts';
import { standingCommands } from '../journal/commands.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { JournalObserver } from '../journal/observed.ts';
import type { EngineClock } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { orStartError } from './start.ts';
import { auditRow, auditSettings, journalledStart } from './tuning.ts';

/** Calls before the symbols are known: two logins, their proofs, the instruments. */
const START_EVENTS_MAX = 100;

export interface AuditingParts {
  readonly clock: EngineClock;
  readonly subAccountIds: Readonly<Record<AccountName, string>>;
  /** Audits this engine from outside; default: it audits itself. */
  readonly auditedBy?: () => Auditor | null;
  /** Also observes the traffic, for figures and metrics. Must not throw. */
  readonly onWire?: (event: WireEvent) => void;
}

/** Hands an engine's traffic and journal to its auditor (strategy 15), and the breaches it finds to the daemon. */
export class Auditing implements JournalObserver {
  readonly #parts: AuditingParts;
  readonly #broken: (event: InvariantBroken) => void;
  readonly #startEvents: WireEvent[] = [];
  #own: Auditor | null = null;

  constructor(parts: AuditingParts, broken: (event: InvariantBroken) => void) {
    this.#parts = parts;
    this.#broken = broken;
  }

  /** The engine's own auditor; null: the symbols are not resolved yet, or it is audited from outside. */
  get own(): Auditor | null {
    return this.#own;
  }

  /** Whoever audits the engine. */
  get inCharge(): Auditor | null {
    return this.#own ?? this.#parts.auditedBy?.() ?? null;
  }

  appended(entries: readonly JournalEntry[], place: number): void {
    this.#report(this.#own?.journalled(entries, place) ?? []);
  }

  durable(place: number): void {
    this.#own?.durable(place);
  }

  onWire(event: WireEvent): void {
    this.#parts.onWire?.(event);
    if (this.#own !== null) this.#report(this.#own.observe(event));
    // Before the symbols are resolved nothing can be checked: the few calls of the start are kept until then.
    else if (this.#startEvents.length < START_EVENTS_MAX) this.#startEvents.push(event);
  }

  /** The symbols are resolved: from now on everything is checked, what was kept first. */
  begin(symbols: readonly EngineSymbol[], settings: Settings, journal: EngineJournal): void {
    const { clock, subAccountIds, auditedBy } = this.#parts;
    if (!auditedBy)
      this.#own = createAuditor({
        time: () => ({ wallMs: clock.nowMs(), steadyMs: clock.steadyMs(), era: clock.era() }),
        symbols: symbols.map(auditRow),
        commands: standingCommands(journal),
        accounts: subAccountIds,
        settings: auditSettings(settings),
        knownAtStart: orStartError(() => journalledStart(journal)),
      });
    for (const event of this.#startEvents.splice(0)) this.#report(this.#own?.observe(event) ?? []);
  }

  #report(breaches: readonly Breach[]): void {
    for (const { invariant, instrument, what, rule, clientOrderId, detail } of breaches) {
      const numbers = Object.entries(detail).map(([name, value]) => `${name}=${value}`);
      const parts = [what, `(strategy ${rule})`, clientOrderId ?? '', ...numbers].filter((part) => part !== '');
      this.#broken({ type: 'invariant.broken', invariant, instrument, detail: parts.join(' ') });
    }
  }
}
