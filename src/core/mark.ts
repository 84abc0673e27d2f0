import { Decimal, max, min } from './decimal.ts';
import { ACCOUNTS, type AccountName, type SymbolSnapshot } from './model.ts';
import { type Reason, reason } from './reasons.ts';
import type { MarkDoubt, SymbolState } from './symbol-state.ts';

/** Whether a mark may decide sizes and limits (strategy 3.1). A wrong mark, or a wrong book, must not. */

/** Best bid and ask as the gateway read them. */
export interface Touch {
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly atMs: number;
  /** Of our clock when it came. */
  readonly era: number;
}

/** How far outside a fresh book a mark may lie, as a share of the book's middle; and how close a second reading confirms. */
const NEAR = new Decimal('0.05');
/** How far a mark may move from the last accepted one, as a share of that one, and the accounts' marks lie apart. */
const LARGEST_MOVE = new Decimal('0.2');
/**
 * The accepted mark is kept to within 1 %: every change of it is written to the journal, and one at each reading would be
 * a write for each symbol and poll.
 */
const KEPT_WITHIN = new Decimal('0.01');

/**
 * `accepted`: it decides. `in-question`: the book at hand contradicts it and is older, or nothing has confirmed it yet: a
 * book is asked for, nothing is opened meanwhile. `doubtful`: openings are cancelled too (strategy 3.1).
 */
export type MarkTrust = 'accepted' | 'in-question' | 'doubtful';

/** What sizes and limits are judged by. */
export interface MarkJudgement {
  readonly trust: MarkTrust;
  /** The mark as read. */
  readonly read: Decimal;
  /** Lowest and highest of what it may truly be: the mark itself while accepted, else also the book's middle and the last accepted. */
  readonly low: Decimal;
  readonly high: Decimal;
  /** The book's best prices; null: none that is fresh enough to size an order by (strategy 6.2). */
  readonly touch: { readonly bid: Decimal; readonly ask: Decimal } | null;
}

/** A mark as it was read. */
interface MarkReading {
  readonly mark: Decimal;
  /** The other account's, of its latest reading; null: that one is flat, or the mark is the book's middle. */
  readonly other: Decimal | null;
  /** When what it is from was requested, or received where that is the book. */
  readonly atMs: number;
  /** Both accounts are flat: it is the middle of the book. */
  readonly isMiddle: boolean;
}

export interface JudgedMark {
  readonly judgement: MarkJudgement;
  /** What values the pair: the mark; while that is not accepted the last accepted one, else the book's middle. */
  readonly valued: Decimal;
  readonly memory: Pick<SymbolState, 'acceptedMark' | 'markDoubt'>;
  /** A newer book would settle it. */
  readonly bookWanted: boolean;
}

/**
 * Reads the mark of both accounts' fresh readings (strategy 3.1): the newest position's; both flat: the middle of the touch.
 * null when there is neither, or it is not above zero.
 */
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
 * Judges a mark (strategy 3.1).
 *
 * It becomes doubtful if it lies outside a book received since it was asked for and more than 5 % from that book's middle, if
 * it has moved more than 20 % since the last accepted one, or if the two accounts' marks are more than 20 % apart. The doubt
 * ends with a reading of at least one interval later that no book contradicts, and that is within 5 % of the reading that was
 * doubted or of the book's middle, or is no such move any more.
 *
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
    // Nothing has been accepted yet that it could be held against: the first one needs a book (strategy 3.1).
    const unproven = accepted === null && touch === null && !isMiddle;
    return judged(contradicted || unproven ? 'in-question' : 'accepted', null);
  }
  if (atMs < doubt.sinceMs + loopIntervalMs) return judged('doubtful', doubt);
  const isLater = atMs >= doubt.readAtMs + loopIntervalMs;
  const nearBook = middle !== null && !isFar(mark, middle, NEAR);
  const nearFirst = isLater && !isFar(mark, doubt.mark, NEAR);
  const isBack = accepted !== null && !moved;
  if (!contradicted && !apart && (nearBook || nearFirst || isBack)) return judged('accepted', null);
  // The next reading is held against this one: a mark that goes on moving is accepted once it moves no further.
  return judged('doubtful', isLater && !nearFirst ? { ...doubt, mark, readAtMs: atMs } : doubt);
}

/** More than 20 % away from the last accepted mark (strategy 3.1); null: there is none yet. */
export function hasMoved(mark: Decimal, accepted: Decimal | null): boolean {
  return accepted !== null && isFar(mark, accepted, LARGEST_MOVE);
}

/** Why a mark decides nothing now. */
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

/** Outside the book, and more than 5 % from its middle. */
function isOutside(mark: Decimal, touch: { readonly bid: Decimal; readonly ask: Decimal }): boolean {
  return (mark.lt(touch.bid) || mark.gt(touch.ask)) && isFar(mark, middleOf(touch), NEAR);
}

/** More than that share of the reference away from it. */
function isFar(value: Decimal, reference: Decimal, share: Decimal): boolean {
  return value.minus(reference).abs().gt(reference.mul(share));
}

function kept(former: Decimal | null, mark: Decimal): Decimal {
  return former !== null && !isFar(mark, former, KEPT_WITHIN) ? former : mark;
}

/** A time to come is from before our clock was set back, and counts as now. */
function notAfter(doubt: MarkDoubt, nowMs: number): MarkDoubt {
  if (doubt.readAtMs <= nowMs && doubt.sinceMs <= nowMs) return doubt;
  return { ...doubt, readAtMs: Math.min(doubt.readAtMs, nowMs), sinceMs: Math.min(doubt.sinceMs, nowMs) };
}
