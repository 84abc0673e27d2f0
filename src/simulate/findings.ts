import type { Breach, Invariant } from '../core/audit/index.ts';
import { encode } from '../core/codec.ts';
import type { Fact } from '../core/facts.ts';
import type { WireEvent } from '../core/wire-event.ts';
import { Counts } from './tally.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A violation, with what happened around it. */
export interface Finding {
  readonly invariant: string;
  readonly rule: string;
  readonly what: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly instrument: string | null;
  readonly account: string | null;
  readonly clientOrderId: string | null;
  /** True time since the start. */
  readonly atMs: number;
  readonly at: string;
  readonly around: readonly string[];
}

/** Events kept to show what preceded a breach. */
const RING = 160;
/** How long the campaign continues after a breach, to show its consequences. */
const AFTERMATH_MS = 5_000;
/** Events kept of that time. */
const AFTERMATH_EVENTS = 80;
/** Separates what preceded a breach from what followed. */
export const AFTER = '— after —';
const FINDINGS_KEPT = 200;

export interface FindingsParts {
  readonly time: VirtualTime;
  /** True time of the campaign's start, ms since the epoch. */
  readonly startMs: number;
  /** Breaches of other invariants are only counted; null: all are reported. */
  readonly only: readonly Invariant[] | null;
  /** Continues after a breach. */
  readonly keepGoing: boolean;
  readonly onLogLine?: ((line: string) => void) | undefined;
  /** Ends the campaign: a breach was found, and its aftermath is over. */
  readonly end: () => void;
}

/** Collects the findings and the latest events of one campaign. */
export class Findings {
  readonly all: Finding[] = [];
  /** By invariant, including those that are only counted. */
  readonly counts = new Counts();
  /** How often each was checked. */
  readonly checks = new Counts();
  readonly #parts: FindingsParts;
  readonly #ring: (string | WireEvent | Fact)[] = [];
  /** Findings that still collect later events. */
  readonly #aftermaths: { readonly around: string[]; events: number }[] = [];

  constructor(parts: FindingsParts) {
    this.#parts = parts;
  }

  /** The auditor found an invariant violated. */
  broke(breach: Breach): void {
    this.#found(breach);
  }

  /** Another violation; `invariant` is `truth` if the exchange's own books show it. */
  find(invariant: string, rule: string, what: string, detail: Readonly<Record<string, string>>): void {
    this.#found({ invariant, rule, what, detail, instrument: null, account: null, clientOrderId: null });
  }

  #found(one: Omit<Finding, 'atMs' | 'at' | 'around'>): void {
    this.counts.add(one.invariant);
    const { time, startMs, only, keepGoing, end } = this.#parts;
    if (only !== null && !(only as readonly string[]).includes(one.invariant)) return;
    if (this.all.length >= FINDINGS_KEPT) return;
    const { invariant, rule, what, detail, instrument, account, clientOrderId } = one;
    const around: string[] = this.#ring.map((entry) => words(entry));
    this.all.push({
      ...{ invariant, rule, what, detail, instrument, account, clientOrderId },
      atMs: time.nowMs - startMs,
      at: this.stamp(),
      around,
    });
    if (keepGoing) return;
    this.#aftermaths.push({ around, events: 0 });
    time.at(time.nowMs + AFTERMATH_MS, end);
  }

  /** True time now, formatted for findings. */
  stamp(): string {
    return new Date(this.#parts.time.nowMs).toISOString();
  }

  /** Records a world event in the ring and in the engine's log. */
  note(text: string): void {
    this.remember(`${this.stamp()} · ${text}`);
    this.#parts.onLogLine?.(`${JSON.stringify({ time: this.#parts.time.wallMs, world: text })}\n`);
  }

  /** Keeps an event for a while, in case something is found. */
  remember(entry: string | WireEvent | Fact): void {
    this.#ring.push(entry);
    if (this.#ring.length > RING * 2) this.#ring.splice(0, RING);
    for (const aftermath of this.#aftermaths) {
      if (aftermath.events >= AFTERMATH_EVENTS) continue;
      if (aftermath.events === 0) aftermath.around.push(AFTER);
      aftermath.around.push(words(entry));
      aftermath.events += 1;
    }
  }
}

function words(entry: string | WireEvent | Fact): string {
  if (typeof entry === 'string') return entry;
  const at = new Date(entry.atMs).toISOString().slice(11, 23);
  const text = encode(entry).replace(/\{"\$[dn]":("[^"]*")\}/g, '$1');
  return `${at} ${text.length > 3000 ? `${text.slice(0, 3000)}…` : text}`;
}
