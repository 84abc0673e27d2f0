import type { AnyActorRef, InputFrom } from 'xstate';
import { alertTuning } from '../src/core/daemon/memory.ts';
import type { AccountName } from '../src/core/model.ts';
import { stopReason } from '../src/core/openings-stop.ts';
import { accountPollerMachine } from './account-poller.ts';
import { alertManagerMachine } from './alert-manager.ts';
import type { DaemonContext } from './daemon-context.ts';
import { preparedInDoubt, stuckSymbols } from './daemon-view.ts';
import { deadManMachine } from './dead-man.ts';
import { heartbeatMachine } from './heartbeat.ts';
import { orderGatewayMachine } from './order-gateway.ts';
import { restoreSymbol } from './restore.ts';
import { symbolMachine } from './symbol.ts';

/** The inputs of each actor of a trading engine, at the start and after a failure alike. */

/** The machine of each kind of actor. */
export const LOGIC = {
  alertManager: alertManagerMachine,
  heartbeat: heartbeatMachine,
  deadMan: deadManMachine,
  poller: accountPollerMachine,
  gateway: orderGatewayMachine,
  symbol: symbolMachine,
} as const;

type Logic = typeof LOGIC;

interface Start<K extends keyof Logic> {
  readonly id: string;
  readonly systemId: string;
  readonly input: InputFrom<Logic[K]>;
}

/** The part of `enqueue` that starts children. */
export interface Spawner {
  spawnChild(src: 'alertManager', start: Start<'alertManager'>): void;
  spawnChild(src: 'heartbeat', start: Start<'heartbeat'>): void;
  spawnChild(src: 'deadMan', start: Start<'deadMan'>): void;
  spawnChild(src: 'poller', start: Start<'poller'>): void;
  spawnChild(src: 'gateway', start: Start<'gateway'>): void;
  spawnChild(src: 'symbol', start: Start<'symbol'>): void;
}

/** Starts one actor from the journal; no-op if this engine does not have it. */
export function spawnOne(context: DaemonContext, actor: string, spawner: Spawner, self: AnyActorRef): void {
  const { deps, memory } = context;
  const { exchange, journal, clock, reporter } = deps;
  const { settings, symbols } = memory;
  const [role, name] = actor.split(':') as [string, string | undefined];
  const account: AccountName = name === 'B' ? 'B' : 'A';
  const named = { id: actor, systemId: actor };
  switch (role) {
    case 'alert-manager': {
      const { notifier } = deps;
      // Symbols come and go while the alert manager runs. It may ask at once, before the daemon's step that starts it has ended.
      const stuckNow = () => {
        const daemon = self.getSnapshot();
        return stuckSymbols(daemon.matches('starting') ? context : daemon.context, self);
      };
      const input = { journal, notifier, clock, reporter, tuning: alertTuning(memory), stuckNow };
      spawner.spawnChild('alertManager', { ...named, input });
      return;
    }
    case 'heartbeat': {
      const { heartbeat } = deps;
      if (heartbeat === null) return;
      spawner.spawnChild('heartbeat', { ...named, input: { heartbeat, clock, reporter, freshMs: settings.staleMs } });
      return;
    }
    case 'dead-man': {
      const periodMs = settings.deadManMs ?? 0;
      spawner.spawnChild('deadMan', { ...named, input: { account, exchange, clock, periodMs } });
      return;
    }
    case 'poller': {
      const instruments = symbols.map(({ config }) => config.instrument);
      const { loopIntervalMs } = settings;
      const { reconnectStreams } = deps;
      const streams = reconnectStreams === undefined ? {} : { reconnectStreams };
      const input = { account, exchange, clock, reporter, instruments, loopIntervalMs, ...streams };
      spawner.spawnChild('poller', { ...named, input });
      return;
    }
    case 'gateway': {
      const instruments = new Map(symbols.map(({ config, instrument }) => [config.instrument, instrument]));
      const taken = { instruments, lastSequence: deps.lastSequence(), unsettled: preparedInDoubt(deps) };
      const input = { exchange, journal, clock, reporter, settings: settings.submission, ...taken };
      spawner.spawnChild('gateway', { ...named, input });
      return;
    }
    case 'symbol': {
      const symbol = symbols.find(({ config }) => config.instrument === name);
      if (!symbol) return;
      const state = restoreSymbol(journal, symbol.config.instrument, deps.unsettled());
      const { strategy, staleMs, loopIntervalMs } = settings;
      const { parkedSinceMs, journalSinceMs, stops } = memory;
      const reach = { parkedSinceMs, journalSinceMs, openingsStop: stopReason(stops) };
      const input = { ...symbol, strategy, staleMs, loopIntervalMs, state, ...reach, clock, journal, reporter };
      spawner.spawnChild('symbol', { ...named, input });
      return;
    }
  }
}
