import type { Breach, Invariant } from '../core/audit/index.ts';
import { encode } from '../core/codec.ts';
import type { Fact } from '../core/facts.ts';
import type { WireEvent } from '../core/wire-event.ts';
import { Counts } from './tally.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Something that must not be, with what happened around it. */
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

/** Events kept to show what happened before a breach. */
const RING = 160;
/** After a breach the campaign goes on for this long, to show what came of it. */
const AFTERMATH_MS = 5_000;
/** Events kept of that time: as many as a report shows, and more. */
const AFTERMATH_EVENTS = 80;
/** Stands between what was before a breach and what came after it. */
export const AFTER = '— after —';
const FINDINGS_KEPT = 200;

/** What findings need of their campaign. */
export interface FindingsParts {
  readonly time: VirtualTime;
  /** True time at which the campaign began, ms since the epoch. */
  readonly startMs: number;
  /** Breaches of others are counted and not acted on; null: all. */
  readonly only: readonly Invariant[] | null;
  /** Goes on after a breach. */
  readonly keepGoing: boolean;
  readonly onLogLine?: ((line: string) => void) | undefined;
  /** Ends the campaign: a breach is found, and its aftermath over. */
  readonly end: () => void;
}

/** What is found in one campaign, and what happened last. */
export class Findings {
  readonly all: Finding[] = [];
  /** By invariant, those not acted on included. */
  readonly counts = new Counts();
  /** How often each was looked at. */
  readonly checks = new Counts();
  readonly #parts: FindingsParts;
  readonly #ring: (string | WireEvent | Fact)[] = [];
  /** What breaches take up that came after them. */
  readonly #aftermaths: { readonly around: string[]; events: number }[] = [];

  constructor(parts: FindingsParts) {
    this.#parts = parts;
  }

  /** The auditor found an invariant broken. */
  broke(breach: Breach): void {
    this.#found(breach);
  }

  /** Something else that must not be; `invariant` is `truth` where the exchange's own books say so. */
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

  /** True time now, as findings say it. */
  stamp(): string {
    return new Date(this.#parts.time.nowMs).toISOString();
  }

  /** Says what the world does, in the ring and in the engine's log. */
  note(text: string): void {
    this.remember(`${this.stamp()} · ${text}`);
    this.#parts.onLogLine?.(`${JSON.stringify({ time: this.#parts.time.wallMs, world: text })}\n`);
  }

  /** Keeps it for a while, in case something is found. */
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
