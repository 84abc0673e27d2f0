import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AlertMemory,
  type AlertStep,
  alertCleared,
  alertHandled,
  alertRaised,
  restoreAlerts,
  timePassed,
} from '../../src/core/alert-manager.ts';
import { ALERT_POLICIES, type Alert, type AlertKind } from '../../src/core/alerts.ts';
import { SILENCE_MAX_MS } from '../../src/core/handling.ts';
import { alertTexts } from '../../src/notify/texts.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const ANN = { by: 'ann', silenceMs: null };
const silence = (silenceMs: number) => ({ by: 'ann', silenceMs });

const TUNING = { texts: alertTexts('en', 'test'), dailyReportAtMinutes: 0, stuckMs: 6 * HOUR };
const EMPTY = restoreAlerts({ states: [], outbox: [], dailyNote: null }, 0, TUNING);

/** An alert manager, hour by hour, and what it sends. */
class Manager {
  memory: AlertMemory = EMPTY;
  nowMs = 1_000 * HOUR;
  sent: string[] = [];

  take(step: AlertStep): boolean {
    const isHandled = step.facts.some(({ type }) => type === 'alert.handled');
    this.memory = step.memory;
    this.sent.push(...step.facts.flatMap((fact) => (fact.type === 'alert.raised' ? [fact.alert.key] : [])));
    for (const [key, item] of step.memory.outbox.pending) {
      if (item.type === 'notice' && item.overAtMs !== null) this.sent.push(`${key} over`);
    }
    this.memory = { ...this.memory, outbox: EMPTY.outbox };
    return isHandled;
  }

  raise(kind: AlertKind, details: Alert['details'] = {}, key: string = kind): void {
    const alert: Alert = { kind, key, account: null, instrument: null, atMs: this.nowMs, sinceMs: null, details };
    this.take(alertRaised(this.memory, alert, this.nowMs, ALERT_POLICIES));
  }

  handle(key: string, given: { by: string; silenceMs: number | null }): boolean {
    return this.take(alertHandled(this.memory, key, given, this.nowMs, ALERT_POLICIES));
  }

  clear(key: string): void {
    this.take(alertCleared(this.memory, key, this.nowMs, ALERT_POLICIES));
    this.nowMs += HOUR / 2;
    this.take(timePassed(this.memory, this.nowMs, ALERT_POLICIES));
  }

  /** Raised again each minute, for so long; what was sent since the last call. */
  hold(ms: number, kind: AlertKind, details: Alert['details'] = {}): string[] {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += MINUTE) {
      this.raise(kind, details);
      this.take(timePassed(this.memory, this.nowMs, ALERT_POLICIES));
    }
    return this.sent.splice(0);
  }
}

describe('12.4 an alert that a person has in hand', () => {
  test('12.4 acknowledged: not repeated, its end is reported, a new episode is reported', () => {
    const manager = new Manager();
    assert.equal(manager.hold(HOUR, 'clock-skew').length, 4, 'every 15 minutes');
    assert.equal(manager.handle('clock-skew', ANN), true);
    assert.deepEqual(manager.hold(5 * HOUR, 'clock-skew'), []);
    manager.clear('clock-skew');
    assert.deepEqual(manager.sent.splice(0), ['clock-skew over']);
    assert.equal(manager.hold(MINUTE, 'clock-skew').length, 1);
  });

  test('12.4 silenced: neither repeats nor ends nor a new episode until then, then it is reported at once', () => {
    const manager = new Manager();
    manager.hold(MINUTE, 'clock-skew');
    assert.equal(manager.handle('clock-skew', silence(2 * HOUR)), true);
    assert.deepEqual(manager.hold(HOUR, 'clock-skew'), []);
    manager.clear('clock-skew');
    assert.deepEqual(manager.hold(HOUR / 4, 'clock-skew'), [], 'it came back within the silence');
    assert.equal(manager.hold(HOUR, 'clock-skew').length >= 2, true, 'the silence is over');
  });

  const worse: [AlertKind, Alert['details'], Alert['details'], boolean][] = [
    ['mmr', { ratio: '0.70' }, { ratio: '0.72' }, false],
    ['mmr', { ratio: '0.70' }, { ratio: '0.80' }, true],
    ['mmr', { ratio: '0.70' }, { ratio: '∞' }, true],
    ['mmr', { ratio: '0.70' }, { ratio: '0.60' }, false],
    ['unhedged', { diff: '1000.00', touch: '600' }, { diff: '1010.00', touch: '700' }, false],
    ['unhedged', { diff: '1000.00' }, { diff: '1100.00' }, true],
    ['account-parked', { code: '1001' }, { code: '1001' }, false],
    ['account-parked', { code: '1001' }, { code: '1008' }, true],
    ['invariant-broken', { invariant: 'I2' }, { invariant: 'I3' }, true],
    ['api-failure', { inARow: '1' }, { inARow: '99' }, false],
  ];
  for (const [kind, before, after, isSent] of worse) {
    for (const given of [ANN, silence(2 * HOUR)]) {
      const how = given.silenceMs === null ? 'acknowledged' : 'silenced';
      test(`12.4 ${kind} ${how}, ${JSON.stringify(before)} → ${JSON.stringify(after)}: ${isSent ? 'sent' : 'not sent'}`, () => {
        const manager = new Manager();
        manager.hold(MINUTE, kind, before);
        manager.handle(kind, given);
        assert.deepEqual(manager.hold(HOUR, kind, after), isSent ? [kind] : []);
      });
    }
  }

  test('12.4 reported for being worse, it counts from there', () => {
    const manager = new Manager();
    manager.hold(MINUTE, 'mmr', { ratio: '0.70' });
    manager.handle('mmr', ANN);
    assert.equal(manager.hold(HOUR, 'mmr', { ratio: '0.80' }).length, 1);
    assert.equal(manager.hold(HOUR, 'mmr', { ratio: '0.82' }).length, 0);
    assert.equal(manager.hold(HOUR, 'mmr', { ratio: '0.90' }).length, 1);
  });

  test('12.4 what is not open, and a silence without an end or without a length, is refused', () => {
    const manager = new Manager();
    assert.equal(manager.handle('mmr', ANN), false);
    manager.hold(MINUTE, 'mmr', { ratio: '0.70' });
    for (const ms of [0, -1, SILENCE_MAX_MS + 1]) assert.equal(manager.handle('mmr', silence(ms)), false);
    assert.equal(manager.handle('mmr', silence(SILENCE_MAX_MS)), true);
  });

  test('12.4 a silence set by a clock that ran ahead ends with its longest time', () => {
    const manager = new Manager();
    manager.hold(MINUTE, 'clock-skew');
    manager.handle('clock-skew', silence(SILENCE_MAX_MS));
    manager.nowMs -= 10 * SILENCE_MAX_MS;
    assert.ok(manager.hold(HOUR, 'clock-skew').length > 0);
  });
});
