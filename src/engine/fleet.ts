import { decimal, sum } from '../core/decimal.ts';
import { errorText } from '../core/error-text.ts';
import { latestBalances } from '../explain/levelling.ts';
import { moneyFigures } from '../explain/money-figures.ts';
import { JournalError } from '../journal/errors.ts';
import { rememberedPair } from '../journal/pair.ts';
import { listPairs, type PairState, type Reader, refreshCopy, withReader } from '../journal/postgres/reading.ts';
import { openJournalForReading } from '../journal/sqlite.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import type { AlertStatus, SymbolStatus } from '../status/model.ts';
import { journalStatus } from '../status/offline.ts';
import { staleMs } from './tuning.ts';

/** All pairs of one database, by their journals (strategy 18.3). Read-only; each engine keeps its own secrets. */

export interface FleetPair {
  /** Its name in the database: environment and accounts. */
  readonly pair: string;
  /** Its engine's own name. */
  readonly label: string;
  /** Machine and process that trade it; null: no engine does. */
  readonly holder: string | null;
  readonly leaseLeftMs: number;
  /** Time of its newest entry; null: unreadable. */
  readonly lastEntryAtMs: number | null;
  /** Address of its engine's page; null: none. */
  readonly page: string | null;
  readonly symbols: readonly Pick<SymbolStatus, 'instrument' | 'phase' | 'net' | 'netUsdt' | 'open'>[];
  /** Sum of the absolute values of all unhedged nets, USDT. */
  readonly unhedgedUsdt: string;
  /** Since when the oldest of them is open; null: all are hedged. */
  readonly unhedgedSinceMs: number | null;
  /** Both accounts, read within three hours; null: not read. */
  readonly equityUsdt: string | null;
  /** Earned today, as in `report`; null: not known. */
  readonly todayUsdt: string | null;
  readonly alerts: readonly AlertStatus[];
  /** Why its journal is unreadable; null: it is readable. */
  readonly failure: string | null;
}

/**
 * Reads a database's pairs, each through a copy in the data directory; worst first. @throws JournalError of the
 * database itself
 */
export async function readFleet(settings: Settings, clock: Clock): Promise<FleetPair[]> {
  if (settings.journalUrl === null) throw new Error('a fleet is the pairs of GRVT_HEDGE_JOURNAL_URL');
  return withReader(settings.journalUrl.reveal(), async (reader) => {
    const pairs: FleetPair[] = [];
    for (const pair of await listPairs(reader)) pairs.push(await readPair(reader, pair, settings, clock));
    return pairs.sort(worstFirst);
  });
}

async function readPair(reader: Reader, pair: PairState, settings: Settings, clock: Clock): Promise<FleetPair> {
  const place = { directory: settings.dataDir, fileName: `copy-${pair.name}.db` };
  const { name, holder, leaseLeftMs, page } = pair;
  const known = { pair: name, holder, leaseLeftMs, page };
  try {
    await refreshCopy(reader, name, { ...place, days: Number.POSITIVE_INFINITY, clock });
    const journal = openJournalForReading(place);
    try {
      const nowMs = clock.nowMs();
      const status = journalStatus(journal, { ...settings, symbols: [] }, staleMs(settings.loopIntervalMs), nowMs);
      const open = status.symbols.flatMap((symbol) => symbol.open ?? []);
      const balances = latestBalances(journal, nowMs);
      return {
        ...known,
        label: rememberedPair(journal)?.label ?? name,
        lastEntryAtMs: status.lastEntryAtMs,
        symbols: status.symbols.map(({ instrument, phase, net, netUsdt, open }) => ({
          instrument,
          phase,
          net,
          netUsdt,
          open,
        })),
        unhedgedUsdt: sum(open.map(({ usdt }) => decimal(usdt ?? '0').abs())).toFixed(),
        unhedgedSinceMs: open.reduce<number | null>(
          (first, { sinceMs }) => (sinceMs !== null && (first === null || sinceMs < first) ? sinceMs : first),
          null,
        ),
        equityUsdt: balances === null ? null : balances.A.equity.plus(balances.B.equity).toFixed(),
        todayUsdt: moneyFigures(journal, nowMs, settings.journalMs).today.total,
        alerts: status.alerts,
        failure: null,
      };
    } finally {
      journal.close();
    }
  } catch (thrown) {
    // The others are shown all the same; a defect of ours is not a journal's failure.
    if (!(thrown instanceof JournalError)) throw thrown;
    const nothing = { lastEntryAtMs: null, symbols: [], unhedgedUsdt: '0', unhedgedSinceMs: null };
    return {
      ...known,
      ...nothing,
      label: name,
      equityUsdt: null,
      todayUsdt: null,
      alerts: [],
      failure: errorText(thrown),
    };
  }
}

const critical = ({ alerts }: FleetPair): number => alerts.filter((alert) => alert.critical).length;

/** Unreadable, then untraded with something open, then critical alerts, then unhedged value, then names. */
export function worstFirst(a: FleetPair, b: FleetPair): number {
  const open = (one: FleetPair) => decimal(one.unhedgedUsdt);
  const isAlone = (one: FleetPair) => one.holder === null && open(one).gt(0);
  return (
    Number(b.failure !== null) - Number(a.failure !== null) ||
    Number(isAlone(b)) - Number(isAlone(a)) ||
    critical(b) - critical(a) ||
    open(b).cmp(open(a)) ||
    (a.label < b.label ? -1 : a.label > b.label ? 1 : 0)
  );
}

/** Totals for the head of the page. */
export function fleetTotals(pairs: readonly FleetPair[]) {
  const total = (of: (pair: FleetPair) => string | null) => sum(pairs.map((pair) => decimal(of(pair) ?? '0')));
  return {
    pairs: pairs.length,
    traded: pairs.filter(({ holder }) => holder !== null).length,
    unhedgedUsdt: total((pair) => pair.unhedgedUsdt),
    equityUsdt: total((pair) => pair.equityUsdt),
    todayUsdt: total((pair) => pair.todayUsdt),
    critical: pairs.reduce((count, pair) => count + critical(pair), 0),
  };
}
