import { Gauge, type Registry } from 'prom-client';
import { Decimal } from '../core/decimal.ts';
import type { SymbolPhase } from '../core/facts.ts';
import { ACCOUNTS, type AccountName, TRADING_STATES } from '../core/model.ts';
import type { AccountStatus, MoneyLine, MoneySpans, Status, SymbolStatus } from '../status/model.ts';

/** The gauges for Prometheus: each with its series by the status at the time of the scrape. */

type Value = number | string | boolean | null;
/** A series with its labels; null: there is none. */
type Series = readonly [labels: Readonly<Record<string, string>>, value: Value];

interface Row {
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly series: (status: Status) => readonly Series[];
}

/** Every phase of a symbol, each a series of its own, so that its time can be summed. */
const PHASES: readonly SymbolPhase[] = [...TRADING_STATES, 'waiting', 'draining', 'stopped'];

function labelled(help: string, labelNames: readonly string[], series: Row['series']): Row {
  return { help, labelNames, series };
}

function single(help: string, read: (status: Status) => Value): Row {
  return labelled(help, [], (status) => [[{}, read(status)]]);
}

function perSymbol(help: string, read: (one: SymbolStatus, status: Status) => Value): Row {
  return labelled(help, ['instrument'], (status) =>
    status.symbols.map((one) => [{ instrument: one.instrument }, read(one, status)]),
  );
}

/** Of each symbol on each account. */
function perPosition(help: string, read: (one: SymbolStatus, account: AccountName, status: Status) => Value): Row {
  return labelled(help, ['instrument', 'account'], (status) =>
    status.symbols.flatMap((one) =>
      ACCOUNTS.map((account): Series => [{ instrument: one.instrument, account }, read(one, account, status)]),
    ),
  );
}

function perAccount(help: string, read: (one: AccountStatus, status: Status) => Value): Row {
  return labelled(help, ['account'], (status) =>
    status.accounts.map((one) => [{ account: one.account }, read(one, status)]),
  );
}

/** Of each budget of requests. */
function perBucket(help: string, read: (one: Status['budget'][number]) => Value): Row {
  return labelled(help, ['account', 'bucket'], ({ budget }) =>
    budget.map((one) => [{ account: one.account ?? '-', bucket: one.bucket }, read(one)]),
  );
}

function since(ms: number | null, { atMs }: Status): number | null {
  return ms === null ? null : Math.max(0, atMs - ms) / 1000;
}

function oldestLot({ lots }: SymbolStatus): number | null {
  return lots.length === 0 ? null : Math.min(...lots.map((lot) => lot.bookedAtMs));
}

/** By name, without the prefix. */
const GAUGES: Readonly<Record<string, Row>> = {
  info: labelled('Always 1; the mode is a label.', ['mode'], ({ mode }) => [[{ mode }, 1]]),
  engine_state: labelled('1 for the state the engine is in.', ['state'], ({ engine: state }) => [[{ state }, 1]]),
  symbol_state: labelled(
    '1 for the state the symbol is in, 0 for the others.',
    ['instrument', 'state'],
    ({ symbols }) =>
      symbols.flatMap(({ instrument, phase }) =>
        PHASES.map((state): Series => [{ instrument, state }, state === phase]),
      ),
  ),
  symbol_halted: perSymbol('1 after an invariant broke there: no new orders.', (one) => one.halted),
  symbol_unlisted: perSymbol('1 while the exchange does not list it: no new orders.', (one) => one.unlisted),
  position_size: perPosition('Position, base units, signed.', (one, account) => one.positions[account].size),
  position_notional_usdt: perPosition(
    'Position at the mark, USDT, signed.',
    (one, account) => one.positions[account].notionalUsdt,
  ),
  net_usdt: perSymbol('Settled A + B at the mark, USDT, signed.', (one) => one.netUsdt),
  gap_usdt: perSymbol(
    'What the live orders against the net leave uncovered, USDT (strategy 6.4).',
    (one) => one.gapUsdt,
  ),
  mark_price: perSymbol('Mark price both accounts are valued at.', (one) => one.mark),
  open_lots: perSymbol('Lots waiting for their hedge.', (one) => one.lots.length),
  oldest_lot_age_seconds: perSymbol(
    'Age of the oldest open lot; 0 when there is none.',
    (one, status) => since(oldestLot(one), status) ?? 0,
  ),
  unhedged_seconds: perSymbol(
    'How long the symbol has been unhedged; 0 while hedged.',
    (one, status) => since(one.unhedged?.fromMs ?? null, status) ?? 0,
  ),
  gained_usdt: perSymbol('Gained by hedges and unwinds since the journal began, USDT.', (one) => one.gainedUsdt),
  earned_usdt: labelled(
    'Earned today and in 7 days, by part; paid is below zero. total: all of it.',
    ['span', 'part'],
    ({ money }) => earnings(money),
  ),
  symbol_earned_usdt: labelled('The same of one symbol.', ['instrument', 'span', 'part'], ({ symbols }) =>
    symbols.flatMap(({ instrument, money }) => earnings(money, { instrument })),
  ),
  volume_usdt: labelled('Value of the fills of today and of 7 days.', ['span'], ({ money }) =>
    spansOf(money).map(([span, { volume }]) => [{ span }, volume]),
  ),
  symbol_volume_usdt: labelled('The same of one symbol.', ['instrument', 'span'], ({ symbols }) =>
    symbols.flatMap(({ instrument, money }) =>
      spansOf(money).map(([span, { volume }]): Series => [{ instrument, span }, volume]),
    ),
  ),
  openings_stopped: single('1 while openings are stopped (strategy 8.6).', (status) => status.openingsStop !== null),
  free_margin_usdt: perAccount('Equity less initial margin, live orders included.', (one) => one.freeMarginUsdt),
  liquidation_distance: perAccount(
    'Of the nearest liquidation price from the mark, as a share.',
    (one) => one.liquidation?.distance ?? null,
  ),
  live_orders: perPosition(
    'Live strategy orders.',
    (one, account) => one.orders.filter((order) => order.account === account).length,
  ),
  data_age_seconds: perPosition('Age of the data the symbol decides on.', (one, account, status) =>
    since(one.dataAtMs[account], status),
  ),
  equity_usdt: perAccount('Total equity.', (one) => one.equityUsdt),
  margin_ratio: perAccount('Maintenance margin / equity.', (one) => one.marginRatio),
  margin_ratio_threshold: single(
    'The ratio at which an alert is raised.',
    ({ settings }) => settings.mmrAlertThreshold,
  ),
  poll_age_seconds: perAccount('Since the newest complete reading was asked for.', (one, status) =>
    since(one.polledAtMs, status),
  ),
  session_seconds_left: perAccount('Until the session must be renewed.', ({ sessionUntilMs }, { atMs }) =>
    sessionUntilMs === null ? null : (sessionUntilMs - atMs) / 1000,
  ),
  request_budget_left: perBucket('Units of the budget that can be spent now.', (one) => one.left),
  requests_waiting: perBucket('Requests waiting for the budget.', (one) => one.waiting),
  stream_up: perAccount('1 while the stream is up.', ({ stream }) => (stream === null ? null : stream === 'up')),
  gateway_queued: perAccount(
    'Intents waiting in the gateway.',
    ({ account }, { gateway }) => gateway?.queued[account] ?? null,
  ),
  alerts_open: labelled('Alerts that hold.', ['kind'], ({ alerts }) => {
    const kinds = alerts.filter(({ over }) => !over).map(({ kind }) => kind);
    return [...new Set(kinds)].map((kind) => [{ kind }, kinds.filter((one) => one === kind).length]);
  }),
  outbox_depth: single('Alerts waiting to be delivered.', (status) => status.outboxWaiting),
  resident_memory_bytes: single('Resident memory of the process.', () => process.memoryUsage.rss()),
};

/** Registers all gauges. @returns sets them by a status */
export function createGauges(registry: Registry): (status: Status) => void {
  const gauges = Object.entries(GAUGES).map(([name, { help, labelNames, series }]) => {
    const gauge = new Gauge({ name: `grvt_hedge_${name}`, help, labelNames: [...labelNames], registers: [registry] });
    return { gauge, series };
  });
  return (status) => {
    for (const { gauge, series } of gauges) {
      // Removes series of symbols and alerts that no longer exist.
      gauge.reset();
      for (const [labels, value] of series(status)) if (value !== null) gauge.set(labels, asNumber(value));
    }
  };
}

/** The only conversion of decimals to floats: metrics are for display, never for decisions. */
function asNumber(value: number | string | boolean): number {
  return typeof value === 'string' ? new Decimal(value).toNumber() : Number(value);
}

function spansOf(spans: MoneySpans | null): readonly (readonly ['today' | 'week', MoneyLine])[] {
  return spans === null ? [] : (['today', 'week'] as const).map((span) => [span, spans[span]]);
}

/** A total and its parts, positive when received; other currencies are not included. */
function earnings(spans: MoneySpans | null, labels: Readonly<Record<string, string>> = {}): readonly Series[] {
  const received = (amounts: MoneyLine['fees']) => new Decimal(amounts.USDT ?? 0).neg().toFixed();
  return spansOf(spans).flatMap(([span, line]) => {
    const { spread, unwinds, unrealised, differences, total } = line;
    const [fees, funding] = [received(line.fees), received(line.funding)];
    const parts = { spread, unwinds, fees, funding, unrealised, differences, total };
    return Object.entries(parts).map(([part, value]): Series => [{ ...labels, span, part }, value]);
  });
}
