import type { Fact } from '../../src/core/facts.ts';
import { reason } from '../../src/core/reasons.ts';
import type { Clock } from '../../src/ports.ts';
import { reasonWords } from '../../src/texts/reasons.ts';
import type { ChartFile, Status, SymbolStatus, WebOptions } from '../../src/web/index.ts';

/** An ordinary day. */
export const NOON_MS = Date.UTC(2026, 0, 15, 12);

/** A clock that stands still until it is set. */
export function handClock(nowMs = NOON_MS): Clock & { nowMs(): number; set(ms: number): void } {
  let at = nowMs;
  return {
    nowMs: () => at,
    set: (ms) => {
      at = ms;
    },
  };
}

/** One hedged symbol that quotes. */
export function symbolStatus(change: Partial<SymbolStatus> = {}): SymbolStatus {
  return {
    instrument: 'BNB_USDT_Perp',
    mode: 'increase',
    phase: 'equal',
    state: 'equal',
    sinceMs: NOON_MS - 5_000,
    sinceStart: false,
    why: reasonWords(reason('hedged', '5', { A: '0.48', B: '-0.48' })),
    idle: reasonWords(
      reason('quoting', '8.2', {
        orders: [
          { account: 'A', side: 'buy', size: '0.48', price: '619.9' },
          { account: 'B', side: 'sell', size: '0.48', price: '620.1' },
        ],
      }),
    ),
    waits: 'fills-to-open',
    halted: false,
    unlisted: false,
    symbolMode: 'trade',
    modeSources: { file: 'trade', commands: [] },
    leaving: null,
    rollout: null,
    mark: '620',
    touch: { bid: '619.9', ask: '620.1', atMs: NOON_MS },
    tickSize: '0.1',
    positions: {
      A: { size: '0.48', notionalUsdt: '297.60', entryPrice: '619.5' },
      B: { size: '-0.48', notionalUsdt: '-297.60', entryPrice: '620.4' },
    },
    net: '0',
    netUsdt: '0.00',
    gap: '0',
    gapUsdt: '0.00',
    hedged: true,
    smallestTradable: '0.01',
    totalUsdt: '595.20',
    limitUsdt: '5000',
    orders: [
      {
        clientOrderId: '16546779472449568768',
        account: 'A',
        side: 'buy',
        price: '619.9',
        size: '0.48',
        tradedSize: '0',
        purpose: 'opening',
        state: 'resting',
        sentAtMs: NOON_MS - 4_000,
        expiresAtMs: NOON_MS + 3_596_000,
      },
    ],
    lots: [],
    guard: null,
    dataAtMs: { A: NOON_MS - 900, B: NOON_MS - 800 },
    partialFill: null,
    cooldown: null,
    unhedged: null,
    open: null,
    hedges: 3,
    unwinds: 0,
    gainedUsdt: '0.432',
    money: null,
    ...change,
  };
}

export function status(change: Partial<Status> = {}): Status {
  return {
    atMs: NOON_MS,
    source: 'engine',
    mode: 'paper',
    name: 'one',
    timeZone: 'UTC',
    engine: 'trading',
    lastEntryAtMs: NOON_MS,
    stopped: null,
    startedAtMs: NOON_MS - 3_600_000,
    settings: {
      loopIntervalMs: 2_000,
      staleMs: 10_000,
      stuckMs: 21_600_000,
      mmrAlertThreshold: '0.7',
    },
    accounts: (['A', 'B'] as const).map((account) => ({
      account,
      idEnds: account === 'A' ? '4782' : '0114',
      poller: 'waiting',
      polledAtMs: NOON_MS - 900,
      pollTookMs: 40,
      failuresInARow: 0,
      failure: null,
      equityUsdt: '50000.5',
      maintenanceMarginUsdt: '145.93',
      marginRatio: '0.002919',
      freeMarginUsdt: '49000.25',
      liquidation: null,
      openOrders: 2,
      sessionUntilMs: NOON_MS + 1_800_000,
      stream: 'up',
    })),
    levelling: null,
    budget: [
      ...(['A', 'B'] as const).flatMap((account) => [
        { account, bucket: 'reads', left: 60, limit: 80, waiting: 0 },
        { account, bucket: 'creates', left: 80, limit: 80, waiting: 0 },
        { account, bucket: 'cancels', left: 80, limit: 80, waiting: 0 },
      ]),
      { account: null, bucket: 'market data', left: 68, limit: 80, waiting: 3 },
    ],
    symbols: [symbolStatus()],
    alerts: [],
    outboxWaiting: 0,
    money: null,
    openingsStop: null,
    gateway: { state: 'trading', queued: { A: 0, B: 0 }, jobs: 0 },
    figures: {
      ordersPlaced: 30,
      ordersFailed: 0,
      orderSuccessRate: 1,
      postOnlyRefusals: 4,
      postOnlyRefusalRate: 0.118,
      unknownOutcomes: 0,
      fills: 21,
      hedges: 10,
      gainedUsdt: '0.432',
      timeToHedgeMs: { median: 1_000, p90: 14_000 },
    },
    ...change,
  };
}

const COINS =
  'BTC ETH SOL BNB XRP DOGE ADA AVAX LINK DOT LTC TRX NEAR APT ARB OP SUI SEI TIA INJ ATOM FIL AAVE UNI MKR LDO RNDR FET ' +
  'WLD PEPE SHIB BONK WIF JUP PYTH ENA ONDO TON HYPE STX IMX GRT SNX CRV COMP RUNE KAS ALGO VET ICP HBAR ETC XLM EGLD ' +
  'SAND MANA AXS GALA CHZ ENS';

/** As many symbols, in every state there is. */
export function manySymbols(count: number): SymbolStatus[] {
  const phases = ['equal', 'imbalanced', 'partial-wait', 'capped', 'cooldown', 'waiting'] as const;
  return COINS.split(' ')
    .slice(0, count)
    .map((coin, index) => {
      const phase = phases[[0, 0, 1, 0, 3, 0, 2, 1, 0, 4, 0, 0, 5, 1][index % 14]!]!;
      const unhedged = phase === 'imbalanced';
      return symbolStatus({
        instrument: `${coin}_USDT_Perp`,
        phase,
        state: phase,
        net: unhedged ? '0.48' : '0',
        netUsdt: unhedged ? '297.60' : '0.00',
        hedged: !unhedged,
        lots: unhedged
          ? [
              {
                id: 1,
                account: 'A',
                side: 'buy',
                size: '0.48',
                price: '619.9',
                bookedAtMs: NOON_MS - 60_000,
                source: 'fill',
              },
            ]
          : [],
        guard: unhedged ? { side: 'sell', price: '619.9' } : null,
        why: reasonWords(
          unhedged
            ? reason('imbalanced', '5', { net: '0.48', usdt: '297.60' })
            : reason('hedged', '5', { A: '0.48', B: '-0.48' }),
        ),
        waits: unhedged ? 'fill-to-hedge' : 'fills-to-open',
        unhedged: unhedged ? { fromMs: NOON_MS - 60_000, untilMs: NOON_MS + 21_540_000 } : null,
        partialFill: phase === 'partial-wait' ? { fromMs: NOON_MS - 600_000, untilMs: NOON_MS + 1_200_000 } : null,
        cooldown:
          phase === 'cooldown'
            ? {
                fromMs: NOON_MS - 200_000,
                untilMs: NOON_MS + 100_000,
                reason: reasonWords(reason('attempts-used-up', '9.5', { attempts: 5 })),
              }
            : null,
      });
    });
}

export const CHART: ChartFile = {
  svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><g class="state" data-state="equal"/></svg>',
  mermaid: 'stateDiagram-v2\n',
  json: '{}',
};

/** What a web part needs, with nothing behind it. */
export function webOptions(change: Partial<WebOptions> = {}): WebOptions {
  return {
    port: 0,
    lang: () => 'en',
    version: '0.0.0',
    source: { status: () => status() },
    journal: null,
    charts: { symbol: CHART },
    clock: handClock(),
    redact: (text) => text,
    problems: () => [],
    controls: () => ({ token: () => null, parse: () => null, give: null }),
    publicUrl: () => null,
    ...change,
  };
}

export function stateChanged(instrument: string, atMs = NOON_MS): Fact {
  return {
    type: 'state.changed',
    atMs,
    instrument,
    from: 'equal',
    to: 'imbalanced',
    why: reason('imbalanced', '5', { net: '1', usdt: '620' }),
  };
}
