import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/**
 * Entries that nobody waits for are synced together within this time. A power cut may take them, and the exchange is
 * asked again; a killed process loses nothing.
 */
export const SYNC_WITHIN_MS = 100;

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Syncs SQLite's write-ahead log off the event loop: one sync covers everything written before it began. SQLite keeps
 * the same file while the journal is open and locks others, so closing this descriptor releases no lock.
 */
export class LogSync {
  readonly #fd: number;
  readonly #onDurable: (seq: number) => void;
  /** One per create or message about to be sent, plus one. */
  #waiters: Waiter[] = [];
  #writtenSeq: number;
  #durableSeq: number;
  #timer: NodeJS.Timeout | null = null;
  #isSyncing = false;
  #isClosed = false;
  #failure: Error | null = null;

  /**
   * @param durableSeq the last entry on disk @param onDurable receives the place up to which the log is on disk @throws
   * if the log cannot be opened.
   */
  constructor(path: string, durableSeq: number, onDurable: (seq: number) => void) {
    this.#fd = openSync(path, 'r+');
    this.#writtenSeq = durableSeq;
    this.#durableSeq = durableSeq;
    this.#onDurable = onDurable;
  }

  /** The entry was written: it is on disk within SYNC_WITHIN_MS and one sync. */
  written(seq: number): void {
    this.#writtenSeq = seq;
    if (this.#timer !== null || this.#isSyncing) return;
    this.#timer = setTimeout(() => this.#sync(), SYNC_WITHIN_MS);
    this.#timer.unref();
  }

  /** What compaction removed may reappear after a power cut: it was settled long ago. */
  removed(): void {}

  /** Resolves when everything up to that entry is on disk: synced at once, or right after the sync in progress. */
  async durable(seq: number): Promise<void> {
    this.assertWell();
    if (seq > this.#writtenSeq)
      throw new RangeError(`entry ${seq} was never written; the last one is ${this.#writtenSeq}`);
    if (seq <= this.#durableSeq) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ seq, resolve, reject });
      if (!this.#isSyncing) this.#sync();
    });
  }

  /** @throws the last sync's error: the journal can no longer be relied on. */
  assertWell(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Syncs the rest and closes. @throws the error of this or an earlier sync: a later success proves nothing. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isClosed = true;
    try {
      this.assertWell();
      fdatasyncSync(this.#fd);
      this.#onDurable(this.#writtenSeq);
      this.#settle(this.#writtenSeq);
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    } finally {
      // A sync in progress uses the descriptor: it is closed afterwards.
      if (!this.#isSyncing) closeSync(this.#fd);
    }
  }

  #sync(): void {
    const seq = this.#writtenSeq;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isSyncing = true;
    fdatasync(this.#fd, (error) => {
      this.#isSyncing = false;
      if (this.#isClosed) closeSync(this.#fd);
      else if (error !== null) this.#fail(error);
      else {
        this.#onDurable(seq);
        this.#settle(seq);
        if (this.#waiters.length > 0) this.#sync();
        else if (this.#writtenSeq > seq) this.written(this.#writtenSeq);
      }
    });
  }

  #settle(seq: number): void {
    this.#durableSeq = seq;
    const settled = this.#waiters.filter((waiter) => waiter.seq <= seq);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq);
    for (const { resolve } of settled) resolve();
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}
