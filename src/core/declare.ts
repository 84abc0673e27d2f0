import type { Declared, DeclaredAccount } from './audit/declared.ts';
import type { AccountName, SymbolSnapshot } from './model.ts';
import type { Plan } from './plan.ts';
import type { PlanInput } from './plan-input.ts';
import { waitingOf } from './valuing.ts';

/** Stands for "no wire event", as in tests. */
const NO_WIRE = 0;

/** The inputs of a decision as its journal entry declares them, before planning filters anything (strategy 15.2). */
export function declare(
  { config, state, valuation }: PlanInput,
  plan: Plan,
  snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>,
): Declared {
  const accountOf = (account: AccountName): DeclaredAccount => {
    const snapshot = snapshots[account];
    const position = snapshot?.position ?? null;
    return {
      held: state.booked[account].plus(waitingOf(state.orders, account)),
      position: position === null ? null : { size: position.size, markPrice: position.markPrice },
      intact: snapshot?.intact ?? false,
      from: snapshot?.positionFrom ?? NO_WIRE,
    };
  };
  return {
    instrument: config.instrument,
    intents: plan.creates.map(({ intentId, account, side, size }) => ({ intentId, account, side, size })),
    mark: valuation.mark,
    accounts: { A: accountOf('A'), B: accountOf('B') },
    orders: state.orders
      .filter((order) => !order.isIntent)
      .map(({ account, clientOrderId, side, price, size, tradedSize, bookedSize }) => {
        return { account, clientOrderId, side, price, size, traded: tradedSize, booked: bookedSize };
      }),
    lots: state.lots.map(({ account, side, size, price }) => ({ account, side, size, price })),
  };
}
