import { ZERO } from './decimal.ts';
import type { SymbolSnapshot } from './model.ts';
import { type AccountView, isTrusted } from './view.ts';
import { isOver } from './view-rows.ts';

/** A symbol's slice of the view (strategy 10.1); null: no read yet. */
export function sliceOf(
  view: AccountView,
  instrument: string,
  of: { readonly nowMs: number; readonly whole: boolean; readonly absent: readonly string[] },
): SymbolSnapshot | null {
  const part = view.parts[instrument];
  if (part === undefined || part.provenAtMs === null) return null;
  const open = part.orders.filter(({ order }) => !isOver(order));
  const unlisted = open.filter((row) => !row.listed).map(({ order }) => order.clientOrderId);
  return {
    account: view.account,
    requestedAtMs: part.provenAtMs,
    era: part.era,
    receivedAtMs: of.nowMs,
    whole: of.whole,
    intact: isTrusted(part),
    lastFrameAtMs: part.lastFrameAtMs,
    position: part.position,
    asRead: (part.position?.size ?? ZERO).eq(part.readSize),
    ...(part.positionFrom === undefined ? {} : { positionFrom: part.positionFrom }),
    orders: part.orders.map(({ order }) => order),
    ...(unlisted.length === 0 ? {} : { lookedUp: unlisted }),
    absent: of.absent,
  };
}
