import { Decimal } from '../../src/core/decimal.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import type { PaperExchange } from '../../src/paper/index.ts';
import type { ForeignOrder } from './scenario.ts';

/** What a run came to: what must be the same however often the engine was killed on the way. */
export interface Outcome {
  /** `A BNB_USDT_Perp 1.06`, by the exchange. */
  readonly positions: readonly string[];
  /** `A BNB_USDT_Perp buy 0.1 @ 620`, by the journal; lots of one price added up. */
  readonly lots: readonly string[];
  /** `BNB_USDT_Perp 3 hedges 0.96 gain 0.096`. */
  readonly realised: readonly string[];
}

export function outcomeOf(exchange: PaperExchange, journal: EngineJournal): Outcome {
  const states = journal.latestOfEach('symbol.state').map((entry) => entry.body as SymbolState);
  const lots = new Map<string, Decimal>();
  for (const state of states) {
    for (const lot of state.lots) {
      const name = `${lot.account} ${state.instrument} ${lot.side} @ ${lot.price.toFixed()}`;
      lots.set(name, (lots.get(name) ?? new Decimal(0)).plus(lot.size));
    }
  }
  return {
    positions: exchange.venue.accounts
      .flatMap((account) =>
        [...account.holdings.values()]
          .filter((holding) => holding.size !== 0n)
          .map(
            (holding) => `${account.name} ${holding.spec.name} ${new Decimal(String(holding.size)).div(1e9).toFixed()}`,
          ),
      )
      .sort(),
    lots: [...lots].map(([name, size]) => `${name}: ${size.toFixed()}`).sort(),
    realised: states
      .map(
        ({ instrument, realised }) =>
          `${instrument} hedged ${realised.hedgedSize.toFixed()}, gain ${realised.hedgeGainUsdt.toFixed()}, ${realised.unwinds} unwinds`,
      )
      .sort(),
  };
}

/** What must never be, whatever happened: client ids used twice, foreign orders touched. Watches one exchange. */
export class Watch {
  readonly wrong: string[] = [];
  readonly #exchange: PaperExchange;
  /** Create bodies by client id. */
  readonly #creates = new Map<string, string>();
  creates = 0;

  constructor(exchange: PaperExchange) {
    this.#exchange = exchange;
    const handle = exchange.handle.bind(exchange);
    exchange.handle = (request, nowMs) => {
      if (request.path.endsWith('/create_order')) this.#heardCreate(request.body);
      if (request.path.endsWith('/cancel_order')) this.#heardCancel(request.body);
      if (request.path.endsWith('/cancel_all_orders')) this.wrong.push('every order was to be cancelled');
      return handle(request, nowMs);
    };
  }

  #heardCreate(body: string): void {
    const id = clientIdIn(body);
    this.creates += 1;
    if (this.#creates.has(id)) this.wrong.push(`client order id ${id} was sent twice`);
    this.#creates.set(id, body);
  }

  #heardCancel(body: string): void {
    const id = clientIdIn(body);
    if (id === '' || BigInt(id) >> 60n !== 0b1110n) this.wrong.push(`a cancel of what is not ours: ${body}`);
  }

  /** Client ids of the strategy orders that live at the exchange. */
  live(): string[] {
    return this.#exchange.venue.accounts
      .flatMap((account) => [...account.active.values()])
      .map((order) => order.clientOrderId)
      .filter((id) => BigInt(id) >> 60n === 0b1110n);
  }

  /** What is wrong at the end, by the exchange and the journal. */
  atTheEnd(journal: EngineJournal, foreign: ForeignOrder): string[] {
    const wrong = [...this.wrong];
    const { accounts } = this.#exchange.venue;
    const active = accounts.flatMap((account) => [...account.active.values()].map((order) => ({ account, order })));
    const alive = active.some(
      ({ account, order }) => account.name === foreign.account && order.orderId === foreign.orderId,
    );
    if (!alive) wrong.push('the foreign order is gone');
    const live = this.live();
    const states = journal.latestOfEach('symbol.state').map((entry) => entry.body as SymbolState);
    const known = states.flatMap((state) => state.orders.map((order) => order.clientOrderId));
    for (const id of live)
      if (!known.includes(id)) wrong.push(`an orphan: order ${id} lives and the engine does not know it`);
    for (const id of known) if (!live.includes(id)) wrong.push(`the engine believes that ${id} lives`);
    for (const state of states) {
      const net = state.lots.reduce(
        (sum, lot) => (lot.side === 'buy' ? sum.plus(lot.size) : sum.minus(lot.size)),
        new Decimal(0),
      );
      const waiting = state.orders.reduce((sum, order) => {
        const size = order.tradedSize.minus(order.bookedSize);
        return order.side === 'buy' ? sum.plus(size) : sum.minus(size);
      }, new Decimal(0));
      const held = accounts.reduce((sum, account) => sum + (account.holdings.get(state.instrument)?.size ?? 0n), 0n);
      if (!net.plus(waiting).mul(1e9).eq(held.toString())) {
        wrong.push(`${state.instrument}: lots ${net.toFixed()} and waiting ${waiting.toFixed()}, net ${held}e-9`);
      }
    }
    return wrong;
  }
}

/** The client order id a request names, in either of the exchange's spellings. */
function clientIdIn(body: string): string {
  const found = /"(?:client_order_id|co)":"(\d+)"/.exec(body)?.[1];
  if (found === undefined) throw new Error(`no client order id in ${body}`);
  return found;
}
