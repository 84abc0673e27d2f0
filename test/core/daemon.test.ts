import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openingsStoppedKey } from '../../src/core/alerts.ts';
import * as accounts from '../../src/core/daemon/accounts.ts';
import * as life from '../../src/core/daemon/life.ts';
import type { LiveOrder } from '../../src/core/daemon/memory.ts';
import { type DaemonMemory, type DaemonSettings, initialDaemon } from '../../src/core/daemon/memory.ts';
import type { DaemonStep, DaemonView } from '../../src/core/daemon/step.ts';
import * as symbols from '../../src/core/daemon/symbols.ts';
import type { AccountPolled } from '../../src/core/messages.ts';
import type { Standing } from '../../src/core/modes.ts';
import { NO_STOPS } from '../../src/core/openings-stop.ts';
import { reason } from '../../src/core/reasons.ts';
import { alertTexts } from '../../src/notify/texts.ts';
import { config, d, instrument, order, seen, strategy } from '../support/core.ts';

const NOW = 1_800_000_000_000;
const now = { nowMs: NOW, exchangeNowMs: NOW + 5, skewMs: 5 };
const settings: DaemonSettings = {
  mode: 'paper',
  strategy: strategy(),
  submission: { postOnlyMaxRetry: 3, orderTtlMs: 3_600_000 },
  loopIntervalMs: 2_000,
  staleMs: 10_000,
  maxRuntimeMs: 60_000,
  mmrAlertThreshold: d('0.8'),
  cancelOnStop: true,
  stopKeepStrategyOrders: 0,
  dailyReportAtMinutes: 0,
};
const one = { config: config(), instrument: instrument() };
const NAME = one.config.instrument;
const idle = initialDaemon(settings, alertTexts('en', 'test'));
const trading: DaemonMemory = { ...idle, symbols: [one] };
const failure = {
  kind: 'parked',
  call: 'positions',
  account: 'A',
  code: 1001,
  message: 'x',
  why: reason('draining', '13.1'),
} as const;

const unreadable = () => {
  throw new Error('disk gone');
};
const view: DaemonView = {
  open: () => ({ unhedged: [], unknown: [] }),
  sizes: () => ({ A: d(0), B: d(0) }),
  netRead: () => d(0),
  note: () => null,
  hasPrepared: () => false,
  hasTraded: () => false,
  inDoubt: () => [{ account: 'A', clientOrderId: '1' }],
  journalledOrders: () => [],
  journalledNets: () => [],
};

/** What a step does, in short. */
function short({ entries = [], facts = [], commands = [] }: DaemonStep): string[] {
  return [
    ...entries.map(({ kind, key }) => `write ${kind} ${key}`),
    ...facts.map(({ type }) => type),
    ...commands.map((command) => {
      switch (command.do) {
        case 'send':
          return `${command.to}: ${command.message.type}`;
        case 'time':
          return `timer ${command.id}${command.timer === null ? ' off' : ` ${command.timer.delayMs}`}`;
        case 'raise':
          return command.event.type;
        case 'read-listing':
          return 'read-listing';
        default:
          return `${command.do} ${command.actor}`;
      }
    }),
  ];
}

const until = (untilMs: number, verb: Standing['verb'] = 'pause'): Standing => ({
  ...{ verb, sinceMs: NOW - 1, untilMs, by: 'ann', why: null },
});
const standing = (...given: readonly Standing[]) => ({ ...trading, symbols: [{ ...one, standing: given }] });
const RAISED = 'alert-manager: alert.raised';
const CLEARED = 'alert-manager: alert.cleared';
const SYMBOL = `symbol:${NAME}`;
const CANCELS = ['gateway: order.cancel', 'gateway: order.cancel'];
const journalledOrders: DaemonView['journalledOrders'] = (instrument) =>
  [
    { account: 'A', instrument: NAME, clientOrderId: '1', purpose: 'opening' },
    { account: 'B', instrument: NAME, clientOrderId: '2', purpose: 'repair' },
    { account: 'B', instrument: 'OTHER_USDT_Perp', clientOrderId: '3', purpose: 'opening' },
  ].filter((order) => order.instrument === instrument) as readonly LiveOrder[];

describe('what each event leads to in the daemon', () => {
  const unlisted = { ...trading, symbols: [{ ...one, unlisted: true as const }] };
  const listed = { ok: true, instruments: [one.instrument] } as const;
  const gone = { ok: true, instruments: [] } as const;
  const failed = { ok: false, failure } as const;
  const parked = { ...trading, parked: { A: failure, B: null } };
  const ended = (instrument: string) => ({ type: 'order.ended', instrument, reason: 'X', atMs: NOW }) as const;
  const five = ['1', '2', '3', '4', '5'].map(ended);
  const respawned = { ...trading, respawns: { gateway: { count: 0, lastMs: NOW - 1, sinceMs: NOW - 1 } } };

  const cases: readonly [string, DaemonStep, readonly string[]][] = [
    [
      '13.1 drains: nobody creates any more',
      life.drained(trading),
      ['gateway: trading.drain', `${SYMBOL}: trading.drain`],
    ],
    [
      '13.2 an actor fails: alert, again after a pause',
      life.actorFailed(trading, now, 'gateway', 'x', view),
      ['actor.failed', RAISED, 'stop gateway', 'timer respawn:gateway 100'],
    ],
    [
      '… a longer one when it fails at once',
      life.actorFailed(respawned, now, 'gateway', 'x', view),
      ['actor.failed', RAISED, 'stop gateway', 'timer respawn:gateway 1000'],
    ],
    [
      '… the alert manager cannot raise its own',
      life.actorFailed(trading, now, 'alert-manager', 'x', view),
      ['actor.failed', 'stop alert-manager', 'timer respawn:alert-manager 100'],
    ],
    ...(
      [
        ['trade, at once', [], '0', 0, 0],
        ['trade, for 5 s: openings (5.7)', [], '0', 5000, 1],
        ['trade, for 5 s, with a net: it may cover it', [], '0.01', 5000, 0],
        ['trade, for 5 s, with a net that nobody has read', [], null, 5000, 0],
        ['pause: openings', [until(NOW + 9)], '0', 0, 1],
        ['pause with a net: it may cover it', [until(NOW + 9)], '-0.01', 0, 0],
        ['pause with dust', [until(NOW + 9)], '0.009', 0, 1],
        ['pause that is over', [until(NOW)], '0', 0, 0],
        ['hold: repairs too, with a net too', [until(NOW + 9, 'cancel')], '1', 0, 2],
      ] as const
    ).map(([name, given, net, forMs, count]): [string, DaemonStep, readonly string[]] => [
      `16.2 a symbol fails in ${name}`,
      life.actorFailed(
        { ...standing(...given), respawns: { [SYMBOL]: { count: 3, lastMs: NOW - 30_000, sinceMs: NOW - forMs } } },
        now,
        SYMBOL,
        'x',
        { ...view, journalledOrders, netRead: () => (net === null ? null : d(net)) },
      ),
      ['actor.failed', RAISED, ...CANCELS.slice(0, count), `stop ${SYMBOL}`, `timer respawn:${SYMBOL} 30000`],
    ]),
    [
      '13.1 a held symbol that fails while the engine stops leaves its orders to the clean-up',
      life.actorFailed({ ...standing(until(NOW + 9, 'cancel')), draining: true }, now, SYMBOL, 'x', {
        ...view,
        journalledOrders,
      }),
      ['actor.failed', RAISED, `stop ${SYMBOL}`, `timer respawn:${SYMBOL} 100`],
    ],
    [
      '11.2 a held symbol fails, and the journal cannot be read: reported, and started again all the same',
      life.actorFailed(standing(until(NOW + 9, 'cancel')), now, SYMBOL, 'x', { ...view, journalledOrders: unreadable }),
      ['actor.failed', 'journal.failed', RAISED, RAISED, `stop ${SYMBOL}`, `timer respawn:${SYMBOL} 100`],
    ],
    [
      '5.7 a symbol that worked for a while before it failed again fails since now',
      life.actorFailed(
        { ...trading, respawns: { [SYMBOL]: { count: 0, lastMs: NOW - 20_000, sinceMs: NOW - 20_000 } } },
        now,
        SYMBOL,
        'x',
        { ...view, journalledOrders },
      ),
      ['actor.failed', RAISED, `stop ${SYMBOL}`, `timer respawn:${SYMBOL} 1000`],
    ],
    [
      'an actor that starts while the engine drains, drains',
      life.actorDue({ ...trading, draining: true }, 'gateway'),
      ['start gateway', 'send-child gateway'],
    ],
    ['12.3 a first run is noted', life.runBegun(trading, now, view), ['write note run']],
    ['13.4 a run that never traded notes nothing', life.runEnded(trading, now, view), []],
    [
      '12.3 the start is reported once every symbol is known',
      life.startSent({ ...trading, startToSend: { after: 'stop', sinceMs: NOW } }, now, view),
      ['alert-manager: news.reported'],
    ],
    [
      '… not before, for a minute',
      life.startSent({ ...trading, startToSend: { after: 'stop', sinceMs: NOW } }, now, {
        ...view,
        open: () => ({ unhedged: [], unknown: [NAME] }),
      }),
      [],
    ],
    ['13.5 a defect', life.defectFound(trading, now, { type: 'defect.found', message: 'x' }), [RAISED]],
    [
      '13.2 the journal cannot be read at the stop',
      life.unsettledRemembered(trading, now, { ...view, inDoubt: unreadable }),
      ['journal.failed', RAISED],
    ],
    [
      '9.8 an account parks',
      accounts.accountParked(trading, now, { type: 'account.parked', account: 'A', failure }),
      ['account.parked', `${SYMBOL}: account.parked`, RAISED],
    ],
    [
      '… and comes back',
      accounts.accountUnparked(parked, now, { type: 'account.unparked', account: 'A' }),
      ['account.unparked', CLEARED, `${SYMBOL}: account.unparked`],
    ],
    [
      '… of one that was not known to be parked only the alert ends',
      accounts.accountUnparked(trading, now, { type: 'account.unparked', account: 'A' }),
      [CLEARED],
    ],
    [
      '9.5 five symbols’ ends are five alerts of theirs',
      accounts.orderEnded({ ...trading, ends: five.slice(1) }, now, ended('1')),
      [],
    ],
    [
      '… six are one',
      accounts.orderEnded({ ...trading, ends: five }, now, ended('6')),
      [RAISED, 'timer orders-ended:X 60000'],
    ],
    [
      '15 a broken invariant halts its symbol',
      accounts.invariantBroken(trading, now, {
        type: 'invariant.broken',
        invariant: 'I1',
        instrument: NAME,
        detail: 'x',
      }),
      ['invariant.broken', RAISED, `${SYMBOL}: trading.halt`],
    ],
    [
      '16.3 a symbol leaves, and its commands',
      symbols.symbolLeft(standing(until(NOW + 1)), now, { type: 'symbol.left', instrument: NAME }),
      [
        `write command ${NAME}`,
        'command.ended',
        `stop ${SYMBOL}`,
        'poller:A: instruments.polled',
        'poller:B: instruments.polled',
      ],
    ],
    [
      '16.2 a command ends by its time',
      symbols.commandsDue(standing(until(NOW)), now, view),
      [
        `write command ${NAME}`,
        'command.ended',
        `${SYMBOL}: symbol.steered`,
        'timer commands-due off',
        'alert-manager: news.reported',
      ],
    ],
    ['… not before', symbols.commandsDue(standing(until(NOW + 7)), now, view), ['timer commands-due 7']],
    [
      '… a flatten is overdue',
      symbols.commandsDue(standing(until(NOW, 'flatten')), now, view),
      [`write command ${NAME}`, 'flatten.overdue', `${SYMBOL}: symbol.steered`, 'timer commands-due off'],
    ],
    ['11.8 one reading of the list at a time', symbols.listingDue({ ...trading, listing: 'asked' }), []],
    [
      '11.6 unlisted',
      symbols.listingRead(trading, now, gone),
      [`${SYMBOL}: instrument.unlisted`, 'timer listing-due 60000'],
    ],
    [
      '… listed again: the gateway first',
      symbols.listingRead(unlisted, now, listed),
      ['gateway: instrument.listed', `${SYMBOL}: instrument.listed`, 'timer listing-due 3600000'],
    ],
    [
      '… doubts came meanwhile: read again at once',
      symbols.listingRead({ ...trading, listing: 'again' }, now, listed),
      ['listing.due'],
    ],
    ['… could not be read', symbols.listingRead(unlisted, now, failed), ['listing.failed', 'timer listing-due 60000']],
  ];
  for (const [what, step, done] of cases) it(what, () => assert.deepEqual(short(step), done));

  it('2.1 trading begins with receivers before senders, and its timers', () => {
    assert.deepEqual(short(life.tradingBegun(trading, now, view)), [
      ...['alert-manager', 'heartbeat', 'poller:A', 'poller:B', 'gateway', SYMBOL].map((actor) => `start ${actor}`),
      ...['timer listing-due 3600000', 'timer commands-due off', 'timer run-over 60000'],
    ]);
  });

  it('17.4 a statement that cannot be remembered is not sent', () => {
    const daily = { ...trading, settings: { ...settings, dailyStatement: true } };
    const counted = { type: 'money.counted', day: null, statement: {} } as unknown as Parameters<
      typeof life.statementSent
    >[2];
    assert.equal(life.statementSent(daily, now, counted, view).onlyIfWritten, true);
    assert.deepEqual(short(life.statementSent(daily, now, counted, { ...view, note: unreadable })), [
      'journal.failed',
      RAISED,
    ]);
  });
});

describe('what an account poll asks the journal', () => {
  const polled = (...ids: readonly bigint[]): AccountPolled => ({
    ...{ type: 'account.polled', failedLookups: [] },
    snapshot: {
      ...{ account: 'A', requestedAtMs: NOW, era: 0, receivedAtMs: NOW, lookups: [], positions: [] },
      summary: { totalEquity: d(1_000), maintenanceMargin: d(10) },
      openOrders: ids.map((id) => {
        const clientOrderId = String((0b1110n << 60n) + id);
        return { ...seen(order('A', 'buy', 1, 600, { clientOrderId })), createTimeNs: BigInt(NOW) * 1_000_000n };
      }),
    } as unknown as AccountPolled['snapshot'],
  });

  it('11.1 each own order once: a known one is not looked for again while it is open, another engine’s is', () => {
    const asked: string[] = [];
    const journal = {
      ...view,
      hasPrepared: (id: string) => {
        asked.push(id.slice(-1));
        return BigInt(id) % 16n !== 9n;
      },
    };
    let memory: DaemonMemory = trading;
    const alerted = [polled(6n), polled(6n), polled(6n, 7n), polled(7n, 9n), polled(7n, 9n), polled(6n)].map(
      (event) => {
        const step = accounts.accountPolled(memory, now, event, journal);
        memory = { ...memory, ...step.change };
        return short(step).filter((one) => one === RAISED).length;
      },
    );
    assert.equal(asked.length, 5);
    assert.deepEqual(alerted, [0, 0, 0, 1, 1, 0]);
    assert.equal(memory.ours.A.length, 1);
  });

  it('8.6 a loss stop whose day is over ends with the next poll, though no new summary is reported', () => {
    const loss = { loss: d(120), limit: d(100), untilMs: NOW + 1_000 };
    const limits = { marginRatio: null, lossUsdt: d(100) };
    const key = openingsStoppedKey('loss');
    const stopped = {
      ...trading,
      holding: [key],
      stops: { ...NO_STOPS, loss },
      settings: { ...settings, openingsLimits: limits },
    };
    const poll = (nowMs: number) => accounts.accountPolled(stopped, { ...now, nowMs }, polled(), view);
    assert.deepEqual(short(poll(NOW + 999)).includes(`${SYMBOL}: openings.stopped`), false);
    const over = poll(NOW + 1_000);
    assert.ok(short(over).includes(`${SYMBOL}: openings.stopped`));
    assert.deepEqual([over.change?.stops?.loss, over.change?.holding], [null, []]);
  });
});
