import type { PaperAccount } from './model.ts';

/** A mark price that is shown instead of the true one. */
interface ShownMark {
  /** 1e-9. */
  readonly price: bigint;
  /** By the exchange's clock. */
  readonly fromMs: number;
  /** Likewise; infinite: until it is taken back. */
  readonly untilMs: number;
  /** Answers to `positions` that still show it; infinite: all. */
  left: number;
}

/**
 * Wrong marks, as the exchange has served them: by instrument, and by account or for both, where tickers show them too. Margins
 * and what is traded go by the true mark.
 */
export class ShownMarks {
  /** At most one for each instrument and account, so bounded by those. */
  readonly #marks = new Map<string, ShownMark>();

  set(instrument: string, account: PaperAccount | null, shown: ShownMark | null): void {
    const key = keyOf(instrument, account);
    if (shown === null) this.#marks.delete(key);
    else this.#marks.set(key, shown);
  }

  /** What a row of that account, or a ticker (null), shows; null: the true one. */
  of(instrument: string, account: PaperAccount | null, clockMs: number): bigint | null {
    return this.#inForce(instrument, account, clockMs)?.price ?? null;
  }

  /** Whether the instrument's mark has been shown wrong for longer than `forMs`, until at most `agoMs` ago. */
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
