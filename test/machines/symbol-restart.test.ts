import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SymbolSnapshot } from '../../src/core/model.ts';
import { starting } from '../../src/core/symbol/changes.ts';
import { initialMemory, type SymbolMemory } from '../../src/core/symbol/memory.ts';
import { snapshotReceived } from '../../src/core/symbol/snapshots.ts';
import { config, fill, instrument, NOW, snapshot, stateAfter, strategy } from '../support/core.ts';
import { SymbolBench } from '../support/symbol-bench.ts';

/** What a symbol that was restored from the journal says of the exchange's first reading. */
function firstReadings(positionOfA: string) {
  const initial = initialMemory({
    config: config(),
    instrument: instrument(),
    strategy: strategy(),
    staleMs: 10_000,
    loopIntervalMs: 2_000,
    state: { ...stateAfter([fill('A', 'buy', 2, 100)]), begun: true },
  });
  const received = (memory: SymbolMemory, one: SymbolSnapshot) =>
    snapshotReceived(memory, { nowMs: NOW, era: 0 }, { type: 'snapshot.received', snapshot: one });
  let context = initial;
  const said = [snapshot('A', positionOfA), snapshot('B', null)].map((one) => {
    const step = received(context, one);
    context = { ...context, ...step.change };
    return step;
  });
  const again = received(context, snapshot('B', null));
  return { begins: starting(initial), second: said[1], again };
}

describe('a restart with a journal (strategy 11.2)', () => {
  it('11.2 an exchange that agrees is reported to agree, once, without an alert', () => {
    const { begins, second, again } = firstReadings('2');
    assert.deepEqual(begins.facts, [], 'not before the exchange has answered, or it would be reported twice');
    const restored = second?.facts.find((fact) => fact.type === 'lots.restored');
    assert.equal(restored?.type === 'lots.restored' && restored.difference, '');
    assert.equal(restored?.type === 'lots.restored' && restored.lots, 1);
    assert.deepEqual(
      second?.commands.filter((command) => command.to === 'alert-manager'),
      [],
    );
    assert.equal(
      again.facts.some((fact) => fact.type === 'lots.restored'),
      false,
    );
  });

  it('11.2 where they differ the difference is reported and alerted: the exchange wins by 10.5', () => {
    const { second } = firstReadings('2.5');
    const restored = second?.facts.find((fact) => fact.type === 'lots.restored');
    assert.equal(restored?.type === 'lots.restored' && restored.difference, 'A 0.5');
    const alerts = second?.commands.flatMap((command) =>
      command.message.type === 'alert.raised' ? [command.message] : [],
    );
    assert.deepEqual(
      alerts?.map(({ alert }) => [alert.kind, alert.details.difference, alert.sinceMs === alert.atMs]),
      [['start-difference', 'A 0.5', true]],
      'it begins with this start: each start with a difference is an episode of its own',
    );
  });

  it('11.2 12 once the difference is adopted it is over', () => {
    const { lots, booked } = stateAfter([fill('A', 'buy', 2, 100), fill('B', 'sell', 2, 100)]);
    const bench = new SymbolBench({ state: { begun: true, lots, booked } });
    const words: string[][] = [];
    for (let reading = 0; reading < 6; reading += 1) {
      bench.read('B', -2);
      bench.read('A', '2.5');
      words.push(bench.words().filter((word) => word.includes('start-difference')));
      bench.wait(4990);
    }
    assert.equal(bench.reported('drift.adopted').length, 1);
    assert.deepEqual(words, [
      ['alert-manager raised start-difference'],
      [],
      [],
      [],
      ['alert-manager cleared start-difference'],
      [],
    ]);
  });
});
