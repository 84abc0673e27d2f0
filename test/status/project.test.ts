import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ZERO } from '../../src/core/decimal.ts';
import type { AccountName } from '../../src/core/model.ts';
import { sign } from '../../src/core/symbol-state.ts';
import { waitingOf } from '../../src/core/valuing.ts';
import { gatewayStatus, symbolStatus } from '../../src/status/project.ts';
import type { SymbolStatus } from '../../src/web/index.ts';
import { d, seen } from '../support/core.ts';
import { testIntent } from '../support/fake-exchange.ts';
import '../support/fixed-seed.ts';
import { SymbolBench } from '../support/symbol-bench.ts';

/** What happens to a symbol: its orders trade, and its accounts' slices come, the position at times behind the fills. */
type Act =
  | { readonly do: 'trade'; readonly order: number; readonly size: number }
  | { readonly do: 'read'; readonly account: AccountName; readonly lags: boolean }
  | { readonly do: 'wait'; readonly ms: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('trade' as const), order: fc.nat(3), size: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ do: fc.constant('read' as const), account: fc.constantFrom('A', 'B'), lags: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 3_000, 12_000) }),
);

/** A symbol whose orders rest and trade, with what an exchange would show of it. */
class Traded extends SymbolBench {
  readonly #traded = new Map<string, number>();
  readonly #held: Record<AccountName, number> = { A: 5, B: -5 };
  readonly #shown: Record<AccountName, number> = { A: 5, B: -5 };
  #ids = 0;
  #former: SymbolStatus | null = null;

  constructor() {
    super();
    for (const account of ['A', 'B', 'A', 'B'] as const) this.do({ do: 'read', account, lags: false });
  }

  do(act: Act): void {
    if (act.do === 'wait') this.wait(act.ms);
    if (act.do === 'trade') {
      const order = this.orders[act.order];
      if (order === undefined) return;
      const before = this.#traded.get(order.clientOrderId) ?? 0;
      const now = Math.min(order.size.toNumber(), before + act.size);
      this.#traded.set(order.clientOrderId, now);
      this.#held[order.account] += sign(order.side) * (now - before);
    }
    if (act.do === 'read') {
      const { account, lags } = act;
      if (!lags) this.#shown[account] = this.#held[account];
      const rows = this.orders
        .filter((order) => order.account === account)
        .map((order) => {
          const tradedSize = d(this.#traded.get(order.clientOrderId) ?? 0);
          const status = tradedSize.gte(order.size) ? 'FILLED' : 'OPEN';
          return seen(order, { status, tradedSize, avgFillPrice: order.price });
        });
      this.read(account, this.#shown[account], rows);
    }
    for (const intent of this.asked) {
      this.#ids += 1;
      const id = `${intent.account}${this.#ids}`;
      this.sent(intent, id, 100);
      this.ended(intent, { kind: 'confirmed', clientOrderId: id });
    }
  }

  /** Looked at after each act, as the page does. */
  look(): SymbolStatus {
    const change = this.reported('state.changed').at(-1);
    this.#former = symbolStatus(
      {
        config: this.context.config,
        context: this.context,
        state: this.phase,
        lastPhase: change === undefined ? null : { ...change, phase: change.to, sinceMs: change.atMs, isFirst: false },
        lastTouch: null,
        nowMs: this.nowMs,
      },
      this.#former,
    );
    return this.#former;
  }
}

describe('what is shown of a symbol is of one moment', () => {
  test('never “hedged” beside a net, nor a net beside positions that have none', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(fc.array(act, { minLength: 5, maxLength: 40 }), (acts) => {
        const bench = new Traded();
        const checked = new Set<SymbolStatus>();
        for (const one of acts) {
          bench.do(one);
          const now: SymbolStatus = bench.look();
          if (checked.has(now)) continue;
          checked.add(now);
          const { phase, net, hedged, open, positions, waits } = now;
          const { state } = bench.context;
          const waiting = waitingOf(state.orders, 'A').plus(waitingOf(state.orders, 'B'));
          const held = d(positions.A.size).plus(positions.B.size);
          assert.equal(net, held.minus(waiting).toFixed(), `${phase}: A + B`);
          const size = open === null ? ZERO : d(open.size);
          if (phase === 'equal') assert.deepEqual([hedged, net, open], [true, '0', null]);
          if (phase === 'imbalanced') {
            assert.equal(hedged, false);
            assert.equal(size.toFixed(), d(net).plus(waiting).abs().toFixed(), 'messages name the net of the page');
          }
          const lags = ['A', 'B'].some((account) => {
            const shown = bench.context.snapshots[account as AccountName]?.position?.size ?? ZERO;
            return !shown.eq(positions[account as AccountName].size);
          });
          met.add(`${phase}${lags ? ', positions lag' : ''}`).add(waits);
        }
      }),
      { numRuns: 150 },
    );
    for (const one of ['equal', 'imbalanced', 'partial-wait', 'imbalanced, positions lag'])
      assert.ok(met.has(one), one);
  });
});

test('the gateway: what is queued for each account, and what is in progress', () => {
  const queues = { A: [{ number: 1, intent: testIntent() }], B: [] };
  const jobs = {
    'touch#2': { kind: 'touch', instrument: 'BNB_USDT_Perp' },
    'cancel#3': { kind: 'cancel', account: 'B', instrument: 'BNB_USDT_Perp', clientOrderId: '7' },
  } as const;
  const snapshot = { value: 'trading', context: { memory: { queues, jobs } } };
  assert.deepEqual(gatewayStatus(snapshot), { state: 'trading', queued: { A: 1, B: 0 }, jobs: 2 });
  assert.equal(gatewayStatus(undefined), null);
});
