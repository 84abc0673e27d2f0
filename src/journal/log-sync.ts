import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/**
 * What nobody waits for is synced so soon after, all at once: what a power cut may take is what the exchange is asked again
 * anyway. A killed process loses nothing of it.
 */
export const SYNC_WITHIN_MS = 100;

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Syncs SQLite's write-ahead log beside SQLite, off the event loop: one sync for everything written before it began, another
 * for what came meanwhile. SQLite keeps the same file for as long as the journal is open, and takes its locks on others:
 * closing this descriptor drops none.
 */
export class LogSync {
  readonly #fd: number;
  readonly #onDurable: (seq: number) => void;
  /** One for each create and message that is about to leave: as many as there are submissions, and one. */
  #waiters: Waiter[] = [];
  #writtenSeq: number;
  #durableSeq: number;
  #timer: NodeJS.Timeout | null = null;
  #isSyncing = false;
  #isClosed = false;
  #failure: Error | null = null;

  /**
   * @param durableSeq the last entry that is on the disk
   * @param onDurable receives up to which entry the log is on the disk
   * @throws when the log cannot be opened.
   */
  constructor(path: string, durableSeq: number, onDurable: (seq: number) => void) {
    this.#fd = openSync(path, 'r+');
    this.#writtenSeq = durableSeq;
    this.#durableSeq = durableSeq;
    this.#onDurable = onDurable;
  }

  /** The entry was written: on the disk within SYNC_WITHIN_MS and one sync. */
  written(seq: number): void {
    this.#writtenSeq = seq;
    if (this.#timer !== null || this.#isSyncing) return;
    this.#timer = setTimeout(() => this.#sync(), SYNC_WITHIN_MS);
    this.#timer.unref();
  }

  /** What is removed was settled long ago: it may come back. */
  removed(): void {}

  /** Resolves when everything up to that entry is on the disk: synced at once, or right after the sync under way. */
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

  /** @throws what the last sync failed with: what may not be on the disk is nothing to go on from. */
  assertWell(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Syncs what is left and ends. @throws what that, or a sync before it, failed with: one that succeeds later proves nothing. */
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
      // A sync under way holds the descriptor: it is closed when that ends.
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
