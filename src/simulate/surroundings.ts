import { createHash, type Hash } from 'node:crypto';
import { encode } from '../core/codec.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { FetchLike } from '../grvt/session.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { journalWith } from '../journal/observed.ts';
import type { PaperRequest } from '../paper/index.ts';
import type { Chance } from './chance.ts';
import { type FaultPlan, networkChance, ORDER_ROUTES, silenceChance } from './fault-plan.ts';
import type { Findings } from './findings.ts';
import type { KillMoment } from './host.ts';
import { type Life, latency, type Passage } from './network.ts';
import type { Counts } from './tally.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Thrown where the engine's process would end. */
class Killed extends Error {}

export interface SurroundingsParts {
  readonly time: VirtualTime;
  readonly plan: FaultPlan;
  /** Round trips of the network, milliseconds. */
  readonly latencyMs: readonly [number, number];
  readonly faults: Counts;
  readonly findings: Findings;
  readonly draw: (purpose: string) => Chance;
  /** The network loses nothing meanwhile. */
  readonly calm: () => boolean;
}

/** Requests that were sent, and those that met at least one fault. */
export interface Carried {
  readonly count: number;
  readonly faulty: number;
}

/** Sync time of a healthy disk. */
const SYNC_MS = 1;

/** The engine's surroundings with their faults: network, disk, Telegram. They outlive every engine. */
export class Surroundings {
  readonly #parts: SurroundingsParts;
  /** For the network, including streams. */
  readonly network: Chance;
  readonly #telegram: Chance;
  readonly #disk: Chance;
  readonly #journalHash: Hash = createHash('sha256');
  #journalEntries = 0;
  #downUntilMs = 0;
  #telegramDownUntilMs = 0;
  #diskSlowUntilMs = 0;
  /** A requested fault stays until it has happened once. */
  #telegramOwes = false;
  #diskOwes = false;
  #telegrams = 0;
  readonly #requests = { count: 0, faulty: 0 };
  readonly #orderCalls = { count: 0, faulty: 0 };

  constructor(parts: SurroundingsParts) {
    this.#parts = parts;
    this.network = parts.draw('network');
    this.#telegram = parts.draw('telegram');
    this.#disk = parts.draw('disk');
  }

  /** Connections are refused until then. */
  exchangeDown(untilMs: number): void {
    this.#downUntilMs = untilMs;
  }

  /** Telegram refuses until then, at least once. */
  telegramDown(untilMs: number): void {
    this.#telegramDownUntilMs = untilMs;
    this.#telegramOwes = true;
  }

  /** Writes are slow until then, at least once. */
  diskSlow(untilMs: number): void {
    this.#diskSlowUntilMs = untilMs;
    this.#diskOwes = true;
  }

  /** Ends all faults: exchange reachable, disk fast. */
  settle(): void {
    const { nowMs } = this.#parts.time;
    this.#downUntilMs = nowMs;
    this.#diskSlowUntilMs = nowMs;
    this.#diskOwes = false;
  }

  reachable(): boolean {
    return this.#parts.time.nowMs >= this.#downUntilMs;
  }

  /** What the network does to a request. */
  passage(request: PaperRequest): Passage {
    const { plan, faults, calm, latencyMs } = this.#parts;
    const [least, most] = latencyMs;
    const times = latency(this.network, least, most);
    const route = routeOf(request);
    const strikes = (kind: 'request-lost' | 'answer-lost'): boolean => {
      const probability = calm() ? 0 : networkChance(plan, kind, route);
      if (probability === 0 || !this.network.happens(probability)) return false;
      faults.add(kind);
      return true;
    };
    return { ...times, requestLost: strikes('request-lost'), answerLost: strikes('answer-lost') };
  }

  /** Whether a stream connection falls silent with this message. */
  fallsSilent(): boolean {
    const { plan, faults, calm } = this.#parts;
    const probability = calm() ? 0 : silenceChance(plan);
    if (probability === 0 || !this.network.happens(probability)) return false;
    faults.add('socket-silent');
    return true;
  }

  /** A request was sent, with or without a fault. */
  wasCarried(request: PaperRequest, faulty: boolean): void {
    for (const counts of ORDER_ROUTES.includes(routeOf(request))
      ? [this.#requests, this.#orderCalls]
      : [this.#requests]) {
      counts.count += 1;
      if (faulty) counts.faulty += 1;
    }
  }

  /** All requests so far, and the trading calls among them. */
  get carried(): { readonly requests: Carried; readonly orderCalls: Carried } {
    return { requests: { ...this.#requests }, orderCalls: { ...this.#orderCalls } };
  }

  /** Strategy 9.3: what arrives was journalled before it was sent. */
  mustBeWritten(request: PaperRequest, journal: EngineJournal): void {
    this.#parts.findings.checks.add('truth');
    const ids = [...request.body.matchAll(/"(\d{19,20})"/g)].map(([, id]) => id ?? '');
    const ours = ids.filter((id) => BigInt(id) >> 60n === 0b1110n);
    if (ours.some((id) => journal.latest('order.prepared', id) !== null)) return;
    const detail = { clientOrderId: ours.join(', ') };
    this.#parts.findings.find('truth', '9.3', 'a create arrives that the journal does not know', detail);
  }

  /** Strategy 9.8: one login per account at a time, however many calls wait for it. */
  oneLoginAtATime(carried: FetchLike): FetchLike {
    const underWay = new Set<string>();
    return async (url, init) => {
      this.#parts.findings.checks.add('truth');
      if (underWay.has(init.body)) this.#parts.findings.find('truth', '9.8', 'two logins of one account at once', {});
      underWay.add(init.body);
      const over = (): void => {
        underWay.delete(init.body);
      };
      init.signal.addEventListener('abort', over);
      try {
        return await carried(url, init);
      } finally {
        over();
      }
    };
  }

  /** The journal of one engine: slow at times, and gone with the engine. `killIf`: whether the engine dies there. */
  guarded(journal: EngineJournal, life: Life, killIf: (moment: KillMoment) => boolean): EngineJournal {
    return journalWith(journal, {
      append: (entries) => {
        if (!life.alive) throw new Killed('the process is dead');
        if (killIf('before-write')) throw new Killed('killed before the write');
        this.#writeSlowly();
        const place = journal.append(entries);
        for (const entry of entries) this.#digest(entry);
        if (killIf('after-write')) throw new Killed('killed after the write');
        return place;
      },
      durable: async (place) => {
        await this.#sync(life);
        await journal.durable(place);
      },
      close: () => {},
    });
  }

  #digest(entry: JournalEntry): void {
    this.#journalEntries += 1;
    this.#journalHash.update(`${entry.kind}\n${entry.key}\n${entry.atMs}\n${encode(entry.body)}\n`);
  }

  #writeSlowly(): void {
    const { time, faults } = this.#parts;
    if (time.nowMs >= this.#diskSlowUntilMs && !this.#diskOwes) return;
    this.#diskOwes = false;
    faults.add('disk-slow');
    time.block(this.#slowMs());
  }

  /** A disk sync, slow while the disk is; only senders wait for it. */
  #sync(life: Life): Promise<void> {
    const { time } = this.#parts;
    const tookMs = time.nowMs < this.#diskSlowUntilMs ? this.#slowMs() : SYNC_MS;
    return new Promise((resolve) => time.at(time.nowMs + tookMs, () => life.alive && resolve()));
  }

  #slowMs(): number {
    return this.#disk.happens(0.01) ? 3_000 : this.#disk.integer(20, 300);
  }

  deliver(_text: string, life: Life): Promise<void> {
    const { time, faults } = this.#parts;
    const refuses = time.nowMs < this.#telegramDownUntilMs || this.#telegramOwes;
    return new Promise((resolve, reject) => {
      time.at(time.nowMs + this.#telegram.integer(50, 900), () => {
        if (refuses) {
          this.#telegramOwes = false;
          faults.add('telegram-down');
          if (life.alive) reject(new Error('HTTP 502'));
          return;
        }
        this.#telegrams += 1;
        if (life.alive) resolve();
      });
    });
  }

  /** Messages that Telegram accepted. */
  get telegrams(): number {
    return this.#telegrams;
  }

  /** Number of entries of every journal, and their SHA-256. Can be called once. */
  journalled(): { readonly entries: number; readonly digest: string } {
    return { entries: this.#journalEntries, digest: this.#journalHash.digest('hex') };
  }
}

function routeOf({ path }: PaperRequest): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
