import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerTo, type SignalAnswer } from '../../src/engine/signals.ts';

describe('13.1 13.3 what a signal leads to', () => {
  const cases: [NodeJS.Signals, boolean, boolean, SignalAnswer][] = [
    ['SIGINT', false, true, 'stop'],
    ['SIGTERM', false, false, 'stop'],
    ['SIGTERM', true, false, 'stop-at-once'],
    ['SIGINT', true, true, 'stop-at-once'],
    ['SIGHUP', false, true, 'stop'],
    ['SIGHUP', false, false, 'reload'],
    ['SIGHUP', true, true, 'stopping-already'],
    ['SIGHUP', true, false, 'stopping-already'],
  ];
  for (const [signal, stopping, attached, answer] of cases) {
    it(`${signal}${stopping ? ' while stopping' : ''}, ${attached ? 'with' : 'without'} a terminal: ${answer}`, () =>
      assert.equal(answerTo(signal, stopping, attached), answer));
  }
});
