import { Decimal, max, min } from './decimal.ts';
import { ACCOUNTS, type AccountName, type SymbolSnapshot } from './model.ts';
import { type Reason, reason } from './reasons.ts';
import type { MarkDoubt, SymbolState } from './symbol-state.ts';

/** Whether a mark may determine sizes and limits (strategy 3.1): a wrong mark or a wrong book must not. */

/** Best bid and ask as the gateway read them. */
export interface Touch {
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly atMs: number;
  /** How often our clock had been set back when it arrived. */
  readonly era: number;
}

/**
 * How far outside a fresh book a mark may lie, and how near a second read must confirm it: a share of the book's mid.
 */
const NEAR = new Decimal('0.05');
/** How far a mark may move from the last accepted one, and the accounts' marks may differ, as a share. */
const LARGEST_MOVE = new Decimal('0.2');
/** The accepted mark is stored only when it has moved by 1 %, since each change is a journal write. */
const KEPT_WITHIN = new Decimal('0.01');

/**
 * `accepted`: used. `in-question`: contradicted by an older book, or not confirmed yet: a book is requested and nothing
 * is opened. `doubtful`: openings are cancelled as well (strategy 3.1).
 */
export type MarkTrust = 'accepted' | 'in-question' | 'doubtful';

export interface MarkJudgement {
  readonly trust: MarkTrust;
  readonly read: Decimal;
  /**
   * Lowest and highest plausible value: the mark itself if accepted, else also the book's mid and the last accepted.
   */
  readonly low: Decimal;
  readonly high: Decimal;
  /** The best prices; null: no book fresh enough to size an order by (strategy 6.2). */
  readonly touch: { readonly bid: Decimal; readonly ask: Decimal } | null;
}

/** A mark as it was read. */
interface MarkReading {
  readonly mark: Decimal;
  /** The other account's mark by its latest read; null: it is flat, or the mark is the book's mid. */
  readonly other: Decimal | null;
  /** When its source was requested, or, for a book, received. */
  readonly atMs: number;
  /** Both accounts are flat: the mark is the mid of the book. */
  readonly isMiddle: boolean;
}

export interface JudgedMark {
  readonly judgement: MarkJudgement;
  /** The price that values the pair: the mark, or while it is not accepted the last accepted one or the book's mid. */
  readonly valued: Decimal;
  readonly memory: Pick<SymbolState, 'acceptedMark' | 'markDoubt'>;
  /** A newer book would decide. */
  readonly bookWanted: boolean;
}

/** The mark by both fresh reads (strategy 3.1): the newest position's; both flat: the book's mid. null: neither. */
export function readMark(
  snapshots: Readonly<Record<AccountName, SymbolSnapshot>>,
  touch: Touch | null,
): MarkReading | null {
  const held = ACCOUNTS.flatMap((account) => {
    const { position, requestedAtMs } = snapshots[account];
    return position === null ? [] : [{ position, requestedAtMs }];
  });
  const [first, second] = held;
  const isLater = second !== undefined && second.position.eventTimeNs > (first?.position.eventTimeNs ?? 0n);
  const [newest, other] = isLater ? [second, first] : [first, second];
  const reading =
    newest !== undefined
      ? {
          mark: newest.position.markPrice,
          other: other?.position.markPrice ?? null,
          atMs: newest.requestedAtMs,
          isMiddle: false,
        }
      : touch === null
        ? null
        : { mark: middleOf(touch), other: null, atMs: touch.atMs, isMiddle: true };
  return reading?.mark.gt(0) ? reading : null;
}

/**
 * Judges a mark (strategy 3.1). It becomes doubtful if it lies outside a book received after it was requested and more
 * than 5 % from its mid, has moved more than 20 % since the last accepted one, or if the accounts' marks differ by more
 * than 20 %. The doubt ends with a read at least one interval later that no book contradicts and that is within 5 % of
 * the doubted read or of the book's mid, or no longer such a move.
 * @param touch not stale; null: none
 */
export function judgeMark(
  { acceptedMark: accepted, markDoubt }: Pick<SymbolState, 'acceptedMark' | 'markDoubt'>,
  reading: MarkReading,
  touch: Touch | null,
  { nowMs, loopIntervalMs }: { readonly nowMs: number; readonly loopIntervalMs: number },
): JudgedMark {
  const { mark, other, atMs, isMiddle } = reading;
  const middle = touch === null ? null : middleOf(touch);
  const contradicted = touch !== null && isOutside(mark, touch);
  const bookIsNewer = touch !== null && touch.atMs >= atMs;
  const moved = hasMoved(mark, accepted);
  const apart = other !== null && isFar(other, mark, LARGEST_MOVE);
  const doubt = markDoubt === null ? null : notAfter(markDoubt, nowMs);

  const judged = (trust: MarkTrust, next: MarkDoubt | null): JudgedMark => {
    const isAccepted = trust === 'accepted';
    const may = isAccepted ? [] : [middle, accepted, other].filter((one) => one !== null);
    return {
      judgement: {
        trust,
        read: mark,
        low: min(mark, ...may),
        high: max(mark, ...may),
        touch: touch === null ? null : { bid: touch.bid, ask: touch.ask },
      },
      valued: isAccepted ? mark : (accepted ?? middle ?? mark),
      memory: { acceptedMark: isAccepted ? kept(accepted, mark) : accepted, markDoubt: next },
      bookWanted: !isAccepted && (isMiddle ? nowMs - atMs >= loopIntervalMs : !bookIsNewer),
    };
  };

  if (doubt === null) {
    if ((contradicted && bookIsNewer) || moved || apart) {
      return judged('doubtful', { mark, readAtMs: atMs, sinceMs: atMs });
    }
    // There is no accepted mark to compare with: the first one needs a book (strategy 3.1).
    const unproven = accepted === null && touch === null && !isMiddle;
    return judged(contradicted || unproven ? 'in-question' : 'accepted', null);
  }
  if (atMs < doubt.sinceMs + loopIntervalMs) return judged('doubtful', doubt);
  const isLater = atMs >= doubt.readAtMs + loopIntervalMs;
  const nearBook = middle !== null && !isFar(mark, middle, NEAR);
  const nearFirst = isLater && !isFar(mark, doubt.mark, NEAR);
  const isBack = accepted !== null && !moved;
  if (!contradicted && !apart && (nearBook || nearFirst || isBack)) return judged('accepted', null);
  // The next read is compared with this one: a moving mark is accepted once it has settled.
  return judged('doubtful', isLater && !nearFirst ? { ...doubt, mark, readAtMs: atMs } : doubt);
}

/** More than 20 % from the last accepted mark (strategy 3.1); null: there is none yet. */
export function hasMoved(mark: Decimal, accepted: Decimal | null): boolean {
  return accepted !== null && isFar(mark, accepted, LARGEST_MOVE);
}

export function whyDoubted({ read, trust, touch }: MarkJudgement, accepted: Decimal | null): Reason {
  return reason(trust === 'doubtful' ? 'mark-doubtful' : 'mark-in-question', '3.1', {
    read: read.toFixed(),
    accepted: accepted?.toFixed() ?? null,
    book: touch === null ? null : { bid: touch.bid.toFixed(), ask: touch.ask.toFixed() },
  });
}

function middleOf({ bid, ask }: { readonly bid: Decimal; readonly ask: Decimal }): Decimal {
  return bid.plus(ask).div(2);
}

function isOutside(mark: Decimal, touch: { readonly bid: Decimal; readonly ask: Decimal }): boolean {
  return (mark.lt(touch.bid) || mark.gt(touch.ask)) && isFar(mark, middleOf(touch), NEAR);
}

/** More than that share of the reference away from it. */
function isFar(value: Decimal, reference: Decimal, share: Decimal): boolean {
  return value.minus(reference).abs().gt(reference.mul(share));
}

function kept(previous: Decimal | null, mark: Decimal): Decimal {
  return previous !== null && !isFar(mark, previous, KEPT_WITHIN) ? previous : mark;
}

/** Limits a time in the future (our clock was set back) to now. */
function notAfter(doubt: MarkDoubt, nowMs: number): MarkDoubt {
  if (doubt.readAtMs <= nowMs && doubt.sinceMs <= nowMs) return doubt;
  return { ...doubt, readAtMs: Math.min(doubt.readAtMs, nowMs), sinceMs: Math.min(doubt.sinceMs, nowMs) };
}
