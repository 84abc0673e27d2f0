import { VenueError } from './errors.ts';
import { mix, type RandomStream, randomStream } from './random.ts';
import {
  addressOfKey,
  HALF_N,
  keyFromSeed,
  type RawSignature,
  recoverSigner,
  signedBy,
  walletLoginDigest,
} from './signature.ts';

/** Credentials for one account of the embedded exchange. */
export interface PaperCredentials {
  /** `A`, `B`, … */
  readonly name: string;
  readonly apiKey: string;
  /** 0x hex; signs orders and wallet logins. */
  readonly privateKey: string;
  /** Address of that key, lower case. */
  readonly signer: string;
  /** Decimal uint64. */
  readonly subAccountId: string;
  /** Address of the funding account; accounts of one owner share it. */
  readonly owner: string;
}

/** Credentials from the seed. They protect nothing. */
export function credentialsFromSeed(seed: number, name: string, sameOwner: boolean): PaperCredentials {
  const key = keyFromSeed(`grvt paper ${seed} ${name}`);
  const random = randomStream(seed, `credentials ${name}`);
  const ownerKey = keyFromSeed(`grvt paper ${seed} owner ${sameOwner ? '' : name}`);
  const token = Array.from({ length: 3 }, () => mix(random.next()).toString(36).padStart(7, '0')).join('');
  return {
    name,
    apiKey: token,
    privateKey: `0x${key.toString(16).padStart(64, '0')}`,
    signer: addressOfKey(key),
    subAccountId: String(2_147_050_000_000_000 + (random.next() % 999_999_999)),
    owner: addressOfKey(ownerKey),
  };
}

export interface Session {
  readonly credentials: PaperCredentials;
  readonly cookie: string;
  readonly expiresMs: number;
}

/** Most sessions; the oldest is dropped. More than two engines logging in every second for an hour. */
const SESSIONS_KEPT = 10_000;
/** Most valid keys of all accounts: a rotation needs two for each. */
const KEYS_MAX = 100;

/** Logins and session cookies (API 2). Times are by the exchange's clock. */
export class Sessions {
  #credentials: readonly PaperCredentials[];
  readonly #keys: Map<string, bigint>;
  readonly #chainIds: readonly number[];
  readonly #random: RandomStream;
  readonly #byCookie = new Map<string, Session>();
  readonly #seed: number;
  lifetimeMs: number;
  #logins = 0;
  #issued = 0;

  constructor(
    credentials: readonly PaperCredentials[],
    options: { chainIds: readonly number[]; lifetimeMs: number; seed: number },
  ) {
    this.#credentials = credentials;
    this.#keys = new Map(credentials.map((account) => [account.signer.toLowerCase(), BigInt(account.privateKey)]));
    this.#chainIds = options.chainIds;
    this.lifetimeMs = options.lifetimeMs;
    this.#seed = options.seed;
    this.#random = randomStream(options.seed, 'sessions');
  }

  get logins(): number {
    return this.#logins;
  }

  /** The valid keys of every account. */
  get credentials(): readonly PaperCredentials[] {
    return this.#credentials;
  }

  /** Whether the account has a key with that signer (lower case). */
  maySign(subAccountId: string, signer: string): boolean {
    return this.#credentials.some((key) => key.subAccountId === subAccountId && key.signer.toLowerCase() === signer);
  }

  /** A further API key of an account with its own signer; the others stay valid. */
  issue(subAccountId: string): PaperCredentials {
    const previous = this.#credentials.find((key) => key.subAccountId === subAccountId);
    if (previous === undefined) throw new RangeError(`no such account: ${subAccountId}`);
    if (this.#credentials.length >= KEYS_MAX) throw new RangeError(`at most ${KEYS_MAX} keys are valid at one time`);
    this.#issued += 1;
    const { apiKey, privateKey, signer } = credentialsFromSeed(this.#seed, `${previous.name} ${this.#issued}`, true);
    const issued = { ...previous, apiKey, privateKey, signer };
    this.#credentials = [...this.#credentials, issued];
    this.#keys.set(signer.toLowerCase(), BigInt(privateKey));
    return issued;
  }

  /** Revokes an API key and its signer and ends its sessions. Resting orders stay. */
  revokeKey(apiKey: string): void {
    const key = this.#credentials.find((one) => one.apiKey === apiKey);
    if (key === undefined) throw new RangeError('no such API key');
    this.#credentials = this.#credentials.filter((one) => one !== key);
    this.#keys.delete(key.signer.toLowerCase());
    for (const [cookie, session] of this.#byCookie) if (session.credentials === key) this.#byCookie.delete(cookie);
  }

  /** Private key behind a registered signer address, or null. */
  keyOf(signer: string): bigint | null {
    return this.#keys.get(signer.toLowerCase()) ?? null;
  }

  /** Whether the holder of that address (lower case) made this signature. */
  signed(signer: string, digest: Uint8Array, signature: RawSignature): boolean {
    const key = this.keyOf(signer);
    return key === null ? recoverSigner(digest, signature) === signer : signedBy(key, digest, signature);
  }

  /** The account of an API key; null: none. */
  accountOfKey(apiKey: unknown): string | null {
    return this.#credentials.find((account) => account.apiKey === apiKey)?.subAccountId ?? null;
  }

  /** @throws VenueError 1000 for an unknown key. */
  loginByKey(apiKey: unknown, nowMs: number): Session {
    const account = this.#credentials.find((candidate) => candidate.apiKey === apiKey);
    if (account === undefined) throw new VenueError(1000);
    return this.#open(account, nowMs);
  }

  /**
   * Login by a signature of the account's key over `WalletLogin{signer, nonce, expiration}` (API 2).
   * @throws VenueError 1003 malformed, 2005 to 2007 signature format, 2001 expired, 2002 not signed by that address,
   * 1000 an address without an account here.
   */
  loginByWallet(body: unknown, nowMs: number): Session {
    const request = (body ?? {}) as { address?: unknown; signature?: Record<string, unknown> };
    const signature = request.signature;
    if (typeof signature !== 'object' || signature === null) throw new VenueError(1003);
    const raw = readSignature(signature);
    const address = String(request.address ?? signature.signer ?? '').toLowerCase();
    const signer = String(signature.signer ?? address).toLowerCase();
    if (!/^0x[0-9a-f]{40}$/.test(address) || signer !== address) throw new VenueError(1003);
    const nonce = Number(signature.nonce);
    const expiration = String(signature.expiration ?? '');
    if (!Number.isInteger(nonce) || !/^\d{1,19}$/.test(expiration)) throw new VenueError(1003);
    if (BigInt(expiration) <= BigInt(Math.floor(nowMs)) * 1_000_000n) throw new VenueError(2001);
    const good = this.#chainIds.some((chainId) =>
      this.signed(address, walletLoginDigest(address, nonce, BigInt(expiration), chainId), raw),
    );
    if (!good) throw new VenueError(2002);
    const account = this.#credentials.find((candidate) => candidate.signer.toLowerCase() === address);
    if (account === undefined) throw new VenueError(1000);
    return this.#open(account, nowMs);
  }

  #open(credentials: PaperCredentials, nowMs: number): Session {
    this.#logins += 1;
    const token = Array.from({ length: 6 }, () => this.#random.next().toString(16).padStart(8, '0')).join('');
    // Whole seconds, like `Expires`.
    const expiresMs = Math.floor((nowMs + this.lifetimeMs) / 1000) * 1000;
    const session: Session = { credentials, cookie: token, expiresMs };
    this.#byCookie.set(token, session);
    if (this.#byCookie.size > SESSIONS_KEPT) this.#byCookie.delete(this.#byCookie.keys().next().value!);
    return session;
  }

  /** The session in the headers: cookie and account id must both be there and match (API 2). null: none. */
  authenticate(headers: Readonly<Record<string, string | undefined>>, nowMs: number): Session | null {
    const cookie = /(?:^|;\s*)gravity=([^;\s]+)/.exec(headers.cookie ?? '')?.[1];
    if (cookie === undefined) return null;
    const session = this.#byCookie.get(cookie);
    if (session === undefined) return null;
    if (session.expiresMs <= nowMs) {
      this.#byCookie.delete(cookie);
      return null;
    }
    return headers['x-grvt-account-id'] === accountIdOf(session.credentials) ? session : null;
  }

  /** Ends sessions early: of one account, or all. */
  revoke(subAccountId?: string): void {
    for (const [cookie, session] of this.#byCookie) {
      if (subAccountId === undefined || session.credentials.subAccountId === subAccountId)
        this.#byCookie.delete(cookie);
    }
  }
}

/** The opaque id a login hands out in `X-Grvt-Account-Id`. */
export function accountIdOf(credentials: PaperCredentials): string {
  return `ACC:${credentials.owner.slice(2, 14)}${credentials.subAccountId.slice(-6)}`;
}

/**
 * Reads v, r and s and checks their form.
 *
 * @throws VenueError 2005 (v), 2006 (length of r or s), 2007 (s in the upper half).
 */
export function readSignature(signature: Readonly<Record<string, unknown>>): { r: bigint; s: bigint; v: number } {
  const { r, s, v } = signature;
  if (v !== 27 && v !== 28) throw new VenueError(2005);
  if (typeof r !== 'string' || typeof s !== 'string') throw new VenueError(2006);
  if (!/^0x[0-9a-fA-F]{64}$/.test(r) || !/^0x[0-9a-fA-F]{64}$/.test(s)) throw new VenueError(2006);
  if (BigInt(s) > HALF_N) throw new VenueError(2007);
  return { r: BigInt(r), s: BigInt(s), v };
}
