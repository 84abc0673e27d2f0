import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExchangeOrder, OrderStatus } from '../../src/core/model.ts';
import { type AccountView, emptyView, IGNORE_MS, isIntact } from '../../src/core/view.ts';
import { ENDED_REMEMBERED_MS, missingOrders } from '../../src/core/view-readings.ts';
import { furtherRow } from '../../src/core/view-rows.ts';
import { sliceOf } from '../../src/core/view-slice.ts';
import { dueAtMs, withShown, withTime } from '../../src/core/view-streams.ts';
import { d, NOW } from '../support/core.ts';
import { Account, BNB, id, ms, quoting, row, short } from '../support/view.ts';

/** One message at a time: what it reports, and what the view remembers of it (strategy 10.1, 10.6). */

const SOL = 'SOL_USDT_Perp';
const open = (traded = 0) => row(1, 'OPEN', traded);
const two = (status: OrderStatus = 'OPEN', traded = 0) => row(2, status, traded);
const ended = () =>
  quoting()
    .order(2, row(1, 'CANCELLED', 4))
    .read(20, 4);

describe('10.6 which of two rows of an order is further', () => {
  const cases: [name: string, known: ExchangeOrder, seen: ExchangeOrder, status: string, isKnown: boolean][] = [
    ['less traded, though newer and over', row(1, 'OPEN', 4, 1), row(1, 'CANCELLED', 3, 9), 'OPEN/4', true],
    ['more traded, though older', row(1, 'OPEN', 3, 9), row(1, 'OPEN', 4, 1), 'OPEN/4', false],
    ['more traded and over', row(1, 'CANCELLED', 3, 9), row(1, 'FILLED', 10, 1), 'FILLED/10', false],
    ['more traded and open: over stays over', row(1, 'CANCELLED', 3, 1), row(1, 'OPEN', 4, 9), 'CANCELLED/4', false],
    ['later in its life, though older', row(1, 'OPEN', 3, 9), row(1, 'CANCELLED', 3, 1), 'CANCELLED/3', false],
    ['earlier in its life, though newer', row(1, 'OPEN', 0, 1), row(1, 'PENDING', 0, 9), 'OPEN/0', true],
    ['the same and newer', row(1, 'OPEN', 3, 1), row(1, 'OPEN', 3, 9), 'OPEN/3', false],
    ['the same at one time', row(1, 'OPEN', 3, 1), row(1, 'OPEN', 3, 1), 'OPEN/3', false],
    ['the same and older', row(1, 'OPEN', 3, 9), row(1, 'OPEN', 3, 1), 'OPEN/3', true],
    ['over in another way and older', row(1, 'CANCELLED', 3, 9), row(1, 'REJECTED', 3, 1), 'CANCELLED/3', true],
  ];
  for (const [name, known, seen, status, isKnown] of cases) {
    it(name, () => {
      const further = furtherRow(known, seen);
      assert.equal(`${further.status}/${further.tradedSize}`, status);
      assert.equal(further === known, isKnown);
    });
  }

  it('the reason of its end stays with it', () => {
    const known = { ...row(1, 'REJECTED', 3), rejectReason: 'FAIL_POST_ONLY' } as ExchangeOrder;
    assert.deepEqual(furtherRow(known, row(1, 'OPEN', 4)), {
      ...row(1, 'OPEN', 4),
      status: 'REJECTED',
      rejectReason: 'FAIL_POST_ONLY',
    });
  });
});

describe('10.1 10.6 what a message reports', () => {
  const cases: [name: string, of: () => Account, says: string][] = [
    ['a reading: each instrument, and what is new', () => quoting(), `${BNB} | 1:OPEN/0 | -`],
    ['a reading of nothing new', () => quoting().read(3, 0, [open()]), `${BNB} | - | -`],
    [
      'a reading and what it looked up',
      () => quoting().read(9, 0, [], [row(1, 'FILLED', 10)]),
      `${BNB} | 1:FILLED/10 | -`,
    ],
    ['a look-up that repeats the list', () => quoting().read(9, 0, [], [open()]), `${BNB} | - | -`],
    [
      'a reading that proves held frames',
      () => new Account().up(0).order(1, open(2)).read(2, 0, [open()]),
      `${BNB} | 1:OPEN/0 1:OPEN/2 | -`,
    ],
    ['streams', () => quoting().up(2), `${BNB} | - | -`],
    ['an order', () => quoting().order(2, open(3)), `${BNB} | 1:OPEN/3 | -`],
    ['the same order', () => quoting().order(2, open()), '- | - | -'],
    ['a held frame', () => new Account().up(0).order(1, open()), '- | - | -'],
    ['a fill', () => quoting().fill(2, 1), '- | - | -'],
    ['a position', () => quoting().position(2, 3), `${BNB} | - | -`],
    ['the same position', () => quoting().position(2, 3).position(3, 3), '- | - | -'],
    ['an older position', () => quoting().position(2, 3, BNB, 2).position(3, 4, BNB, 1), '- | - | -'],
    ['a state', () => quoting().state(2, 1, 'OPEN', 3), `${BNB} | 1:OPEN/3 | -`],
    ['a state of an order that is nowhere', () => quoting().state(2, 2, 'OPEN', 3), '- | - | -'],
    [
      'a state of an order that is only held',
      () => new Account().up(0).order(1, open()).state(1.5, 1, 'OPEN', 3),
      '- | - | -',
    ],
    ['a state of an order of long ago', () => ended().state(30, 1, 'CANCELLED', 4), '- | - | -'],
    ['a new order and its state', () => quoting().state(2, 2, 'OPEN', 3).order(3, two()), `${BNB} | 2:OPEN/3 | -`],
    ['and its state that adds nothing', () => quoting().state(2, 2, 'OPEN').order(3, two()), `${BNB} | 2:OPEN/0 | -`],
    [
      'both known by now',
      () => quoting().state(2, 2, 'OPEN').read(2.5, 0, [open(), two()]).order(3, two()),
      '- | - | -',
    ],
    ['a stale row of an order of long ago', () => ended().order(30, open(3)), '- | - | -'],
    ['its end, by a frame', () => ended().order(30, row(1, 'CANCELLED', 4)), '- | - | -'],
    ['its end, to who looks it up', () => ended().lookUp(30, 1, row(1, 'CANCELLED', 4)), `${BNB} | 1:CANCELLED/4 | -`],
    ['a stale row, to who looks it up', () => ended().lookUp(30, 1, open(4)), '- | - | -'],
    ['a look-up', () => quoting().lookUp(2, 1, open(3)), `${BNB} | 1:OPEN/3 | -`],
    ['a look-up of nothing new', () => quoting().lookUp(2, 1, open()), '- | - | -'],
    ['a look-up of an unknown order', () => quoting().lookUp(2, 3, null), '- | - | -'],
    ['one of another instrument', () => quoting().lookUp(2, 3, row(3, 'OPEN', 0, 1, SOL)), '- | - | -'],
    [
      'a look-up, and the state that waited for it',
      () => quoting().state(2, 2, 'OPEN', 5).lookUp(3, 2, two('OPEN', 1)),
      `${BNB} | 2:OPEN/5 | -`,
    ],
    [
      'a look-up, and a state that adds nothing to it',
      () => quoting().state(2, 2, 'OPEN').lookUp(3, 2, two()),
      `${BNB} | 2:OPEN/0 | -`,
    ],
    [
      'without streams the state waits for none',
      () => quoting().state(2, 2, 'OPEN', 5).down(2.5).lookUp(3, 2, two('OPEN', 1)),
      `${BNB} | 2:OPEN/1 | -`,
    ],
    [
      'the state of another order is not for it',
      () => quoting().state(2, 2, 'OPEN', 5).lookUp(3, 3, row(3, 'OPEN')),
      `${BNB} | 3:OPEN/0 | -`,
    ],
    [
      'stream and REST that disagree',
      () => quoting().position(2, 10).read(7.1, 4, [open()]).read(9, 4, [open()]),
      `${BNB} | - | ${BNB} stream-disagrees 10.6`,
    ],
  ];
  for (const [name, of, says] of cases) it(name, () => assert.equal(of().said(), says));

  it('three instruments that disagree: the account too, once', () => {
    const names = ['B1', 'B2', 'B3'];
    const account = new Account(...names).up(-10).read(1, {});
    for (const name of names) account.position(1.5, 0, name);
    const all = { B1: 1, B2: 1, B3: 1 };
    account.read(7, all).read(9, all);
    const each = names.map((name) => `${name} stream-disagrees 10.6`);
    assert.equal(account.said(), ['B1 B2 B3', '-', `${each.join(' ')} null streams-disagree 10.6`].join(' | '));
    assert.deepEqual(account.last?.contradictions[3]?.why.params, { instruments: 3 });
    assert.equal(account.read(11, all).said(), 'B1 B2 B3 | - | -');
  });

  it('a frame that is missing: which order, of which instrument, after how long', () => {
    const { view } = quoting().read(3, 0, [open(), two()]);
    const { failed, contradictions } = withTime(view, ms(5.1));
    assert.deepEqual(failed, {
      ...{ code: 'stream-lacks-order', rule: '10.6' },
      params: { clientOrderId: id(2), instrument: BNB, seconds: 2 },
    });
    assert.deepEqual(contradictions, [{ instrument: null, why: failed }]);
  });
});

describe('10.6 which frames count', () => {
  const cases: [name: string, of: () => Account, shows: string][] = [
    [
      'one received before the streams were up does not',
      () => new Account().up(5).order(4, open(2)).read(6, 0, [open()]),
      'flat | 1:OPEN/0 | intact',
    ],
    [
      'one received with them does',
      () => new Account().up(5).order(5, open(2)).read(6, 0, [open()]),
      'flat | 1:OPEN/2 | intact',
    ],
    [
      'a held order counts, however old',
      () => new Account().up(0).order(1, open(2)).read(7, 0, [open()]),
      'flat | 1:OPEN/2 | intact',
    ],
    [
      'a held position of 5 s before the reading does',
      () => new Account().up(0).position(2, 2).read(7, 3),
      '2 | - | intact',
    ],
    [
      'held frames wait for a reading that proves them',
      () => new Account().up(5).order(6, open(2)).read(4.9, 0, [open()]),
      'flat | 1:OPEN/0 | REST',
    ],
    [
      'and are there when it comes',
      () => new Account().up(5).order(6, open(2)).read(4.9, 0, [open()]).read(7, 0, [open()]),
      'flat | 1:OPEN/2 | intact',
    ],
    [
      'a state of a held order is held with it',
      () => new Account().up(0).order(1, open()).state(1.5, 1, 'OPEN', 3).read(2, 0, [open()]),
      'flat | 1:OPEN/3 | intact',
    ],
    [
      'of two orders a state is of its own',
      () => quoting().order(2, two()).state(3, 1, 'OPEN', 3),
      'flat | 1:OPEN/3 2:OPEN/0 | intact',
    ],
    [
      'of two positions of one time the later one',
      () => quoting().position(2, 10, BNB, 2).position(2.1, 5, BNB, 2),
      '5 | 1:OPEN/0 | intact',
    ],
    [
      'foreign orders of a reading do not',
      () => quoting().read(3, 0, [open(), { ...two(), clientOrderId: '77' }]),
      'flat | 1:OPEN/0 | intact',
    ],
    [
      'a row that was looked up again takes what comes later',
      () =>
        ended()
          .lookUp(30, 1, row(1, 'CANCELLED', 4))
          .order(31, row(1, 'CANCELLED', 5)),
      '4 | 1:CANCELLED/5 | intact',
    ],
    [
      'a new order a frame named a moment ago stays without a row of REST',
      () => quoting().order(8, two()).read(9, 0, [open()]),
      'flat | 1:OPEN/0 2:OPEN/0 | intact',
    ],
    [
      'unless the exchange was asked and does not know it',
      () => quoting().order(8, two()).read(9, 0, [open()], [], [2]),
      'flat | 1:OPEN/0 | intact',
    ],
    [
      'or the streams are down since',
      () => quoting().order(8, two()).down(8.5).read(9, 0, [open()]),
      'flat | 1:OPEN/0 | REST',
    ],
    [
      'of two that are missing the one that was found stays',
      () => quoting().read(3, 0, [open(), two()]).read(9, 0, [], [two()]),
      'flat | 2:OPEN/0 | intact',
    ],
  ];
  for (const [name, of, shows] of cases) it(name, () => assert.equal(of().shows(), shows));

  it('200 frames are held; one more, and a reading after it must prove the state', () => {
    const held = (frames: number) => {
      const account = new Account().up(0);
      for (let one = 0; one < frames; one += 1) account.position(3, one);
      return account;
    };
    assert.equal(held(200).view.parts[BNB]?.held.length, 200);
    assert.equal(held(200).read(2.9, 1).shows(), '199 | - | intact');
    assert.equal(held(201).view.parts[BNB]?.held.length, 1);
    assert.equal(held(201).read(2.9, 1).shows(), '1 | - | REST');
    assert.equal(held(201).read(3, 1).shows(), '200 | - | intact');
  });
});

describe('10.1 what is looked up', () => {
  const cases: [name: string, of: () => Account, at: number, wanted: string[]][] = [
    [
      'a fill of an order that is not there',
      () =>
        quoting()
          .order(2, row(1, 'OPEN', 4, 9))
          .fill(2, 2),
      3,
      ['2'],
    ],
    ['none of an order of long ago', () => ended().fill(30, 1), 40, []],
    ['nor its state', () => ended().state(30, 1, 'CANCELLED', 4), 40, []],
    ['none of another instrument', () => quoting().fill(2, 2, 2, SOL), 9, []],
    [
      'none a foreign order traded',
      () => {
        const account = new Account().up(0).read(1, 0);
        return account.frame(2, { kind: 'fill', instrument: BNB, clientOrderId: '77', eventTimeNs: 1n });
      },
      9,
      [],
    ],
    ['a state whose order nobody holds', () => new Account().up(0).fill(1, 1).state(1.5, 1, 'OPEN', 3), 9, ['1']],
    [
      'a state whose order another one is not',
      () => quoting().state(2, 2, 'OPEN').order(2.5, row(3, 'OPEN')),
      9,
      ['2'],
    ],
    [
      'a state and then a fill: a second after the first',
      () => quoting().state(2, 2, 'OPEN', 3).fill(2.5, 2),
      3,
      ['2'],
    ],
    ['once', () => quoting().state(2, 2, 'OPEN', 3).fill(2.5, 2), 9, ['2']],
    [
      'a state of another order than the held one',
      () => new Account().up(0).order(1, open()).state(1.5, 2, 'OPEN'),
      9,
      ['2'],
    ],
    ['two orders', () => quoting().state(2, 2, 'OPEN').state(2.1, 3, 'OPEN'), 9, ['2', '3']],
    ['one of two that was not', () => quoting().state(2, 2, 'OPEN').state(2, 3, 'OPEN').lookUp(3, 3, null), 9, ['2']],
    ['none a reading looked up', () => quoting().fill(2, 1).read(2.5, 0, [], [open()]), 9, []],
    ['one of two it did not', () => quoting().state(2, 2, 'OPEN').read(2.5, 0, [], [open()]), 9, ['2']],
    ['after our clock was set back: at once', () => quoting().fill(2, 1), 1.9, ['1']],
    ['not at the very time', () => quoting().fill(2, 1), 2, []],
    ['none when the streams have come up again', () => quoting().fill(2, 1).up(2.5), 9, []],
    ['still when they are down', () => quoting().fill(2, 1).down(2.5), 9, ['1']],
  ];
  for (const [name, of, at, wanted] of cases) it(name, () => assert.deepEqual(of().wait(at), wanted));

  it('a fill of one instrument waits, whatever is said of another', () => {
    const account = new Account(BNB, SOL).up(-10).read(1, {}, [open(), row(2, 'OPEN', 0, 1, SOL)]);
    account.fill(2, 1).order(2.5, row(2, 'OPEN', 1, 9, SOL));
    assert.deepEqual(account.wait(3), ['1']);
  });

  it('the state is kept when the fill comes, and merged', () => {
    const account = quoting().state(2, 2, 'OPEN', 5).fill(2.5, 2).lookUp(3, 2, two('OPEN', 1));
    assert.equal(account.shows(), 'flat | 1:OPEN/0 2:OPEN/5 | intact');
  });

  it('200 orders wait; of more the oldest is given up', () => {
    const account = quoting();
    for (let number = 2; number <= 202; number += 1) account.state(2, number, 'OPEN');
    const wanted = account.wait(3);
    assert.deepEqual([wanted.length, wanted[0], wanted.at(-1)], [200, '3', '202']);
  });
});

describe('10.6 probes', () => {
  const probes = ({ view }: Account) => view.probes.map((one) => `${short(one.clientOrderId)}:${one.tradedSize}`);
  const cases: [name: string, of: () => Account, probes: string[]][] = [
    [
      'what REST shows 5 s after the streams came up',
      () => new Account().up(0).read(5, 0).read(7, 0, [open()]),
      ['1:0'],
    ],
    ['not before', () => new Account().up(0).read(4.999, 0).read(7, 0, [open()]), []],
    ['a look-up likewise', () => new Account().up(0).read(1, 0, [open()]).lookUp(2, 1, open(3)), []],
    ['a look-up of nothing new', () => quoting().lookUp(2, 1, open()), []],
    ['a look-up whose state had come', () => quoting().state(2, 2, 'OPEN', 5).lookUp(3, 2, two()), []],
    [
      'of one order the last',
      () =>
        quoting()
          .read(3, 0, [open(), two()])
          .read(4, 0, [open(), two('OPEN', 2)]),
      ['2:2'],
    ],
    [
      'of two orders both',
      () =>
        quoting()
          .read(3, 0, [open(), two()])
          .read(4, 0, [open(1), two()]),
      ['2:0', '1:1'],
    ],
    ['its end, again long after', () => ended().lookUp(30, 1, row(1, 'CANCELLED', 4)), []],
    ['a stale row of an order of long ago', () => ended().lookUp(30, 1, open(4)), []],
    ['a fill does not answer', () => quoting().read(3, 0, [open(), two()]).fill(4, 2), ['2:0']],
    ['nor another order', () => quoting().read(3, 0, [open(), two()]).order(4, open(1)), ['2:0']],
    ['nor a pending row', () => quoting().read(3, 0, [open(), two()]).order(4, two('PENDING')), ['2:0']],
    ['the order does', () => quoting().read(3, 0, [open(), two()]).order(4, two()), []],
    [
      'its end answers its end',
      () =>
        quoting()
          .read(9, 0, [], [row(1, 'CANCELLED')])
          .order(10, row(1, 'CANCELLED')),
      [],
    ],
    [
      'an open row does not',
      () =>
        quoting()
          .read(9, 0, [], [row(1, 'CANCELLED')])
          .order(10, open()),
      ['1:0'],
    ],
    [
      'the end of an order that a reading lacked',
      () =>
        quoting()
          .read(9, 0, [], [], [1])
          .read(18, 0, [], [row(1, 'CANCELLED')]),
      ['1:0'],
    ],
    ['but not the same row of it', () => quoting().read(9, 0, [], [], [1]).read(18, 0, [open()]), []],
  ];
  for (const [name, of, expected] of cases) it(name, () => assert.deepEqual(probes(of()), expected));

  const due: [name: string, of: () => Account, at: number | null][] = [
    ['nothing waits', () => quoting(), null],
    ['a probe, 2 s after the answer', () => quoting().read(3, 0, [open(), two()]), 5.1],
    ['a fill, a second after it', () => quoting().fill(2, 1), 3],
    ['the earlier of both', () => quoting().read(3, 0, [open(), two()]).fill(3, 1), 4],
    ['the earlier of two', () => quoting().fill(2, 1).fill(2.5, 2), 3],
  ];
  for (const [name, of, at] of due)
    it(`time is due: ${name}`, () => assert.equal(dueAtMs(of().view), at === null ? null : ms(at)));

  it('of 1,000 orders REST’s state is kept: the newest', () => {
    const reported = (...numbers: number[]) =>
      numbers.map((one) => ({ clientOrderId: `${one}`, tradedSize: d(one), over: false }));
    const full = withShown(new Map(), reported(...Array.from({ length: 1000 }, (_, index) => index)));
    assert.deepEqual([full.size, [...full.keys()][0]], [1000, '0']);
    const again = withShown(full, reported(0));
    assert.deepEqual([again.size, [...again.keys()][0], [...again.keys()].at(-1)], [1000, '1', '0']);
    const more = withShown(again, reported(1000));
    assert.deepEqual([more.size, more.has('1'), more.has('0'), more.has('1000')], [1000, false, true, true]);
    assert.deepEqual(more.get('7'), { tradedSize: d(7), over: false });
  });

  it('nothing is remembered of orders that are there', () =>
    assert.equal(quoting().read(3, 0, [open()]).view.shown.size, 0));
});

describe('10.2 what is looked up with a reading, at its edges', () => {
  it('a watched order no intact stream has named', () => assert.deepEqual(quoting().missing(9, [5], [1]), ['5']));
  it('none a frame named 5 s before', () => assert.deepEqual(quoting().order(4, two()).missing(9, [2], [1]), []));
  it('none a state named', () => assert.deepEqual(quoting().state(8, 1, 'OPEN', 1).missing(9, [], []), []));
  it('none a frame named before another reading listed it', () => {
    assert.deepEqual(quoting().order(6, two()).read(7, 0, [open(), two()]).missing(9, [2], [1]), []);
  });
  it('each watched order of an instrument that is not followed', () => {
    const reading = { requestedAtMs: ms(9), openIds: new Set<string>() };
    assert.deepEqual(missingOrders(quoting().view, SOL, [id(1)], reading), [id(1)]);
  });
});

describe('10.1 the slice', () => {
  const slice = (of: Account, instrument = BNB) =>
    sliceOf(of.view, instrument, { nowMs: 7, whole: true, absent: ['9'] });

  it('none of an instrument that is not followed', () => assert.equal(slice(quoting(), SOL), null));
  it('has all of it', () => {
    assert.deepEqual(slice(quoting()), {
      ...{ account: 'A', requestedAtMs: ms(1), era: 0, receivedAtMs: 7, whole: true, intact: true },
      ...{ lastFrameAtMs: null, position: null, asRead: true, orders: [open()], absent: ['9'] },
    });
  });

  const lookedUp: [name: string, of: () => Account, ids: string[] | undefined][] = [
    ['none that the reading listed', () => quoting(), undefined],
    ['none that is over', () => quoting().read(9, 0, [], [row(1, 'FILLED', 10)]), undefined],
    ['one it looked up', () => quoting().read(9, 0, [], [open()]), ['1']],
    ['one a frame alone named', () => quoting().order(2, two()), ['2']],
    ['none a reading listed before the frame', () => quoting().order(2, open(1)), undefined],
    ['one that the last reading lacked', () => quoting().order(8, open(1)).read(9, 0, []), ['1']],
    ['one that a look-up named', () => quoting().lookUp(2, 3, row(3, 'OPEN')), ['3']],
    ['none that the last reading listed', () => quoting().order(2, two()).read(9, 0, [open(), two()]), undefined],
  ];
  for (const [name, of, ids] of lookedUp) {
    it(`open orders that were not listed: ${name}`, () => assert.deepEqual(slice(of())?.lookedUp?.map(short), ids));
  }

  it('which message an order is from: a list, or a frame; a look-up is of none', () => {
    const openOrders = Object.defineProperty([open()], 'from', { value: 77 });
    const account = quoting().read(9, 0, [], [two()], [], { openOrders });
    assert.deepEqual(slice(account)?.orders, [{ ...open(), from: 77 }, two()]);
    assert.deepEqual(slice(account.lookUp(10, 3, row(3, 'OPEN')))?.orders[2], row(3, 'OPEN'));
    assert.deepEqual(slice(account.order(11, open(1)))?.orders[0], { ...open(1), from: 1 });
    assert.ok(!('from' in slice(quoting().read(9, 0, [open(2)]))!.orders[0]!));
  });
});

describe('10.1 the followed instruments', () => {
  it('begin with nothing', () => {
    const part = {
      ...{ position: null, positionFrom: undefined, orders: [], ended: new Map(), provenAtMs: null, readSize: d(0) },
      ...{ era: 0, trustFromMs: Number.POSITIVE_INFINITY, held: [], lastFrameAtMs: null },
      ...{ streamedSize: null, streamedNs: 0n, againstSize: null },
    };
    const view: AccountView = {
      ...{ account: 'A', parts: { [BNB]: part }, intactSinceMs: null, probes: [], shown: new Map() },
      ...{ uncovered: [], disagreed: [] },
    };
    assert.deepEqual(emptyView('A', [BNB]), view);
  });

  it('a new one waits for its reading; known ones stay, others are dropped', () => {
    const account = quoting().follow(BNB, SOL);
    assert.deepEqual([account.shows(), account.shows(SOL)], ['flat | 1:OPEN/0 | intact', 'nothing']);
    assert.deepEqual([isIntact(account.view, BNB), isIntact(account.view, SOL)], [true, false]);
    account.read(3, { [SOL]: 2 }, [open()]);
    assert.equal(account.shows(SOL), '2 | - | intact');
    assert.equal(account.follow(SOL).shows(), 'nothing');
    assert.equal(isIntact(account.view, BNB), false);
  });

  it('a new one while the streams are down', () => {
    assert.equal(quoting().down(2).follow(SOL).read(3, {}).shows(SOL), 'flat | - | REST');
  });

  it('one whose look-up failed keeps what is known of it', () => {
    const account = new Account(BNB, SOL).up(-10).read(1, { [BNB]: 1, [SOL]: 2 });
    account.read(3, { [BNB]: 3, [SOL]: 4 }, [], [], [], { without: [SOL] });
    assert.deepEqual([account.shows(), account.shows(SOL)], ['3 | - | intact', '2 | - | intact']);
    assert.equal(account.said(), `${BNB} | - | -`);
  });
});

describe('10.6 how long frames are ignored', () => {
  const NAMES = ['B1', 'B2', 'B3', 'B4'];
  /** Each of these has disagreed, at the second after its name. */
  const disagreed = (...at: [instrument: string, at: number][]) => {
    const account = new Account(...NAMES).up(-10).read(1, {});
    for (const name of NAMES) account.position(1.5, 0, name);
    const held: Record<string, number> = {};
    for (const [name, second] of at) {
      held[name] = 1;
      account.read(second - 2, held).read(second - 0.1, held);
    }
    return account;
  };
  const intact = (account: Account) => NAMES.filter((name) => isIntact(account.view, name));

  it('of one instrument, over a new connection; the others go on', () => {
    assert.deepEqual(intact(disagreed(['B1', 10]).up(20).read(21, { B1: 1 })), ['B2', 'B3', 'B4']);
    assert.deepEqual(intact(disagreed(['B1', 10]).up(20).read(69.999, { B1: 1 })), ['B2', 'B3', 'B4']);
    assert.deepEqual(intact(disagreed(['B1', 10]).up(20).read(70, { B1: 1 })), NAMES);
  });
  it('of three within a minute all, over a new connection', () => {
    const three = () => disagreed(['B1', 10], ['B2', 20], ['B3', 30]);
    assert.deepEqual(intact(three().up(40).read(41, {})), []);
    assert.deepEqual(intact(three().up(40).read(90, {})), NAMES);
  });
  it('when the first of three is a minute old, a new connection ends it for the others', () => {
    const account = disagreed(['B1', 10], ['B2', 20], ['B3', 30]).up(70).read(71, {});
    assert.deepEqual(intact(account), ['B1', 'B4']);
  });
  it('of an instrument that disagrees again, since our clock was set back, the later time is remembered', () => {
    const held = { B1: 1 };
    const again = (account: Account, at: number) => account.read(at, held, [], [], [], { era: 1 });
    const account = again(disagreed(['B1', 10]), 11).position(11.5, 0, 'B1');
    assert.deepEqual(again(again(account, 17), 19).view.disagreed, [{ instrument: 'B1', atMs: ms(19.1) }]);
  });
  it('is remembered for that time, and not after our clock was set back', () => {
    const lately = (at: number) => disagreed(['B1', 10]).read(at, { B1: 1 }).view.disagreed.length;
    assert.deepEqual([lately(69.899), lately(69.9), lately(9.9), lately(9.899)], [1, 0, 1, 0]);
    assert.equal(IGNORE_MS, 60_000);
  });
});

describe('10.3 after our clock was set back', () => {
  const back = (account: Account) => account.read(-100, 4, [open(3)], [], [], { era: 1 });

  it('a reading proves the view again, and frames go on', () => {
    const account = back(quoting().position(2, 10).order(2, open(3)));
    assert.equal(account.shows(), '4 | 1:OPEN/3 | intact');
    const part = account.view.parts[BNB];
    assert.deepEqual([part?.lastFrameAtMs, part?.streamedSize, part?.era], [null, null, 1]);
    assert.deepEqual(
      part?.orders.map((one) => [one.changedAtMs, one.lastFrameAtMs]),
      [[ms(-100), null]],
    );
    assert.equal(account.order(-99, open(5)).shows(), '4 | 1:OPEN/5 | intact');
  });
  it('without streams REST alone goes on counting', () => {
    const account = back(quoting().down(2));
    assert.equal(account.shows(), '4 | 1:OPEN/3 | REST');
    assert.deepEqual(account.view.parts[BNB]?.held, []);
  });
  it('frames held since before are not applied', () => {
    const account = new Account().up(5).read(1, 0, [open()]).order(6, open(9));
    assert.equal(back(account).shows(), '4 | 1:OPEN/3 | intact');
    assert.equal(account.view.parts[BNB]?.held.length, 0);
  });
  it('the first reading of a new era forgets nothing', () => {
    const account = new Account().up(0).order(1, open(2)).read(2, 0, [open()], [], [], { era: 1 });
    assert.equal(account.shows(), 'flat | 1:OPEN/2 | intact');
    assert.equal(account.view.parts[BNB]?.held.length, 0);
  });
});

describe('10.1 when ended orders leave', () => {
  const filled = (at: number) => quoting().order(at, row(1, 'FILLED', 10));
  const shown = (account: Account) => account.shows().split(' | ')[1];

  it('10 s after their end, not after what repeats it', () => {
    assert.equal(shown(filled(2.1).read(11.999, 10)), '1:FILLED/10');
    assert.equal(shown(filled(2.1).read(12, 10)), '-');
    assert.equal(
      shown(
        filled(2.1)
          .order(8, row(1, 'FILLED', 10))
          .read(12, 10),
      ),
      '-',
    );
  });
  it('at once when our clock was set back', () => assert.equal(shown(filled(20).read(10, 10)), '-'));

  /** Order 1 with that expiry, s after NOW, has left at 20.1; a stale row of it comes with a reading at `at`. */
  const stale = (expiresS: number, at: number) => {
    const expirationNs = BigInt(NOW + expiresS * 1000) * 1_000_000n;
    const account = quoting()
      .order(2, { ...row(1, 'FILLED', 10), expirationNs })
      .read(20, 10);
    return shown(account.read(at, 10).read(at + 1, 10, [open()]));
  };
  it('are remembered for an hour', () => {
    assert.deepEqual([stale(0, 3_619.9), stale(0, 3_620)], ['-', '1:OPEN/0']);
    assert.equal(ENDED_REMEMBERED_MS, 3_600_000);
  });
  it('and until they have expired', () => {
    assert.deepEqual([stale(7_200, 3_620), stale(7_200, 7_200), stale(7_200, 7_200.001)], ['-', '-', '1:OPEN/0']);
  });
  it('are remembered when another one leaves', () => {
    const account = quoting()
      .order(2, row(1, 'FILLED', 10))
      .read(20, 10);
    account.order(21, two('CANCELLED')).read(40, 10).read(41, 10, [open(), two()]);
    assert.equal(shown(account), '-');
  });
  it('10,000 are: of more the oldest is forgotten', () => {
    const known = (count: number) => {
      const account = quoting().order(2, row(1, 'FILLED', 10));
      const part = account.view.parts[BNB]!;
      const at = { endedAtMs: ms(2), expirationMs: ms(9_000) };
      const ended = new Map(Array.from({ length: count }, (_, index) => [`${index}`, at] as const));
      account.view = { ...account.view, parts: { [BNB]: { ...part, ended } } };
      const kept = account.read(20, 10).view.parts[BNB]!.ended;
      return [kept.size, kept.has('0'), kept.has(id(1))];
    };
    assert.deepEqual(known(9_999), [10_000, true, true]);
    assert.deepEqual(known(10_000), [10_000, false, true]);
  });
});
