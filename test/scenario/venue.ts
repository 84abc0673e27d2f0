import { type PaperServer, type PaperServerOptions, startPaper } from '../../src/paper/index.ts';
import {
  type EngineStage,
  type StageOptions,
  type StageVenue,
  startStage,
  symbolRow,
} from '../support/engine-stage.ts';
import { Meddler } from '../support/meddler.ts';

export const BNB = 'BNB_USDT_Perp';

/** An embedded exchange whose market stands still unless told, a meddler before it, and engines to try on it. */
export interface Scene {
  readonly paper: PaperServer;
  readonly meddler: Meddler;
  /** One BNB symbol unless told otherwise; the venue's own address and keys unless told otherwise. */
  start(options?: Partial<StageOptions>, where?: Partial<StageVenue>): EngineStage;
}

export async function withScene(
  play: (scene: Scene) => Promise<void>,
  options: PaperServerOptions = {},
): Promise<void> {
  const paper = await startPaper({ seed: 5, rateLimits: false, ...options });
  for (const { instrument } of stateOf(paper).instruments) paper.exchange.control.market({ instrument, frozen: true });
  const meddler = await new Meddler(paper.url).start();
  const stages: EngineStage[] = [];
  try {
    await play({
      paper,
      meddler,
      start: (changes, where) => {
        const [A, B] = paper.accounts;
        if (!A || !B) throw new Error('two accounts are needed');
        const venue = { url: meddler.url, chainId: paper.chainId, keys: { A, B }, ...where };
        const stage = startStage(venue, { symbols: [symbolRow(BNB)], ...changes });
        stages.push(stage);
        return stage;
      },
    });
  } finally {
    for (const stage of stages) stage.kill();
    await meddler.close();
    await paper.close();
  }
}

interface PaperState {
  readonly logins: number;
  readonly instruments: readonly { readonly instrument: string; readonly mark_price: string }[];
  readonly accounts: readonly {
    readonly account: string;
    readonly positions: readonly { readonly instrument: string; readonly size: string; readonly entry_price: string }[];
    readonly open_orders: readonly {
      readonly order_id: string;
      readonly legs: readonly { readonly instrument: string; readonly size: string; readonly limit_price: string }[];
      readonly metadata: { readonly client_order_id: string };
      readonly state: { readonly status: string };
    }[];
  }[];
}

export function stateOf(paper: PaperServer): PaperState {
  return paper.exchange.control.state() as PaperState;
}

/** Client ids of what rests at the exchange, ours alone. */
export function ourOrders(paper: PaperServer, account?: 'A' | 'B'): string[] {
  return stateOf(paper)
    .accounts.filter((one) => account === undefined || one.account === account)
    .flatMap((one) => one.open_orders.map((order) => order.metadata.client_order_id))
    .filter((id) => BigInt(id) >> 60n === 0xen);
}

export function positionOf(paper: PaperServer, account: 'A' | 'B', instrument = BNB): string {
  const found = stateOf(paper).accounts.find((one) => one.account === account);
  return found?.positions.find((one) => one.instrument === instrument)?.size ?? '0';
}
