import { printE9 } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import type { Json } from './views.ts';

/** An account's terms for one instrument: leverage and margin type. */
interface Terms {
  readonly leverage: string;
  readonly min_leverage: string;
  readonly max_leverage: string;
  readonly margin_type: 'CROSS' | 'ISOLATED';
}

interface FundingAccount {
  /** null: the owner's number. */
  readonly main_account_id: string | null;
  readonly tier: number;
  readonly futures_taker_fee: number;
  readonly futures_maker_fee: number;
}

/** Position limits of an instrument: largest position, and leverage by notional. */
interface MarginRules {
  readonly max_position_size: string;
  readonly risk_brackets: readonly RiskBracket[];
}

interface RiskBracket {
  readonly notional_floor: string;
  readonly notional_cap?: string | undefined;
  readonly max_leverage: number;
}

export type TermsChange = Partial<Terms> & Partial<FundingAccount>;
export type MarginRulesChange = { [K in keyof MarginRules]?: MarginRules[K] | undefined };

const TERMS: Terms = { leverage: '20', min_leverage: '1', max_leverage: '50', margin_type: 'CROSS' };
const BRACKETS: readonly RiskBracket[] = [
  { notional_floor: '0.0', notional_cap: '1000000.0', max_leverage: 50 },
  { notional_floor: '1000000.0', max_leverage: 20 },
];
const FUNDING: FundingAccount = { main_account_id: null, tier: 1, futures_taker_fee: 450, futures_maker_fee: -100 };

/** Terms that no order changes: leverage, margin type, fee tier and funding account, margin rules. */
export class AccountTerms {
  readonly #terms = new Map<string, Terms>();
  readonly #funding = new Map<string, FundingAccount>();
  readonly #rules = new Map<string, MarginRulesChange>();

  /** Row of `get_all_initial_leverage`. */
  row(subAccountId: string, instrument: string): Json {
    return { instrument, ...(this.#terms.get(`${subAccountId} ${instrument}`) ?? TERMS) };
  }

  /** Answer of `margin_rules`. */
  marginRules({ name, maxPosition }: InstrumentSpec): Json {
    const { max_position_size = printE9(maxPosition), risk_brackets = BRACKETS } = this.#rules.get(name) ?? {};
    const rows = risk_brackets.map((row, index) => ({
      tier: index + 1,
      initial_margin_rate: (1 / row.max_leverage).toFixed(6),
      ...row,
    }));
    return { instrument: name, max_position_size, risk_brackets: rows };
  }

  /** Changes the margin rules of an instrument. */
  changeRules(instrument: string, change: MarginRulesChange): void {
    this.#rules.set(instrument, { ...this.#rules.get(instrument), ...given(change) });
  }

  /** The served part of `funding_account_summary`. */
  summary(subAccountId: string, owner: string): Json {
    const { main_account_id, ...tier } = this.#funding.get(subAccountId) ?? FUNDING;
    return { result: { main_account_id: main_account_id ?? owner }, tier };
  }

  /** Changes an instrument's terms of the account, or, without one, its funding account's. */
  change(subAccountId: string, instrument: string | null, change: TermsChange): void {
    const { leverage, min_leverage, max_leverage, margin_type, ...funding } = change;
    if (instrument === null) {
      this.#funding.set(subAccountId, { ...(this.#funding.get(subAccountId) ?? FUNDING), ...given(funding) });
      return;
    }
    const key = `${subAccountId} ${instrument}`;
    const terms = given({ leverage, min_leverage, max_leverage, margin_type });
    this.#terms.set(key, { ...(this.#terms.get(key) ?? TERMS), ...terms });
  }
}

function given<T extends object>(change: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as never;
}
