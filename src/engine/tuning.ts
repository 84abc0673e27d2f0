import { restoreSymbol } from '../../machines/restore.ts';
import type { AuditSettings, StartSymbol } from '../core/audit/index.ts';
import type { DaemonSettings, EngineSymbol } from '../core/daemon/memory.ts';
import { ACCOUNTS, type SymbolConfig } from '../core/model.ts';
import { modeOf } from '../core/modes.ts';
import { mayOnlyReduce } from '../core/reduce-only.ts';
import { restOf } from '../core/rests.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { unsettledOrders } from '../journal/read.ts';
import { alertTexts } from '../notify/texts.ts';
import { labelOf, type Settings } from '../settings/index.ts';

/** What the daemon and the auditor go by, from the settings; read again when these change (strategy 16.4). */

/** Data older than this many loop intervals allow no new orders (strategy 10.3), */
const STALE_INTERVALS = 3;
/** but never less than this. */
const STALE_LEAST_MS = 10_000;

/** Age of data at which new orders stop (strategy 10.3). */
export function staleMs(loopIntervalMs: number): number {
  return Math.max(STALE_INTERVALS * loopIntervalMs, STALE_LEAST_MS);
}

/** Message texts in the configured language and zone. */
export function textsOf(settings: Settings) {
  return alertTexts(settings.lang, labelOf(settings), settings.timeZone);
}

/** The settings of the daemon and its actors. */
export function daemonSettings(settings: Settings): DaemonSettings {
  return {
    mode: settings.mode,
    strategy: {
      singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
      partialFillTimeoutMs: settings.partialFillTimeoutMs,
      postOnlyCooldownMs: settings.postOnlyCooldownMs,
      stuckMs: settings.stuckMs,
      ...(settings.deadManMs > 0 ? { deadMan: true } : {}),
    },
    submission: { postOnlyMaxRetry: settings.postOnlyMaxRetry, orderTtlMs: settings.orderTtlMs },
    loopIntervalMs: settings.loopIntervalMs,
    staleMs: staleMs(settings.loopIntervalMs),
    maxRuntimeMs: settings.maxRuntimeMs,
    mmrAlertThreshold: settings.mmrAlertThreshold,
    openingsLimits: { marginRatio: settings.openingsStopMmr, lossUsdt: settings.openingsStopLossUsdt },
    cancelOnStop: settings.cancelOnStop,
    deadManMs: settings.deadManMs,
    stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
    dailyReportAtMinutes: settings.dailyReportAtMinutes,
    dailyStatement: settings.dailyStatement,
  };
}

/** The row that the auditor applies: `hedge-only` at least for symbols being removed or waiting for the rollout. */
export function auditRow({ config, leaving, rollout }: EngineSymbol): SymbolConfig {
  if (leaving === undefined && rollout !== 'waiting') return config;
  return { ...config, mode: modeOf({ file: config.mode, leaving, rollout }, 0) };
}

/** All symbols, with the changed ones replaced. */
export function allOf(running: readonly EngineSymbol[], changed: readonly EngineSymbol[]): readonly EngineSymbol[] {
  const now = new Map(changed.map((symbol) => [symbol.config.instrument, symbol]));
  const others = running.filter(({ config }) => !now.has(config.instrument));
  return [...others, ...changed];
}

/** The settings of the auditor. */
export function auditSettings(settings: Settings): AuditSettings {
  return {
    singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
    partialFillTimeoutMs: settings.partialFillTimeoutMs,
    staleMs: staleMs(settings.loopIntervalMs),
    cancelOnStop: settings.cancelOnStop,
    stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
  };
}

/** The journal's knowledge of each traded instrument, for the auditor and as the symbols' start. */
export function journalledStart(journal: EngineJournal): readonly StartSymbol[] {
  const unsettled = unsettledOrders(journal);
  return journal.latestOfEach('symbol.state').flatMap((entry): StartSymbol[] => {
    const state = restoreSymbol(journal, entry.key, unsettled);
    const { begun, instrument, lots, booked, orders } = state;
    const givingWay = ACCOUNTS.filter((account) => restOf(state, { account, purpose: 'repair' }) !== null);
    const reducing = ACCOUNTS.filter((account) => mayOnlyReduce(state, account));
    // One that has not begun has no lots yet, but orders that may still arrive (18.1).
    if (!begun && orders.length === 0) return [];
    return [{ instrument, lots, booked, orders, givingWay, mayOnlyReduce: reducing, begun }];
  });
}
