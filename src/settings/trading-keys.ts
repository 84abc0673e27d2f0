import type { AccountName } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { Secret } from './secret.ts';
import { VARIABLES, type Values, type VariableName } from './variables.ts';
import { hidden, wrongAt } from './wording.ts';

/** Checks the keys of the two accounts: malformed, swapped or duplicated. Reports shapes, never values. */

/** Credentials of one trading account. */
export interface AccountCredentials {
  readonly apiKey: Secret;
  /** 0x and 64 hex digits. */
  readonly privateKey: Secret;
  /** Decimal uint64: GRVT's sub account id. */
  readonly accountId: string;
}

const ACCOUNT_KEYS = [
  {
    account: 'A',
    apiKey: 'GRVT_TRADING_API_KEY_1',
    privateKey: 'GRVT_TRADING_PRIVATE_KEY_1',
    id: 'GRVT_TRADING_ACCOUNT_ID_1',
  },
  {
    account: 'B',
    apiKey: 'GRVT_TRADING_API_KEY_2',
    privateKey: 'GRVT_TRADING_PRIVATE_KEY_2',
    id: 'GRVT_TRADING_ACCOUNT_ID_2',
  },
] as const;
export const TRADING_KEYS: readonly VariableName[] = ACCOUNT_KEYS.flatMap(({ apiKey, privateKey, id }) => [
  apiKey,
  privateKey,
  id,
]);

export function isTradingKey(name: VariableName): boolean {
  return TRADING_KEYS.includes(name);
}

/** Trading keys that are malformed, swapped or duplicated. Reports shapes, never values. */
export function judgeKeys(texts: ReadonlyMap<string, string>, errors: Reason[]): void {
  for (const names of ACCOUNT_KEYS) judgeKeysOfOne(names, texts, errors);
  for (const kind of ['apiKey', 'privateKey', 'id'] as const) {
    const [first, second] = [ACCOUNT_KEYS[0][kind], ACCOUNT_KEYS[1][kind]];
    const value = texts.get(first);
    if (value !== undefined && value.toLowerCase() === texts.get(second)?.toLowerCase()) {
      errors.push(wrongAt(second, reason('same-as', '2.1', { name: first, expected: 'two-accounts' })));
    }
  }
  const gatewayKey = texts.get('API_KEY');
  for (const name of TRADING_KEYS) {
    if (gatewayKey !== undefined && gatewayKey === texts.get(name)) {
      errors.push(wrongAt('API_KEY', reason('same-as', '2.1', { name, expected: 'gateway-key' })));
    }
  }
}

function judgeKeysOfOne(
  names: (typeof ACCOUNT_KEYS)[number],
  texts: ReadonlyMap<string, string>,
  errors: Reason[],
): void {
  const three = [names.apiKey, names.privateKey, names.id] as const;
  const fits = {
    [names.apiKey]: (text: string) => legal(names.apiKey, text) && !legal(names.privateKey, text),
    [names.privateKey]: (text: string) => legal(names.privateKey, text),
    [names.id]: (text: string) => legal(names.id, text),
  };
  const wrong = three.filter((name) => {
    const text = texts.get(name);
    return text !== undefined && !fits[name]?.(text);
  });
  // An API key of digits alone is legal; beside an invalid account id the two are swapped.
  if (wrong.includes(names.id) && !wrong.includes(names.apiKey) && legal(names.id, texts.get(names.apiKey) ?? '')) {
    wrong.unshift(names.apiKey);
  }
  for (const name of wrong) {
    const text = texts.get(name) ?? '';
    const { expected } = VARIABLES[name];
    const owner = three.find((other) => other !== name && other !== names.apiKey && legal(other, text));
    const swapped =
      owner ?? three.find((other) => other !== name && wrong.includes(other) && fits[name]?.(texts.get(other) ?? ''));
    const found = { value: hidden(text), expected, swapped: swapped ?? null };
    errors.push(wrongAt(name, reason('value-illegal', '2.1', found)));
  }
}

export function legal(name: VariableName, text: string): boolean {
  return VARIABLES[name].schema.safeParse(text).success;
}

export function credentials(values: Values): Readonly<Record<AccountName, AccountCredentials>> | null {
  const read = ({ apiKey, privateKey, id }: (typeof ACCOUNT_KEYS)[number]): AccountCredentials | null => {
    const [key, signer, accountId] = [values[apiKey], values[privateKey], values[id]];
    return key === null || signer === null || accountId === null
      ? null
      : { apiKey: key, privateKey: signer, accountId };
  };
  const [a, b] = [read(ACCOUNT_KEYS[0]), read(ACCOUNT_KEYS[1])];
  return a === null || b === null ? null : { A: a, B: b };
}
