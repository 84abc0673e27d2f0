import { privateKeyToAccount } from 'viem/accounts';
import type { InstrumentSpec } from '../../src/paper/instruments.ts';
import type { PaperCredentials } from '../../src/paper/sessions.ts';
import { ORDER_TYPES } from '../support/strange-wire.ts';

/** A client of its own: signs with viem's typed data, so that it shares nothing with the exchange's digest. */

export interface OrderInput {
  readonly instrument?: string;
  readonly size: string;
  readonly price?: string;
  readonly buy: boolean;
  readonly postOnly?: boolean;
  readonly reduceOnly?: boolean;
  readonly isMarket?: boolean;
  readonly timeInForce?: string;
  readonly clientOrderId?: string;
  readonly nonce?: number;
  readonly expirationMs: number;
  readonly chainId?: number;
  readonly subAccountId?: string;
}

const TIF: Record<string, number> = { GOOD_TILL_TIME: 1, ALL_OR_NONE: 2, IMMEDIATE_OR_CANCEL: 3, FILL_OR_KILL: 4 };

function scaled(text: string, decimals: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
}

let serial = 1;
/** A number no other order of this process has. */
export function nextSerial(): number {
  serial += 1;
  return serial;
}

/** A signed order under full names. */
export async function signedOrder(
  account: PaperCredentials,
  specs: readonly InstrumentSpec[],
  input: OrderInput,
): Promise<Record<string, unknown>> {
  const instrument = input.instrument ?? 'BTC_USDT_Perp';
  const spec = specs.find((candidate) => candidate.name === instrument);
  const nonce = input.nonce ?? nextSerial();
  const expiration = BigInt(input.expirationMs) * 1_000_000n;
  const timeInForce = input.timeInForce ?? 'GOOD_TILL_TIME';
  const subAccountId = input.subAccountId ?? account.subAccountId;
  const signer = privateKeyToAccount(account.privateKey as `0x${string}`);
  const signature = await signer.signTypedData({
    domain: { name: 'GRVT Exchange', version: '0', chainId: input.chainId ?? 326 },
    types: ORDER_TYPES,
    primaryType: 'Order',
    message: {
      subAccountID: BigInt(subAccountId),
      isMarket: input.isMarket ?? false,
      timeInForce: TIF[timeInForce] ?? 5,
      postOnly: input.postOnly ?? false,
      reduceOnly: input.reduceOnly ?? false,
      legs: [
        {
          assetID: BigInt(spec?.hash ?? '0x01'),
          contractSize: scaled(input.size, spec?.baseDecimals ?? 9),
          limitPrice: scaled(input.price ?? '0', 9),
          isBuyingContract: input.buy,
        },
      ],
      nonce,
      expiration,
    },
  });
  return {
    sub_account_id: subAccountId,
    is_market: input.isMarket ?? false,
    time_in_force: timeInForce,
    post_only: input.postOnly ?? false,
    reduce_only: input.reduceOnly ?? false,
    legs: [{ instrument, size: input.size, limit_price: input.price ?? '0', is_buying_asset: input.buy }],
    signature: {
      signer: signer.address,
      r: signature.slice(0, 66),
      s: `0x${signature.slice(66, 130)}`,
      v: Number.parseInt(signature.slice(130), 16),
      expiration: expiration.toString(),
      nonce,
    },
    metadata: { client_order_id: input.clientOrderId ?? (2n ** 63n + BigInt(nonce)).toString() },
  };
}
