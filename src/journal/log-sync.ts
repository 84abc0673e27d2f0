import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/**
 * What is written without waiting for the disk is synced in the background so soon after, all at once: what a power cut
 * may take is what the exchange is asked again anyway. A killed process loses nothing of it.
 */
export const SYNC_WITHIN_MS = 100;

/**
 * Syncs SQLite's write-ahead log beside SQLite, off the event loop. SQLite keeps the same file for as long as the journal
 * is open, and takes its locks on others: closing this descriptor drops none.
 */
export class LogSync {
  readonly #fd: number;
  readonly #onDurable: (seq: number) => void;
  #writtenSeq = 0;
  #timer: NodeJS.Timeout | null = null;
  #isSyncing = false;
  #isClosed = false;
  #failure: Error | null = null;

  /** @param onDurable hears up to which entry the log is on the disk. @throws when the log cannot be opened. */
  constructor(path: string, onDurable: (seq: number) => void) {
    this.#fd = openSync(path, 'r+');
    this.#onDurable = onDurable;
  }

  /** The entry was written: on the disk within SYNC_WITHIN_MS and one sync. */
  syncSoon(seq: number): void {
    this.#writtenSeq = seq;
    if (this.#timer !== null || this.#isSyncing) return;
    this.#timer = setTimeout(() => this.#sync(), SYNC_WITHIN_MS);
    this.#timer.unref();
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
    } finally {
      // A sync under way holds the descriptor: it is closed when that ends.
      if (!this.#isSyncing) closeSync(this.#fd);
    }
  }

  #sync(): void {
    const seq = this.#writtenSeq;
    this.#timer = null;
    this.#isSyncing = true;
    fdatasync(this.#fd, (error) => {
      this.#isSyncing = false;
      if (this.#isClosed) {
        closeSync(this.#fd);
        return;
      }
      if (error !== null) {
        this.#failure = error;
        return;
      }
      this.#onDurable(seq);
      if (this.#writtenSeq > seq) this.syncSoon(this.#writtenSeq);
    });
  }
}
