import { NAME_TABLE } from './name-table.ts';

/**
 * Converts full names to lite names and back, by structure (API 1). Unknown keys are kept in `full` and left out of
 * `lite`.
 */

interface Field {
  readonly full: string;
  readonly lite: string;
  /** The lite name in JSON, with its colon. */
  readonly label: string;
  readonly struct: string | null;
}
interface Struct {
  readonly byFull: ReadonlyMap<string, Field>;
  readonly byLite: ReadonlyMap<string, Field>;
}

/** Structures that the documentation describes only in prose: envelopes, RPC and feeds. */
const MORE: Readonly<Record<string, string>> = {
  ApiTickerFeed: 'stream:s selector:s1 sequence_number:sn feed:f:Ticker prev_sequence_number:ps',
  ApiTradeFeed: 'stream:s selector:s1 sequence_number:sn feed:f:Trade prev_sequence_number:ps',
  FullError: 'code:c message:m status:s',
  SubscribeResult:
    'stream:s subs:s1 unsubs:u num_snapshots:ns first_sequence_number:fs latest_sequence_number:ls request_id:ri',
  ApiTradeHistoryRequest: 'instrument:i start_time:st end_time:et limit:l cursor:c',
  ApiTradeHistoryResponse: 'result:r:Trade next:n',
  ApiFundingRateRequest: 'instrument:i start_time:st end_time:et limit:l cursor:c',
  ApiFundingRateResponse: 'result:r:FundingRate next:n',
  FundingRate:
    'instrument:i funding_rate:fr funding_time:ft mark_price:mp funding_rate_8_h_avg:fr1 funding_interval_hours:fi',
  ApiCandlestickRequest: 'instrument:i interval:i1 type:t start_time:st end_time:et limit:l cursor:c',
  ApiCandlestickResponse: 'result:r:Candlestick next:n',
  Candlestick: 'open_time:ot close_time:ct open:o close:c high:h low:l volume_b:vb volume_q:vq trades:t instrument:i',
  Currency: 'id:i symbol:s balance_decimals:bd quantity_multiplier:qm',
  ApiGetCurrencyResponse: 'result:r:Currency',
  AuthorizedBuilder: 'builder_account_id:ba max_futures_fee_rate:mf max_spot_fee_rate:ms',
  ApiGetAuthorizedBuildersResponse: 'results:r:AuthorizedBuilder',
  ApiAuthorizeBuilderRequest:
    'main_account_id:ma builder_account_id:ba max_futures_fee_rate:mf max_spot_fee_rate:ms signature:s:Signature',
  ApiFundingPaymentHistoryRequest:
    'sub_account_id:sa instrument:i start_time:st end_time:et limit:l cursor:c kind:k base:b quote:q',
  ApiFundingPaymentHistoryResponse: 'result:r:FundingPayment next:n',
  FundingPayment: 'event_time:et sub_account_id:sa instrument:i currency:c amount:a tx_id:ti',
  ApiTransferHistoryRequest:
    'currency:c start_time:st end_time:et limit:l cursor:c1 tx_id:ti main_account_id:ma transfer_types:tt',
  ApiTransferHistoryResponse: 'result:r:TransferHistory next:n',
  TransferHistory:
    'tx_id:ti from_account_id:fa from_sub_account_id:fs to_account_id:ta to_sub_account_id:ts currency:c num_tokens:nt signature:s:Signature event_time:et transfer_type:tt transfer_metadata:tm from_wallet_type:fw to_wallet_type:tw',
  ApiDepositHistoryRequest: 'currency:c start_time:st end_time:et limit:l cursor:c1 main_account_id:ma',
  ApiDepositHistoryResponse: 'result:r:DepositHistory next:n',
  DepositHistory:
    'l_1_hash:l1 l_2_hash:l2 to_account_id:ta currency:c num_tokens:nt initiated_time:it confirmed_time:ct from_address:fa',
  TxAck: 'ack:a tx_id:ti',
  ApiAuthorizeBuilderResponse: 'result:r:TxAck',
};

const STRUCTS: ReadonlyMap<string, Struct> = new Map(
  Object.entries({ ...NAME_TABLE, ...MORE }).map(([name, line]) => {
    const fields = line.split(' ').map((part): Field => {
      const [full = '', lite = '', struct] = part.split(':');
      return { full, lite, label: `${JSON.stringify(lite)}:`, struct: struct ?? null };
    });
    const byFull = new Map(fields.map((field) => [field.full, field]));
    return [name, { byFull, byLite: new Map(fields.map((field) => [field.lite, field])) }];
  }),
);

function struct(name: string): Struct {
  const found = STRUCTS.get(name);
  if (found === undefined) throw new RangeError(`no such wire structure: ${name}`);
  return found;
}

/** @throws RangeError for a structure that is not in the table. */
export function toLite(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => toLite(name, item));
  if (value === null || typeof value !== 'object') return value;
  const { byFull } = struct(name);
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const field = byFull.get(key);
    if (field === undefined) continue;
    const inner = (value as Record<string, unknown>)[key];
    out[field.lite] = field.struct === null ? inner : toLite(field.struct, inner);
  }
  return out;
}

/** Text that needs no escaping in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * The JSON of a value under lite names, equal to `JSON.stringify(toLite(name, value))` without building the second
 * object, which would cost more than the rest of an answer.
 * @throws RangeError for a structure that is not in the table.
 */
export function liteText(name: string, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => liteText(name, item)).join()}]`;
  if (value === null || typeof value !== 'object') return scalarText(value);
  const { byFull } = struct(name);
  let text = '';
  for (const key in value) {
    const field = byFull.get(key);
    const inner = (value as Record<string, unknown>)[key];
    if (field === undefined || inner === undefined) continue;
    const innerText = field.struct === null ? scalarText(inner) : liteText(field.struct, inner);
    text += text === '' ? `${field.label}${innerText}` : `,${field.label}${innerText}`;
  }
  return `{${text}}`;
}

/** JSON of a value without named fields; inside a list nothing is `null`. */
function scalarText(value: unknown): string {
  if (typeof value === 'string' && PLAIN.test(value)) return `"${value}"`;
  return JSON.stringify(value) ?? 'null';
}

/**
 * A value under full names. Keys unknown to lite are kept. @throws RangeError for a structure that is not in the table.
 */
export function toFull(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => toFull(name, item));
  if (value === null || typeof value !== 'object') return value;
  const { byLite } = struct(name);
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const field = byLite.get(key);
    const inner = (value as Record<string, unknown>)[key];
    if (field === undefined) out[key] = inner;
    else out[field.full] = field.struct === null ? inner : toFull(field.struct, inner);
  }
  return out;
}
