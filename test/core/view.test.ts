import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ExchangeOrder } from '../../src/core/model.ts';
import { judgeSequence } from '../../src/core/sequence.ts';
import { DISAGREEING_MAX } from '../../src/core/view.ts';
import { ENDED_SHOWN_MS, withReading } from '../../src/core/view-readings.ts';
import { isOver } from '../../src/core/view-rows.ts';
import { sliceOf } from '../../src/core/view-slice.ts';
import { dueAtMs } from '../../src/core/view-streams.ts';
import { d, NOW, position, seedFor } from '../support/core.ts';
import { Account, BNB, ms, quoting, row, short } from '../support/view.ts';

const seed = seedFor('core/view');
describe('10.6 sequence numbers', () => {
  const cases: readonly [name: string, last: bigint | null, sequence: bigint, previous: bigint | null, is: string][] = [
    ['the first frame', null, 7n, 6n, 'follows'],
    ['a snapshot', 7n, 0n, null, 'follows'],
    ['a stream that always shows 0', 0n, 0n, 0n, 'follows'],
    ['the next one', 7n, 8n, 7n, 'follows'],
    ['the next one without a previous number', 7n, 8n, null, 'follows'],
    ['a global number that names its predecessor', 700_000n, 1_900_003n, 700_000n, 'follows'],
    ['the same again', 7n, 7n, 6n, 'repeats'],
    ['one is missing', 7n, 9n, 8n, 'gap'],
    ['one is missing, without a previous number', 7n, 9n, null, 'gap'],
    ['a decrease', 7n, 5n, 4n, 'gap'],
    ['a decrease that names the last one', 7n, 5n, 7n, 'gap'],
    ['beyond what a double holds', 9_007_199_254_740_993n, 9_007_199_254_740_994n, 9_007_199_254_740_993n, 'follows'],
  ];
  for (const [name, last, sequence, previous, is] of cases) {
    it(name, () => assert.equal(judgeSequence(last, sequence, previous), is));
  }
});

describe('10.1 10.6 what the view shows', () => {
  const cases: readonly [name: string, of: () => Account, shows: string][] = [
    ['before the first reading', () => new Account().up(0).order(1, row(1, 'OPEN')), 'nothing'],
    ['after a reading without streams', () => new Account().read(1, 3, [row(1, 'OPEN')]), '3 | 1:OPEN/0 | REST'],
    [
      'a reading requested before the streams were up proves nothing',
      () => new Account().up(5).read(4.9, 0),
      'flat | - | REST',
    ],
    ['one requested after does', () => new Account().up(5).read(5, 0), 'flat | - | intact'],
    [
      'frames are held for that reading',
      () =>
        new Account()
          .up(0)
          .order(1, row(1, 'OPEN', 2))
          .read(2, 0, [row(1, 'OPEN')]),
      'flat | 1:OPEN/2 | intact',
    ],
    [
      'a position held longer than a reading can lag is superseded by it',
      () => new Account().up(0).position(1, 2).read(7, 3),
      '3 | - | intact',
    ],
    ['one held a moment is not', () => new Account().up(0).position(1, 2).read(2, 0), '2 | - | intact'],
    [
      'frames while the streams are down are dropped',
      () =>
        quoting()
          .down(2)
          .order(3, row(1, 'FILLED', 10)),
      'flat | 1:OPEN/0 | REST',
    ],
    [
      'after a reconnect REST alone counts until a reading requested since then',
      () => quoting().down(2).up(3).position(4, 9),
      'flat | 1:OPEN/0 | REST',
    ],
    ['order before position', () => quoting().order(2, row(1, 'FILLED', 10)), 'flat | 1:FILLED/10 | intact'],
    ['position before order', () => quoting().position(2, 10), '10 | 1:OPEN/0 | intact'],
    [
      'order and position',
      () =>
        quoting()
          .order(2, row(1, 'FILLED', 10))
          .position(2.1, 10),
      '10 | 1:FILLED/10 | intact',
    ],
    ['a fill frame changes no size', () => quoting().fill(2, 1), 'flat | 1:OPEN/0 | intact'],
    [
      'fill before order',
      () =>
        quoting()
          .fill(2, 1)
          .order(2.1, row(1, 'OPEN', 4, 2)),
      'flat | 1:OPEN/4 | intact',
    ],
    ['a state alone', () => quoting().state(2, 1, 'CANCELLED', 3), 'flat | 1:CANCELLED/3 | intact'],
    [
      'state before its order',
      () => quoting().state(2, 2, 'OPEN', 3).order(2.1, row(2, 'OPEN')),
      'flat | 1:OPEN/0 2:OPEN/3 | intact',
    ],
    [
      'the end before the order',
      () => quoting().state(2, 2, 'FILLED', 10).order(2.1, row(2, 'OPEN')),
      'flat | 1:OPEN/0 2:FILLED/10 | intact',
    ],
    [
      'an older row of a stream',
      () =>
        quoting()
          .order(2, row(1, 'OPEN', 4))
          .order(2.1, row(1, 'OPEN', 2, 9)),
      'flat | 1:OPEN/4 | intact',
    ],
    [
      'an older row of REST',
      () =>
        quoting()
          .order(2, row(1, 'OPEN', 4))
          .read(3, 0, [row(1, 'OPEN', 2, 9)]),
      'flat | 1:OPEN/4 | intact',
    ],
    [
      'over stays over, whatever a stream says',
      () =>
        quoting()
          .order(2, row(1, 'CANCELLED', 4))
          .order(2.1, row(1, 'OPEN', 4, 9)),
      'flat | 1:CANCELLED/4 | intact',
    ],
    [
      'over stays over, whatever REST says',
      () =>
        quoting()
          .order(2, row(1, 'CANCELLED', 4))
          .read(3, 4, [row(1, 'OPEN', 4, 9)]),
      '4 | 1:CANCELLED/4 | intact',
    ],
    [
      'more traded counts, over or not',
      () =>
        quoting()
          .order(2, row(1, 'CANCELLED', 4))
          .order(2.1, row(1, 'OPEN', 5, 9)),
      'flat | 1:CANCELLED/5 | intact',
    ],
    [
      'a frame of an order REST does not know yet',
      () =>
        quoting()
          .order(2, row(2, 'OPEN'))
          .read(2.1, 0, [row(1, 'OPEN')]),
      'flat | 1:OPEN/0 2:OPEN/0 | intact',
    ],
    [
      'an order of REST no frame has named yet',
      () => quoting().read(2, 0, [row(1, 'OPEN'), row(2, 'OPEN')]),
      'flat | 1:OPEN/0 2:OPEN/0 | intact',
    ],
    ['an order REST does not know at all', () => quoting().read(9, 0, [], [], [1]), 'flat | - | intact'],
    [
      'a missing order found over',
      () => quoting().read(9, 10, [], [row(1, 'FILLED', 10)]),
      '10 | 1:FILLED/10 | intact',
    ],
    [
      'a reading does not replace a position the stream moved a moment before',
      () =>
        quoting()
          .position(5, 10)
          .read(9, 0, [row(1, 'OPEN')]),
      '10 | 1:OPEN/0 | intact',
    ],
    [
      'nor one that moved between request and answer',
      () =>
        quoting()
          .position(9.05, 10)
          .read(9, 0, [row(1, 'OPEN')]),
      '10 | 1:OPEN/0 | intact',
    ],
    ['nor does the absence of its row', () => quoting().position(5, 10).read(6, 0), '10 | - | intact'],
    [
      'one 5 s after the last frame does',
      () =>
        quoting()
          .position(5, 10)
          .read(10.1, 4, [row(1, 'OPEN')]),
      '4 | 1:OPEN/0 | intact',
    ],
    [
      'any frame of the instrument holds it back',
      () =>
        quoting()
          .position(2, 10)
          .fill(8, 1, 0.5)
          .read(9, 0, [row(1, 'OPEN')]),
      '10 | 1:OPEN/0 | intact',
    ],
    [
      'a position frame older than the last',
      () => quoting().position(2, 10, BNB, 2).position(2.1, 5, BNB, 1),
      '10 | 1:OPEN/0 | intact',
    ],
    ['a position that went flat', () => quoting().position(2, 10).position(3, 0), 'flat | 1:OPEN/0 | intact'],
    [
      'a foreign order',
      () => quoting().order(2, { ...row(2, 'OPEN'), clientOrderId: '77' }),
      'flat | 1:OPEN/0 | intact',
    ],
    ['another instrument', () => quoting().order(2, row(2, 'OPEN', 0, 1, 'SOL_USDT_Perp')), 'flat | 1:OPEN/0 | intact'],
    ['a look-up', () => quoting().lookUp(2, 1, row(1, 'OPEN', 3)), 'flat | 1:OPEN/3 | intact'],
    [
      'a look-up of an order the exchange does not know',
      () => quoting().lookUp(2, 1, null),
      'flat | 1:OPEN/0 | intact',
    ],
  ];
  for (const [name, of, shows] of cases) it(name, () => assert.equal(of().shows(), shows));

  it('a position by the stream is one message’s, size and mark; a reading that agrees is newer', () => {
    const account = quoting().position(2, 10);
    const shown = (size: number) => {
      account.view = withReading(account.view, {
        requestedAtMs: ms(3),
        receivedAtMs: ms(3.1),
        era: 0,
        exchangeNowMs: ms(3),
        positions: Object.defineProperty([position(size, { markPrice: d(123) })], 'from', { value: 77 }),
        openOrders: [row(1, 'OPEN')],
        lookups: [],
        without: [],
      }).view;
      const slice = sliceOf(account.view, BNB, { nowMs: NOW, whole: true, absent: [] });
      const { position: held, positionFrom, asRead } = slice ?? assert.fail();
      return [held?.size.toFixed(), held?.markPrice.toFixed(), positionFrom, asRead];
    };
    assert.deepEqual(shown(7), ['10', '100', 1, false]);
    assert.deepEqual(shown(10), ['10', '123', 77, true]);
  });

  it('what says nothing new changes no slice', () => {
    const account = quoting();
    const { changed } = account;
    account
      .order(2, row(1, 'OPEN'))
      .state(2, 1, 'OPEN')
      .position(2, 0)
      .fill(2, 1)
      .order(3, { ...row(1, 'OPEN'), clientOrderId: '7' });
    assert.equal(account.changed - changed, 0);
    account.order(4, row(1, 'OPEN', 1));
    assert.equal(account.changed - changed, 1);
  });
});

describe('10.1 fills and states that nothing covers are looked up after a second', () => {
  const cases: readonly [name: string, of: () => Account, at: number, wanted: string[]][] = [
    ['a fill without its order', () => quoting().fill(2, 1), 2.9, []],
    ['a second later', () => quoting().fill(2, 1), 3, ['1']],
    [
      'covered by the order',
      () =>
        quoting()
          .fill(2, 1)
          .order(2.1, row(1, 'OPEN', 4, 2)),
      9,
      [],
    ],
    ['covered by the state', () => quoting().fill(2, 1).state(2.1, 1, 'OPEN', 4), 9, []],
    [
      'covered before it came',
      () =>
        quoting()
          .order(2, row(1, 'OPEN', 4, 3))
          .fill(2.1, 1, 3),
      9,
      [],
    ],
    [
      'an order row of before the fill covers nothing',
      () =>
        quoting()
          .order(2, row(1, 'OPEN', 4, 2))
          .fill(2.1, 1, 3),
      9,
      ['1'],
    ],
    [
      'an order that is over',
      () =>
        quoting()
          .order(2, row(1, 'CANCELLED', 4, 2))
          .fill(2.1, 1, 3),
      9,
      [],
    ],
    ['a state of an order nobody named', () => quoting().state(2, 2, 'OPEN'), 3, ['2']],
    ['named in time', () => quoting().state(2, 2, 'OPEN').order(2.5, row(2, 'OPEN')), 9, []],
    [
      'looked up',
      () =>
        quoting()
          .fill(2, 1)
          .lookUp(3, 1, row(1, 'OPEN', 4)),
      9,
      [],
    ],
    ['looked up and not known', () => quoting().state(2, 2, 'OPEN').lookUp(3, 2, null), 9, []],
    ['a foreign order’s fill', () => new Account().up(0).read(1, 0), 9, []],
  ];
  for (const [name, of, at, wanted] of cases) it(name, () => assert.deepEqual(of().wait(at), wanted));

  it('is asked for again a second later if the look-up failed', () => {
    const account = quoting().fill(2, 1);
    assert.equal(dueAtMs(account.view), ms(3));
    assert.deepEqual([account.wait(3), account.wait(3.5), account.wait(4)], [['1'], [], ['1']]);
  });

  it('a state that waited is merged into the looked-up row', () => {
    assert.equal(
      quoting()
        .state(2, 2, 'OPEN', 5)
        .lookUp(3, 2, row(2, 'OPEN', 1))
        .shows(),
      'flat | 1:OPEN/0 2:OPEN/5 | intact',
    );
  });
});

describe('10.6 own orders are the probe', () => {
  const cases: readonly [name: string, of: () => Account, at: number, contradicts: string[]][] = [
    ['a confirmation REST shows first', () => quoting().read(3, 0, [row(1, 'OPEN'), row(2, 'OPEN')]), 5.1, ['account']],
    ['within 2 s nothing is wrong', () => quoting().read(3, 0, [row(1, 'OPEN'), row(2, 'OPEN')]), 5, []],
    [
      'the stream follows',
      () =>
        quoting()
          .read(3, 0, [row(1, 'OPEN'), row(2, 'OPEN')])
          .order(4, row(2, 'OPEN')),
      9,
      [],
    ],
    ['a traded size', () => quoting().read(3, 0, [row(1, 'OPEN', 2)]), 5.1, ['account']],
    [
      'a traded size of which the stream shows less',
      () =>
        quoting()
          .read(3, 0, [row(1, 'OPEN', 2)])
          .order(4, row(1, 'OPEN', 1)),
      5.1,
      ['account'],
    ],
    [
      'a traded size, by its state',
      () =>
        quoting()
          .read(3, 0, [row(1, 'OPEN', 2)])
          .state(4, 1, 'OPEN', 2),
      9,
      [],
    ],
    ['an end', () => quoting().read(9, 0, [], [row(1, 'CANCELLED')]), 11.1, ['account']],
    [
      'an end of which the stream says open',
      () =>
        quoting()
          .read(9, 0, [], [row(1, 'CANCELLED')])
          .order(10, row(1, 'OPEN')),
      11.1,
      ['account'],
    ],
    ['an end in a look-up', () => quoting().lookUp(9, 1, row(1, 'CANCELLED')), 11, ['account']],
    [
      'what the stream showed first',
      () =>
        quoting()
          .order(2, row(1, 'FILLED', 10))
          .read(9, 10),
      30,
      [],
    ],
    ['what was there before the streams', () => new Account().up(0).read(1, 5, [row(1, 'OPEN', 5)]), 30, []],
    ['without streams nothing is probed', () => new Account().read(1, 0).read(3, 0, [row(1, 'OPEN')]), 30, []],
    ['an acknowledged order that is pending', () => quoting().read(3, 0, [row(1, 'OPEN'), row(2, 'PENDING')]), 9, []],
  ];
  for (const [name, of, at, contradicts] of cases) {
    it(name, () => {
      const account = of();
      account.wait(at);
      assert.deepEqual(account.contradictions, contradicts);
      assert.equal(account.view.intactSinceMs === null, contradicts.length > 0 || name.startsWith('without'));
    });
  }
});

describe('10.6 one missing frame costs one recovery', () => {
  /** The frame of order 2 is missing; the streams are connected again, and proven 5 s later. */
  const recovered = (order: ExchangeOrder) => {
    const account = quoting().read(3, 0, [row(1, 'OPEN'), order]);
    account.wait(5.1);
    assert.deepEqual(account.contradictions, ['account']);
    return account.up(6).read(11.1, 0, [row(1, 'OPEN'), order]);
  };
  const cases: readonly [name: string, then: (account: Account) => Account, contradicts: string[]][] = [
    ['a reading that agrees settles it', (account) => account.read(13, 0, [row(1, 'OPEN'), row(2, 'OPEN', 1)]), []],
    [
      'so does one after a reading, or a look-up, that lacked it',
      (account) => account.read(18, 0, [row(1, 'OPEN')], [], [2]).read(20, 0, [row(1, 'OPEN'), row(2, 'OPEN', 1)]),
      [],
    ],
    [
      'its end, said again to who looks it up long after',
      (account) =>
        account
          .order(13, row(2, 'CANCELLED', 1))
          .read(15, 0, [row(1, 'OPEN')])
          .read(40, 0, [row(1, 'OPEN')])
          .read(42, 0, [row(1, 'OPEN')], [row(2, 'CANCELLED', 1)]),
      [],
    ],
    [
      'what the stream reported about another one that a reading lacked for a while',
      (account) => account.read(18, 0, [row(2, 'OPEN', 1)], [], [1]).read(20, 0, [row(1, 'OPEN'), row(2, 'OPEN', 1)]),
      [],
    ],
    ['what it traded since', (account) => account.read(13, 0, [row(1, 'OPEN'), row(2, 'OPEN', 3)]), ['account']],
    ['its end', (account) => account.read(13, 0, [row(1, 'OPEN')], [row(2, 'CANCELLED', 1)]), ['account']],
    [
      'a frame missing of the other one',
      (account) => account.read(13, 0, [row(1, 'OPEN', 2), row(2, 'OPEN', 1)]),
      ['account'],
    ],
  ];
  for (const [name, then, contradicts] of cases) {
    it(`${name}: ${contradicts.length === 0 ? 'intact' : 'a probe of its own'}`, () => {
      const account = then(recovered(row(2, 'OPEN', 1)));
      account.wait(120);
      assert.deepEqual(account.contradictions, ['account', ...contradicts]);
    });
  }
});

describe('10.6 REST and stream disagree', () => {
  const disagreeing = () =>
    quoting()
      .position(2, 10)
      .read(7.1, 4, [row(1, 'OPEN')]);

  it('one reading alone is no disagreement', () => assert.deepEqual(disagreeing().contradictions, []));
  it('two alike readings are: REST wins, and the stream’s rows are ignored for 60 s', () => {
    const account = disagreeing().read(9, 4, [row(1, 'OPEN')]);
    assert.deepEqual(account.contradictions, [BNB]);
    assert.equal(account.position(10, 10).shows(), '4 | 1:OPEN/0 | REST');
    assert.equal(account.read(11, 4, [row(1, 'OPEN')]).shows(), '4 | 1:OPEN/0 | REST');
    assert.equal(
      account
        .read(70, 4, [row(1, 'OPEN')])
        .position(71, 6)
        .shows(),
      '6 | 1:OPEN/0 | intact',
    );
  });
  it('a new connection does not end that time', () => {
    const account = disagreeing().read(9, 4).down(10).up(11).read(12, 4);
    assert.equal(account.shows(), '4 | - | REST');
  });
  it('two that differ are none', () => assert.deepEqual(disagreeing().read(9, 5).contradictions, []));
  it('a frame between the two ends it', () => {
    assert.deepEqual(disagreeing().position(8, 10).read(14, 4).contradictions, []);
  });
  it('a reading like the stream between the two ends it', () => {
    assert.deepEqual(disagreeing().read(9, 10).read(11, 4).contradictions, []);
  });
  it('REST alone counts for a position that no frame has reported since the streams began', () => {
    const account = quoting()
      .order(4, row(1, 'OPEN', 3))
      .read(5, 3, [row(1, 'OPEN', 3)])
      .read(20, 4, [row(1, 'OPEN', 3)])
      .read(22, 4, [row(1, 'OPEN', 3)]);
    assert.deepEqual(account.contradictions, []);
    assert.equal(account.shows(), '4 | 1:OPEN/3 | intact');
  });
  it(`${DISAGREEING_MAX} instruments within a minute end the account’s streams`, () => {
    const names = ['B1', 'B2', 'B3', 'B4'];
    const account = new Account(...names).up(-10).read(1, {});
    for (const name of names) account.position(1.5, 0, name);
    account.read(7, { B1: 1 }).read(9, { B1: 1 });
    account.read(20, { B1: 1, B2: 1 }).read(22, { B1: 1, B2: 1 });
    assert.deepEqual(account.contradictions, ['B1', 'B2']);
    assert.equal(account.shows('B4'), 'flat | - | intact');
    account.read(60, { B1: 1, B2: 1, B3: 1 }).read(62, { B1: 1, B2: 1, B3: 1 });
    assert.deepEqual(account.contradictions, ['B1', 'B2', 'B3', 'account']);
    assert.equal(account.shows('B4'), 'flat | - | REST');
  });
  it('three in more than a minute do not', () => {
    const names = ['B1', 'B2', 'B3', 'B4'];
    const account = new Account(...names).up(-10).read(1, {});
    for (const name of names) account.position(1.5, 0, name);
    account.read(7, { B1: 1 }).read(9, { B1: 1 }).read(80, { B1: 1, B2: 1 }).read(82, { B1: 1, B2: 1 });
    account.read(160, { B1: 1, B2: 1, B3: 1 }).read(162, { B1: 1, B2: 1, B3: 1 });
    assert.deepEqual(account.contradictions, ['B1', 'B2', 'B3']);
  });
});

describe('10.2 what is looked up with a reading', () => {
  const cases: readonly [name: string, of: () => Account, watched: number[], open: number[], missing: string[]][] = [
    ['a watched order that is missing', () => new Account().read(1, 0, [row(1, 'OPEN')]), [1], [], ['1']],
    ['none that is there', () => quoting(), [1], [1], []],
    ['one the view holds open, watched or not', () => quoting(), [], [], ['1']],
    ['none whose end an intact stream reported', () => quoting().order(2, row(1, 'FILLED', 10)), [1], [], []],
    [
      'one whose end REST alone knows, while the streams are down',
      () =>
        quoting()
          .down(2)
          .read(3, 0, [], [row(1, 'FILLED', 10)]),
      [1],
      [],
      ['1'],
    ],
    ['none a frame named a moment ago', () => quoting().order(6, row(2, 'OPEN')), [2], [1], []],
    ['one a frame named longer ago', () => quoting().order(2, row(2, 'OPEN')), [2], [1], ['2']],
  ];
  for (const [name, of, watched, open, missing] of cases) {
    it(name, () => assert.deepEqual(of().missing(9, watched, open), missing));
  }
});

describe('10.1 ended orders', () => {
  it('leave the slice after a while and are not brought back by a stale row', () => {
    const account = quoting()
      .order(2, row(1, 'FILLED', 10))
      .position(2, 10);
    account.read(3, 10);
    assert.equal(account.shows(), '10 | 1:FILLED/10 | intact');
    account.read(2 + ENDED_SHOWN_MS / 1000, 10);
    assert.equal(account.shows(), '10 | - | intact');
    account.read(20, 10, [row(1, 'OPEN', 4, 99)]).order(21, row(1, 'OPEN', 4, 99));
    assert.equal(account.shows(), '10 | - | intact');
  });
  it('are remembered for at least an hour, and until they have expired', () => {
    const account = quoting()
      .order(2, row(1, 'FILLED', 10))
      .position(2, 10)
      .read(20, 10);
    account.read(3_500, 10, [row(1, 'OPEN')]);
    assert.equal(account.shows(), '10 | - | intact');
    account.read(3_630, 10).read(3_640, 10, [row(1, 'OPEN')]);
    assert.equal(account.shows(), '10 | 1:OPEN/0 | intact');
  });
});

describe('10.1 10.6 any interleaving of a true history ends at the truth', () => {
  /** What happens at the exchange: order `number` opens, trades so much, or is cancelled, so long after the event before. */
  const step = fc.record({
    number: fc.integer({ min: 1, max: 4 }),
    trades: fc.integer({ min: 0, max: 10 }),
    cancels: fc.boolean(),
    afterMs: fc.integer({ min: 1, max: 2_500 }),
    delays: fc.tuple(
      ...(['order', 'state', 'fill', 'position'] as const).map(() => fc.integer({ min: 0, max: 1_900 })),
    ),
    repeats: fc.boolean(),
  });
  const reading = fc.record({ atMs: fc.integer({ min: 0, max: 40_000 }), lagMs: fc.integer({ min: 0, max: 4_900 }) });

  it('and traded sizes never shrink on the way', () => {
    const property = fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.array(reading, { maxLength: 12 }),
      fc.integer({ min: 0, max: 20_000 }),
      (steps, readings, upAtMs) => {
        const truth: { atMs: number; size: number; orders: Map<number, ExchangeOrder> }[] = [
          { atMs: -10_000, size: 0, orders: new Map() },
        ];
        const messages: { atMs: number; act: (account: Account) => unknown }[] = [];
        const lastOf = [0, 0, 0, 0];
        let atMs = 0;
        for (const { number, trades, cancels, afterMs, delays, repeats } of steps) {
          atMs += afterMs;
          const before = truth.at(-1)!;
          const known = before.orders.get(number);
          if (known !== undefined && isOver(known)) continue;
          const traded = Math.min(10, (known?.tradedSize.toNumber() ?? 0) + (known === undefined ? 0 : trades));
          const status = known === undefined ? 'OPEN' : traded === 10 ? 'FILLED' : cancels ? 'CANCELLED' : 'OPEN';
          const at = atMs / 1000;
          const next = row(number, status, traded, at);
          const size = before.size + traded - (known?.tradedSize.toNumber() ?? 0);
          truth.push({ atMs, size, orders: new Map([...before.orders, [number, next]]) });
          const sends: ((account: Account, atMs: number) => unknown)[] = [
            (account, now) => account.order(now / 1000, next),
            (account, now) => account.state(now / 1000, number, status, traded),
            (account, now) => size !== before.size && account.fill(now / 1000, number, at),
            (account, now) => size !== before.size && account.position(now / 1000, size, BNB, at),
          ];
          sends.forEach((send, stream) => {
            // Each stream keeps its order; between streams there is none.
            const arrivesMs = Math.max(lastOf[stream]!, atMs + delays[stream]!);
            lastOf[stream] = arrivesMs;
            for (let times = repeats ? 2 : 1; times > 0; times -= 1) {
              messages.push({ atMs: arrivesMs, act: (account) => arrivesMs >= upAtMs && send(account, arrivesMs) });
            }
          });
        }
        const endMs = Math.max(atMs, upAtMs, 40_000) + 20_000;
        messages.push({ atMs: upAtMs, act: (account) => account.up(upAtMs / 1000) });
        for (const { atMs: requestedMs, lagMs } of [...readings, { atMs: endMs, lagMs: 4_900 }]) {
          const then = truth.filter((one) => one.atMs <= requestedMs - lagMs).at(-1) ?? truth[0]!;
          messages.push({
            atMs: requestedMs + 100,
            act: (account) => {
              const open = [...then.orders.values()].filter((order) => !isOver(order));
              const numbers = open.map((order) => Number(short(order.clientOrderId)));
              const known = [...(truth.filter((one) => one.atMs <= requestedMs).at(-1) ?? then).orders.values()];
              const missing = account.missing(requestedMs / 1000, [], numbers);
              const looked = known.filter((order) => missing.includes(short(order.clientOrderId)));
              account.read(requestedMs / 1000, then.size, open, looked);
            },
          });
        }
        messages.sort((one, other) => one.atMs - other.atMs);
        const account = new Account();
        const traded = new Map<string, number>();
        for (const { atMs: nowMs, act } of messages) {
          account.wait(nowMs / 1000);
          act(account);
          const slice = sliceOf(account.view, BNB, { nowMs, whole: false, absent: [] });
          for (const order of slice?.orders ?? []) {
            const size = order.tradedSize.toNumber();
            assert.ok(size >= (traded.get(order.clientOrderId) ?? 0), 'a traded size shrank');
            traded.set(order.clientOrderId, size);
          }
        }
        const last = truth.at(-1)!;
        const open = [...last.orders.values()].filter((order) => !isOver(order));
        const expected = open.map((order) => `${short(order.clientOrderId)}:OPEN/${order.tradedSize}`).sort();
        const [size, orders, streams] = account.shows().split(' | ');
        assert.equal(size, last.size === 0 ? 'flat' : String(last.size));
        const shown = (orders ?? '').split(' ').filter((one) => one !== '-' && one.includes('OPEN'));
        assert.deepEqual(shown.sort(), expected);
        assert.equal(streams, 'intact');
        assert.deepEqual(account.contradictions, []);
      },
    );
    fc.assert(property, { seed, numRuns: 400 });
  });
});
