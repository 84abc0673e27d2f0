import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ALL_FAULTS,
  everyFault,
  paperRules,
  WORLD_FAULTS,
  type WorldFault,
  worldCount,
} from '../../src/simulate/fault-plan.ts';
import { type GivenOptions, optionsOf, seedsOf } from '../../src/simulate/options.ts';
import { OptionError } from '../../src/texts/option-error.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { assertChinese } from '../support/chinese.ts';

const GIVEN: GivenOptions = {
  days: '1',
  symbols: '1',
  faults: '0',
  profile: 'mixed',
  mode: 'mixed',
  leg: '24',
  loop: '2',
  latency: '5-80',
};

describe('options of simulate', () => {
  const wrong: readonly [string, Partial<GivenOptions>, RegExp][] = [
    ['days', { days: 'many' }, /--days: many: expected a number/],
    ['symbols', { symbols: '1.5' }, /--symbols: 1.5: expected a whole number/],
    ['a rate above one', { faults: '2' }, /--faults: 2: expected a number from 0 to 1/],
    ['an unknown fault', { fault: ['earthquake=0.1'] }, /--fault: earthquake=0.1: expected one of refused, /],
    ['an unknown market', { profile: 'bull' }, /--profile: bull: expected one of mixed, lively/],
    ['an unknown invariant', { only: 'I99' }, /--only: I99: expected one of I1, /],
    ['a moment that is none', { until: 'soon' }, /--until: soon: expected 90s/],
    ['latency the wrong way round', { latency: '80-5' }, /--latency: 80-5/],
    ['seeds the wrong way round', { seeds: '9..3' }, /--seeds: 9..3/],
    ['a seed given twice', { seeds: '5,9,5' }, /--seeds: 5: expected each seed once/],
    ['one seed and many', { seed: '3', seeds: '1..2' }, /--seed: 3: expected it without --seeds/],
    ['a log of many seeds', { seeds: '1..2', log: 'a.log' }, /--log: a.log: expected one seed; --seeds names 2/],
    [
      'an end before the beginning',
      { until: '2020-01-01T00:00:00Z' },
      /--until: .*: expected a time after 2026-01-05T00/,
    ],
    ['an end at the beginning', { until: '0s' }, /--until: 0s: expected a time after 2026-01-05T00:00:00.000Z/],
    ['a fault without a rate', { fault: ['late'] }, /--fault: late: expected KIND=RATE, such as late=0.1/],
    ['a fault with two rates', { fault: ['late=0.1=5'] }, /--fault: late=0.1=5: expected KIND=RATE/],
    [
      'a stream fault without streams',
      { fault: ['lost-frame=0.3'], streams: false },
      /--fault: lost-frame=0.3: .* --no-streams/,
    ],
  ];
  for (const [name, change, message] of wrong) {
    it(`${name} is refused in words`, () => {
      assert.throws(
        () => optionsOf({ ...GIVEN, ...change }),
        (thrown) => {
          assert.ok(thrown instanceof OptionError);
          assert.match(thrown.message, message);
          assertChinese(reasonText(thrown.why, 'zh'));
          return true;
        },
      );
    });
  }

  it('seeds are a range, a list or one', () => {
    assert.deepEqual(seedsOf('3..6'), [3, 4, 5, 6]);
    assert.deepEqual(seedsOf('1,5,9'), [1, 5, 9]);
    assert.deepEqual(seedsOf('7'), [7]);
  });

  it('a campaign is repeated with all that was given and mattered, up to where it broke', () => {
    const { again } = optionsOf({
      ...{ ...GIVEN, days: '0.1', symbols: '2', faults: '0.05', fault: ['late=0.5', 'garbage=0'], seeds: '1..9' },
      ...{ only: 'I7', streams: false, keepGoing: true, until: '2h', workers: '3', json: true },
    });
    const all =
      'npm run simulate -- --days 0.1 --symbols 2 --faults 0.05 --fault late=0.5 --fault garbage=0 --no-streams ' +
      '--only I7 --keep-going --seed 6';
    assert.equal(again(6, 37_125), `${all} --until 38s --verbose`);
    assert.equal(again(6, 38_000), `${all} --until 39s --verbose`, 'what happens at that moment is in it');
    assert.equal(again(6, null), `${all} --until 2h --verbose`);
    assert.equal(again(6, 8_639_900), `${all} --verbose`, 'it ends there by itself');
    assert.equal(
      optionsOf({ ...GIVEN, streams: true }).again(1, 500),
      'npm run simulate -- --streams --seed 1 --until 1s --verbose',
    );
    assert.match(optionsOf({ ...GIVEN, days: ' 2' }).again(1, null), /--days ' 2' /);
  });

  it('an option without effect is reported', () => {
    const notesOf = (change: Partial<GivenOptions>) => optionsOf({ ...GIVEN, ...change }).notes.map(({ en }) => en);
    assert.deepEqual(notesOf({ until: '23h', verbose: true }), []);
    assert.match(
      notesOf({ until: '24h' }).join(),
      /--until: 24h: not before the end of --days 1, which it does not change/,
    );
    assert.equal(optionsOf({ ...GIVEN, until: '24h' }).of(1).untilMs, null);
    assert.match(notesOf({ seeds: '1..2', verbose: true }).join(), /--verbose: the log is shown of one seed only/);
  });

  it('a stream fault at no rate needs no streams', () => {
    const { plan } = optionsOf({ ...GIVEN, faults: '0.1', fault: ['disconnect=0'], streams: false }).of(1);
    assert.equal(plan.disconnect, undefined);
  });

  it('one kind of fault has its own rate, and can be left out', () => {
    const { plan } = optionsOf({ ...GIVEN, faults: '0.1', fault: ['garbage=0.5', 'price-gap=0'] }).of(1);
    assert.equal(plan.garbage, 0.5);
    assert.equal(plan['price-gap'], undefined);
    assert.equal(plan.html, 0.1);
  });

  it('streams are on where stream faults are asked for, unless switched off', () => {
    assert.equal(optionsOf(GIVEN).of(1).streams, false);
    assert.equal(optionsOf({ ...GIVEN, faults: '0.05' }).of(1).streams, true);
    assert.equal(optionsOf({ ...GIVEN, faults: '0.05', streams: false }).of(1).streams, false);
  });
});

describe('fault plans', () => {
  it('no rate, no fault', () => assert.deepEqual(everyFault(0), {}));

  it('every kind there is gets the rate', () => {
    assert.deepEqual(Object.keys(everyFault(0.05)).sort(), [...ALL_FAULTS].sort());
  });

  it('the faults of a read add up to the rate', () => {
    const spoilt = paperRules(everyFault(0.2)).filter((rule) => rule.route === undefined);
    const sum = spoilt.reduce((total, rule) => total + rule.rate, 0);
    assert.ok(sum > 0.15 && sum <= 0.2, String(sum));
  });

  it('some orders still go well at any rate', () => {
    const spoilt = paperRules(everyFault(1)).filter(
      (rule) => rule.route === undefined || rule.route === 'create_order',
    );
    const goesWell = spoilt
      .filter((rule) => rule.kind !== 'post-only-refusal' && rule.route === 'create_order')
      .reduce((share, rule) => share * (1 - rule.rate), 1);
    assert.ok(goesWell > 0.4, String(goesWell));
  });

  it('a world event that is asked for happens at least once, however short the campaign', () => {
    for (const kind of Object.keys(WORLD_FAULTS) as WorldFault[]) {
      assert.ok(worldCount(everyFault(0.001), kind, 0.01, 0) >= 1, kind);
      assert.equal(worldCount({}, kind, 100, 1), 0);
    }
  });
});
