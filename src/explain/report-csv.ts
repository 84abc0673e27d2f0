import type { PaymentRow } from '../core/money.ts';
import type { BookedMatch, Report } from './report.ts';

const CSV_HEAD = [
  ...['time', 'type', 'account', 'instrument', 'trade_id', 'order_id', 'client_order_id', 'side', 'size', 'price'],
  ...['volume', 'amount', 'currency', 'origin', 'is_taker', 'lot_id', 'lot_price'],
] as const;
type CsvRow = Partial<Record<(typeof CSV_HEAD)[number], string>>;

/** One row per fill, fee, funding payment, transfer, hedge and unwind (strategy 17.4); positive `amount`: received. */
export function reportCsv({ rows, matches }: Report): string[] {
  const listed = [
    ...rows.flatMap((row) => paymentRows(row).map((csv) => ({ timeNs: row.timeNs, csv }))),
    ...matches.map((match) => ({ timeNs: BigInt(Math.floor(match.atMs)) * 1_000_000n, csv: matchRow(match) })),
  ].sort((one, other) => (one.timeNs < other.timeNs ? -1 : one.timeNs > other.timeNs ? 1 : 0));
  const text = ({ timeNs, csv }: (typeof listed)[number]) =>
    CSV_HEAD.map((column) => cell(column === 'time' ? isoTime(timeNs) : (csv[column] ?? ''))).join(',');
  return [CSV_HEAD.join(','), ...listed.map(text)];
}

function isoTime(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Quoted if necessary; a text that a spreadsheet would take for a formula gets a prefix. */
function cell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function paymentRows(row: PaymentRow): CsvRow[] {
  const { account } = row;
  if (row.type !== 'fill') {
    const amount = row.type === 'funding' ? row.amount.neg() : row.amount;
    const instrument = row.type === 'funding' ? row.instrument : '';
    const { type, currency } = row;
    return [{ ...{ type, account, instrument, currency }, trade_id: row.txId, amount: amount.toFixed() }];
  }
  const { instrument, side, origin } = row;
  const ids = { account, instrument, trade_id: row.tradeId, order_id: row.orderId, client_order_id: row.clientOrderId };
  const of = { ...ids, side, origin, is_taker: String(row.isTaker) };
  const [size, price, volume] = [row.size.toFixed(), row.price.toFixed(), row.size.mul(row.price).toFixed()];
  return [
    { ...of, type: 'fill', size, price, volume },
    { ...of, type: 'fee', amount: row.fee.neg().toFixed(), currency: row.feeCurrency },
  ];
}

function matchRow(match: BookedMatch): CsvRow {
  return {
    ...{
      type: match.byHand ? `${match.kind} by hand` : match.kind,
      account: match.fillAccount,
      instrument: match.instrument,
      side: match.fillSide,
    },
    ...{ client_order_id: match.clientOrderId, size: match.size.toFixed(), price: match.fillPrice.toFixed() },
    ...{ amount: match.gainUsdt.toFixed(), currency: 'USDT' },
    ...{ lot_id: String(match.lotId), lot_price: match.lotPrice.toFixed() },
  };
}
