import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Command,
  type Effect,
  type EngineNow,
  judgeCommand,
  LONGEST_MS,
  type SteeredSymbol,
} from '../../src/core/commands.ts';
import type { LeavingWhy, SymbolMode } from '../../src/core/model.ts';
import { MODES, modeOf, type Standing, type StandingVerb } from '../../src/core/modes.ts';
import { answerLine } from '../../src/texts/answers.ts';
import { d } from '../support/core.ts';

/** Words of sentences, which a Chinese answer has none of. */
const ENGLISH = /\b(?:the|says|leaves|until|removed|disabled|unconfigured|come)\b/;

const NOW = Date.UTC(2026, 0, 15, 12);
const HOUR = 3_600_000;
const GIVEN = { by: 'ann', why: 'lunch' } as const;
const WORDING = {
  nearest: (_name: string, known: readonly string[]) => known[0] ?? null,
  time: (ms: number) => `${ms}`,
};
const BNB = 'BNB_USDT_Perp';
const HELD = `held-with-net:${BNB}`;

function symbol(over: Partial<SteeredSymbol> = {}): SteeredSymbol {
  const flat = { leaving: null, standing: [], net: null, liveOrders: 2, sizes: { A: d(10), B: d(-9) } };
  return { instrument: BNB, file: 'trade', ...flat, ...over };
}

function engine(...symbols: readonly SteeredSymbol[]): EngineNow {
  return { symbols, alerts: [], phase: 'trading' };
}

function judge(now: EngineNow, command: Command) {
  return judgeCommand(now, command, NOW, WORDING);
}

function standing(verb: StandingVerb, untilMs: number | null = null): Standing {
  return { verb, sinceMs: NOW - HOUR, untilMs, by: 'bob', why: null };
}

const NET = { size: d('1.5'), usdt: d(900), costUsdt: d('0.9') };
const OF_SYMBOLS: readonly Extract<Command, { readonly symbols: readonly string[] }>[] = [
  { verb: 'pause', symbols: [BNB], forMs: null, ...GIVEN },
  { verb: 'pause', symbols: [BNB], forMs: HOUR, ...GIVEN },
  { verb: 'hedge-only', symbols: [BNB], forMs: null, ...GIVEN },
  { verb: 'hedge-only', symbols: [BNB], forMs: HOUR, ...GIVEN },
  { verb: 'resume', symbols: [BNB], ...GIVEN },
  { verb: 'cancel', symbols: [BNB], withNet: false, ...GIVEN },
  { verb: 'cancel', symbols: [BNB], withNet: true, ...GIVEN },
  { verb: 'flatten', symbols: [BNB], forMs: null, ...GIVEN },
  { verb: 'flatten', symbols: [BNB], forMs: HOUR, ...GIVEN },
  { verb: 'forget', symbols: [BNB], positionStays: false, ...GIVEN },
  { verb: 'forget', symbols: [BNB], positionStays: true, ...GIVEN },
];
const MODE_OF_VERB: Readonly<Record<string, SymbolMode>> = {
  pause: 'pause',
  'hedge-only': 'hedge-only',
  cancel: 'hold',
  flatten: 'trade',
};

/** What the strictest of these is: the order of the modes, written down a second time. */
function strictest(...modes: readonly SymbolMode[]): SymbolMode {
  for (const one of ['hold', 'pause', 'hedge-only'] as const) if (modes.includes(one)) return one;
  return 'trade';
}

describe('16.2 every command on every mode, whoever says so', () => {
  const files: readonly SymbolMode[] = ['trade', 'hedge-only', 'pause'];
  const formers: readonly (readonly StandingVerb[])[] = [
    [],
    ['hedge-only'],
    ['pause'],
    ['cancel'],
    ['flatten'],
    ['pause', 'cancel'],
  ];
  const leavings: readonly (LeavingWhy | null)[] = [null, 'removed'];
  for (const command of OF_SYMBOLS)
    for (const file of files)
      for (const former of formers)
        for (const leaving of leavings)
          for (const net of [null, NET]) {
            const { verb } = command;
            const option = JSON.stringify({ ...command, symbols: undefined, by: undefined, why: undefined });
            it(`16.2 ${option}: file ${file}, [${former}], ${leaving ?? 'stays'}, ${net ? 'a net' : 'hedged'}`, () => {
              const before = symbol({ file, leaving, net, standing: former.map((one) => standing(one)) });
              const { answer, effects } = judge(engine(before), command);
              assert.ok(answer.says.length > 0, 'it says something');
              for (const said of answer.says) assert.doesNotMatch(answerLine(said, 'en'), /[{}]/);
              if (!answer.ok) assert.deepEqual(effects, []);
              const [effect, ...more] = effects;
              assert.deepEqual(more, []);
              if (verb === 'cancel') assert.equal(answer.ok, net === null || command.withNet);
              else if (verb === 'forget') assert.equal(answer.ok, false, 'two orders are live, or it does not leave');
              else assert.equal(answer.ok, true);
              for (const said of answer.says) assert.doesNotMatch(answerLine(said, 'zh'), ENGLISH);
              if (!answer.ok) return;
              if (verb === 'resume') {
                assert.equal(effect?.kind, former.length === 0 ? undefined : 'stand');
                const stays = strictest(file, leaving === null ? 'trade' : 'hedge-only');
                const said = answer.says[0];
                if (former.length > 0) assert.equal(said?.code, stays === 'trade' ? 'will-trade' : 'still-held');
                else assert.equal(said?.params.mode, stays);
                return;
              }
              assert.ok(effect?.kind === 'stand');
              const own = effect.standing.filter((one) => one.verb === verb);
              assert.equal(own.length, 1, 'one command of a kind');
              const forMs = 'forMs' in command ? command.forMs : null;
              assert.deepEqual(own[0], { verb, sinceMs: NOW, untilMs: forMs === null ? null : NOW + forMs, ...GIVEN });
              const kept = verb === 'flatten' ? [] : former.filter((one) => one !== verb);
              assert.deepEqual(
                effect.standing.filter((one) => one.verb !== verb).map((one) => one.verb),
                kept,
              );
              const expected = strictest(
                file,
                leaving === null ? 'trade' : 'hedge-only',
                ...[...kept, verb].map((one) => MODE_OF_VERB[one] ?? 'trade'),
              );
              const mode = modeOf({ file, standing: effect.standing, leaving: leaving ?? undefined }, NOW);
              assert.equal(mode, expected);
              const isStricter = MODES.indexOf(expected) > MODES.indexOf(MODE_OF_VERB[verb] ?? 'trade');
              assert.equal(
                answer.says.some(({ code }) => code === 'also-in-force'),
                isStricter,
              );
            });
          }
});

describe('16.2 answers', () => {
  const texts = (now: EngineNow, command: Command) =>
    judge(now, command).answer.says.map((said) => answerLine(said, 'en'));

  it('16.2 cancel with a net answers with size, USDT and cost at the touch, and needs --with-net', () => {
    const held = engine(symbol({ net: NET }));
    assert.deepEqual(texts(held, { verb: 'cancel', symbols: [BNB], withNet: false, ...GIVEN }), [
      'BNB_USDT_Perp: has a net of 1.5 (900.00 USDT) that nothing would hedge any more, 0.90 USDT to hedge at the touch; ' +
        'repeat with --with-net if that is meant',
    ]);
    assert.deepEqual(texts(held, { verb: 'cancel', symbols: [BNB], withNet: true, ...GIVEN }), [
      'BNB_USDT_Perp: its 2 own orders are cancelled now and the net of 1.5 (900.00 USDT) stays unhedged, ' +
        '0.90 USDT to hedge at the touch, until it is resumed',
    ]);
  });

  it('16.2 one symbol that cannot be cancelled, and none is', () => {
    const two = engine(symbol(), symbol({ instrument: 'ETH_USDT_Perp', net: NET }));
    const { answer, effects } = judge(two, { verb: 'cancel', symbols: ['all'], withNet: false, ...GIVEN });
    assert.equal(answer.ok, false);
    assert.deepEqual(effects, []);
    assert.deepEqual(
      answer.says.map((said) => said.symbol),
      ['ETH_USDT_Perp'],
    );
  });

  it('16.2 an unknown symbol names the nearest, and nothing is done for the others', () => {
    const { answer, effects } = judge(engine(symbol()), {
      verb: 'pause',
      symbols: [BNB, 'BNC'],
      forMs: null,
      ...GIVEN,
    });
    assert.deepEqual(
      answer.says.map((said) => answerLine(said, 'en')),
      ['no symbol of this engine is called BNC; did you mean BNB_USDT_Perp?'],
    );
    assert.deepEqual(effects, []);
  });

  it('16.2 names are taken regardless of case, and twice the same counts once', () => {
    const symbols = [BNB, BNB.toLowerCase()];
    assert.equal(judge(engine(symbol()), { verb: 'pause', symbols, forMs: null, ...GIVEN }).effects.length, 1);
  });

  it('16.2 a base alone names the one symbol that has it, and no symbol where two have it', () => {
    const pause = (name: string) => ({ verb: 'pause', symbols: [name], forMs: null, ...GIVEN }) as const;
    assert.equal(judge(engine(symbol()), pause('bnb')).effects.length, 1);
    const two = engine(symbol(), symbol({ instrument: 'BNB_USDC_Perp' }));
    assert.deepEqual(judge(two, pause('BNB')).effects, []);
  });

  it('16.2 a duration of 0, below it, or beyond 30 days', () => {
    for (const forMs of [0, -1, LONGEST_MS + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const { answer, effects } = judge(engine(symbol()), { verb: 'pause', symbols: [BNB], forMs, ...GIVEN });
      assert.deepEqual([answer.ok, answer.says[0]?.code, effects], [false, 'bad-duration', []]);
    }
  });

  it('16.2 a second flatten replaces the deadline, and says so', () => {
    const flattening = engine(symbol({ standing: [standing('flatten', NOW + HOUR)] }));
    assert.deepEqual(texts(flattening, { verb: 'flatten', symbols: [BNB], forMs: 2 * HOUR, ...GIVEN }), [
      `BNB_USDT_Perp: decreases to nothing with maker orders; what remains at ${NOW + 2 * HOUR} is listed, then pauses; ` +
        'A 10, B -9 now',
      `BNB_USDT_Perp: replaces flatten, until ${NOW + HOUR}`,
    ]);
  });

  it('16.2 resume of what was never paused', () => {
    assert.deepEqual(texts(engine(symbol()), { verb: 'resume', symbols: [BNB], ...GIVEN }), [
      'BNB_USDT_Perp: no command was in force; it is in trade',
    ]);
  });

  it('16.3 forget: only what leaves, has no live order, and with --position-stays', () => {
    const codes = (over: Partial<SteeredSymbol>, positionStays: boolean) =>
      judge(engine(symbol(over)), { verb: 'forget', symbols: [BNB], positionStays, ...GIVEN }).answer.says[0]?.code;
    assert.equal(codes({}, true), 'not-leaving');
    assert.equal(codes({ leaving: 'removed' }, true), 'orders-live');
    assert.equal(codes({ leaving: 'removed', liveOrders: 0 }, false), 'needs-position-stays');
    assert.equal(codes({ leaving: 'removed', liveOrders: 0 }, true), 'forgotten');
  });

  it('12.4 an alert is acknowledged or silenced by its key; what is not open, or no legal length, is refused by name', () => {
    const now = {
      ...engine(symbol()),
      alerts: [{ key: 'mmr:A', kind: 'mmr' } as const, { key: HELD, kind: 'held-with-net' } as const],
    };
    const cases: [Command, string, Effect[]][] = [
      [{ verb: 'ack', key: 'mmr:A', ...GIVEN }, 'will-ack', [{ kind: 'alert', key: 'mmr:A', silenceMs: null }]],
      [
        { verb: 'silence', key: 'mmr:A', forMs: HOUR, ...GIVEN },
        'will-silence',
        [{ kind: 'alert', key: 'mmr:A', silenceMs: HOUR }],
      ],
      [{ verb: 'ack', key: 'mmr:B', ...GIVEN }, 'unknown-alert', []],
      [{ verb: 'silence', key: 'mmr:A', forMs: 0, ...GIVEN }, 'bad-silence', []],
      [{ verb: 'silence', key: 'mmr:A', forMs: 8 * 24 * HOUR, ...GIVEN }, 'bad-silence', []],
      [
        { verb: 'silence', key: HELD, forMs: HOUR, ...GIVEN },
        'will-silence',
        [{ kind: 'alert', key: HELD, silenceMs: HOUR }],
      ],
      [{ verb: 'silence', key: HELD, forMs: HOUR + 1, ...GIVEN }, 'bad-silence', []],
    ];
    for (const [command, code, effects] of cases) {
      const judged = judge(now, command);
      assert.deepEqual([judged.answer.says[0]?.code, judged.effects], [code, effects], JSON.stringify(command));
    }
  });

  it('16.2 while it starts or stops only stop is taken', () => {
    for (const phase of ['starting', 'stopping'] as const) {
      const now = { symbols: [symbol()], alerts: [], phase };
      for (const command of OF_SYMBOLS) assert.equal(judge(now, command).answer.says[0]?.code, 'not-trading');
      assert.equal(judge(now, { verb: 'reload', ...GIVEN }).answer.says[0]?.code, 'not-trading');
      assert.deepEqual(judge(now, { verb: 'stop', ...GIVEN }).effects, [{ kind: 'stop' }]);
    }
  });
});
