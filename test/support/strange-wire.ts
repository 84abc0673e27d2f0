import { hashTypedData } from 'viem';

/** What the strange exchange knows of orders and instruments, and how it writes them: `lite` names, by the API page. */

// biome-ignore lint/suspicious/noExplicitAny: JSON as it comes; what is wrong with it shows as an offence.
export type Lite = Record<string, any>;

/** Full names of what orders and cancels carry, by their lite ones; a name that means two things by what stands around it. */
const FULL: Readonly<Record<string, string>> = {
  ...{
    r: 'result',
    c: 'code',
    m: 'message',
    a: 'ack',
    o: 'order',
    sa: 'sub_account_id',
    im: 'is_market',
    po: 'post_only',
  },
  ...{ ti: 'time_in_force', ro: 'reduce_only', l: 'legs', i: 'instrument', lp: 'limit_price', ib: 'is_buying_asset' },
  ...{ e: 'expiration', n: 'nonce', ci: 'chain_id', v: 'v', co: 'client_order_id', tt: 'time_to_live_ms', s: 'status' },
  ...{
    oi: 'order_id',
    rr: 'reject_reason',
    bs: 'book_size',
    ts: 'traded_size',
    ut: 'update_time',
    af: 'avg_fill_price',
  },
  ct: 'create_time',
  'order.s': 'signature',
  'order.m': 'metadata',
  'order.s1': 'state',
  'legs.s': 'size',
  'signature.s': 'signer',
  'signature.r': 'r',
  'signature.s1': 's',
};
const LITE = Object.fromEntries(
  Object.entries(FULL).map(([lite, full]) => {
    const [within, name] = lite.includes('.') ? lite.split('.') : ['', lite];
    return [within === '' ? full : `${within}.${full}`, name ?? ''];
  }),
);

function renamed(value: unknown, names: Readonly<Record<string, string>>, toFull: boolean, within: string): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, names, toFull, within));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const other = names[`${within}.${key}`] ?? names[key] ?? key;
      const full = toFull ? other : key;
      return [other, renamed(inner, names, toFull, full === 'result' ? 'order' : full)];
    }),
  );
}
export const fullOf = (value: unknown): unknown => renamed(value, FULL, true, '');
export const liteOf = (value: unknown): Lite => renamed(value, LITE, false, '') as Lite;

export const STRANGE_CHAIN_ID = 327;
export const NANO = 1_000_000_000n;
export interface Listing {
  readonly name: string;
  readonly hash: string;
  readonly tick: bigint;
  readonly step: bigint;
  readonly minNotional: bigint;
  readonly homeTicks: number;
  /** Best bid of the crowd, ticks; the ask is two ticks higher. */
  bidTicks: number;
}

export interface Moment {
  readonly atMs: number;
  readonly status: 'PENDING' | 'OPEN' | 'FILLED' | 'CANCELLED' | 'REJECTED';
  readonly reason: string;
  readonly traded: bigint;
}

export interface StrangeOrder {
  readonly account: 'A' | 'B';
  readonly clientId: string;
  readonly instrument: string;
  readonly buy: boolean;
  readonly size: bigint;
  readonly price: bigint;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly opensAtMs: number;
  readonly signature: Record<string, unknown>;
  orderId: string;
  cancelAtMs: number | null;
  readonly life: Moment[];
}

export interface StrangeAccount {
  readonly name: 'A' | 'B';
  readonly apiKey: string;
  readonly privateKey: `0x${string}`;
  readonly subAccountId: string;
}

/** 1e-9 units from and to text; always with a fraction, as the exchange prints. */
export function nano(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole) * NANO + BigInt(fraction.slice(0, 9).padEnd(9, '0') || '0');
  return text.startsWith('-') ? -value : value;
}
export function printed(value: bigint): string {
  const abs = value < 0n ? -value : value;
  const fraction = (abs % NANO).toString().padStart(9, '0').replace(/0+$/, '') || '0';
  return `${value < 0n ? '-' : ''}${abs / NANO}.${fraction}`;
}
export const ns = (ms: number): string => `${BigInt(Math.floor(ms)) * 1_000_000n}`;

/** Drawn by an engine of ours (strategy 9.2). */
export function ours(clientId: string): boolean {
  return /^\d+$/.test(clientId) && BigInt(clientId) >> 60n === 0xen;
}

export function now(order: StrangeOrder): Moment {
  return order.life.at(-1)!;
}

export function at(order: StrangeOrder, asOfMs: number): Moment | undefined {
  return order.life.findLast((moment) => moment.atMs <= asOfMs);
}

export function isLive(moment: Moment | undefined): boolean {
  return moment?.status === 'OPEN' || moment?.status === 'PENDING';
}

export function instrumentRow(listing: Listing): unknown {
  const [base] = listing.name.split('_');
  const { name, hash, tick, step, minNotional } = listing;
  const sizes = { bd: 9, qd: 6, ts: printed(tick), ms: printed(step), mn: printed(minNotional) };
  return {
    i: name,
    ih: hash,
    b: base,
    q: 'USDT',
    k: 'PERPETUAL',
    v: ['ORDERBOOK'],
    sp1: 'PERPETUAL',
    fi: '8',
    ...sizes,
  };
}

/** The order as it was then; null: unknown yet. Optional fields are left out. */
export function orderRow(order: StrangeOrder, account: StrangeAccount, asOfMs: number): Record<string, unknown> | null {
  const state = at(order, asOfMs);
  if (state === undefined) return null;
  const { signer, expiration, nonce } = order.signature;
  const named = state.status !== 'PENDING';
  return {
    ...(named ? { oi: order.orderId } : {}),
    sa: account.subAccountId,
    ti: 'GOOD_TILL_TIME',
    po: true,
    l: [{ i: order.instrument, s: printed(order.size), lp: printed(order.price), ib: order.buy }],
    s: {
      s: String(signer).toLowerCase(),
      r: `0x${'0'.repeat(64)}`,
      s1: `0x${'0'.repeat(64)}`,
      v: 27,
      e: expiration,
      n: nonce,
    },
    m: { co: order.clientId, ...(named ? { ct: ns(order.createdMs) } : {}) },
    s1: {
      s: state.status,
      rr: state.reason,
      bs: [isLive(state) ? printed(order.size - state.traded) : '0.0'],
      ts: [printed(state.traded)],
      ut: ns(state.atMs),
      af: [state.traded === 0n ? '0.0' : printed(order.price)],
    },
  };
}

/** The fills of an order as known then, each with its time. What was filled before anybody looked is in no history. */
export function fillRows(
  order: StrangeOrder,
  account: StrangeAccount,
  asOfMs: number,
): { readonly atMs: number; readonly row: Record<string, unknown> }[] {
  return order.life.flatMap(({ atMs, traded }, index) => {
    const size = traded - (order.life[index - 1]?.traded ?? 0n);
    if (size <= 0n || atMs === 0 || atMs > asOfMs) return [];
    const row = {
      et: ns(atMs),
      sa: account.subAccountId,
      i: order.instrument,
      ib: order.buy,
      it: false,
      s: printed(size),
      p: printed(order.price),
      f: '0.0',
      fr: '0.0',
      rp: '0.0',
      ti: `${order.orderId}-${index}`,
      oi: order.orderId,
      v: 'ORDERBOOK',
      co: order.clientId,
    };
    return [{ atMs, row }];
  });
}

/** What is signed of an order (API 9). */
export const ORDER_TYPES = {
  Order: [
    { name: 'subAccountID', type: 'uint64' },
    { name: 'isMarket', type: 'bool' },
    { name: 'timeInForce', type: 'uint8' },
    { name: 'postOnly', type: 'bool' },
    { name: 'reduceOnly', type: 'bool' },
    { name: 'legs', type: 'OrderLeg[]' },
    { name: 'nonce', type: 'uint32' },
    { name: 'expiration', type: 'int64' },
  ],
  OrderLeg: [
    { name: 'assetID', type: 'uint256' },
    { name: 'contractSize', type: 'uint64' },
    { name: 'limitPrice', type: 'uint64' },
    { name: 'isBuyingContract', type: 'bool' },
  ],
} as const;

/** The digest an order is signed over (API 9), by viem's typed data. */
export function digest(o: Lite, listing: Listing, size: bigint, price: bigint): `0x${string}` {
  return hashTypedData({
    domain: { name: 'GRVT Exchange', version: '0', chainId: BigInt(STRANGE_CHAIN_ID) },
    primaryType: 'Order',
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'chainId', type: 'uint256' },
      ],
      ...ORDER_TYPES,
    },
    message: {
      subAccountID: BigInt(o.sa),
      isMarket: Boolean(o.im),
      timeInForce: 1,
      postOnly: Boolean(o.po),
      reduceOnly: Boolean(o.ro),
      legs: [{ assetID: BigInt(listing.hash), contractSize: size, limitPrice: price, isBuyingContract: o.l[0].ib }],
      nonce: o.s.n,
      expiration: BigInt(o.s.e),
    },
  });
}
