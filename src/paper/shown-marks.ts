import type { PaperAccount } from './model.ts';

/** A mark price shown instead of the true one. */
interface ShownMark {
  /** 1e-9. */
  readonly price: bigint;
  /** By the exchange's clock. */
  readonly fromMs: number;
  /** Likewise; infinite: until it is reset. */
  readonly untilMs: number;
  /** Answers to `positions` that still show it; infinite: all. */
  left: number;
}

/**
 * Wrong marks: by instrument, and for one account or both, in which case tickers show them too. Margins and trading use
 * the true mark.
 */
export class ShownMarks {
  /** Bounded: one for each instrument and account. */
  readonly #marks = new Map<string, ShownMark>();

  set(instrument: string, account: PaperAccount | null, shown: ShownMark | null): void {
    const key = keyOf(instrument, account);
    if (shown === null) this.#marks.delete(key);
    else this.#marks.set(key, shown);
  }

  /** The mark in a row of that account, or in a ticker (null); null: the true one. */
  of(instrument: string, account: PaperAccount | null, clockMs: number): bigint | null {
    return this.#inForce(instrument, account, clockMs)?.price ?? null;
  }

  /** Whether the instrument's mark was shown wrong for longer than `forMs`, until at most `agoMs` ago. */
  hasLasted(instrument: string, { forMs, agoMs }: { forMs: number; agoMs: number }, clockMs: number): boolean {
    return [...this.#marks].some(
      ([key, { fromMs, untilMs, left }]) =>
        key.startsWith(`${instrument} `) && left > 0 && clockMs - fromMs > forMs && clockMs < untilMs + agoMs,
    );
  }

  /** An answer to `positions` has shown that instrument. */
  answered(instrument: string, account: PaperAccount, clockMs: number): void {
    const shown = this.#inForce(instrument, account, clockMs);
    if (shown !== null) shown.left -= 1;
  }

  #inForce(instrument: string, account: PaperAccount | null, clockMs: number): ShownMark | null {
    for (const key of [keyOf(instrument, account), keyOf(instrument, null)]) {
      const shown = this.#marks.get(key);
      if (shown !== undefined && shown.left > 0 && clockMs < shown.untilMs) return shown;
    }
    return null;
  }
}

function keyOf(instrument: string, account: PaperAccount | null): string {
  return `${instrument} ${account?.subAccountId ?? ''}`;
}
