import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, answerOf } from '../../src/backtest/answer.ts';
import { Kept } from '../../src/backtest/kept.ts';
import { type Asked, planOf, questionOf } from '../../src/backtest/plan.ts';
import { type Played, play } from '../../src/backtest/play.ts';
import { answerText } from '../../src/backtest/text.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { unpack } from '../../src/runs/pack.ts';
import { runInProcesses } from '../../src/runs/pool.ts';
import { asked, quietMarket, temporaryDirectory } from './markets.ts';

async function swept(
  question: Asked,
  interruptAtOnce = false,
): Promise<{ answer: Answer; kept: Kept; steps: number[] }> {
  const plan = planOf(question);
  const kept = new Kept(plan);
  const steps: number[] = [];
  const controller = new AbortController();
  await runInProcesses({
    ...{ count: kept.count, workers: question.workers, signal: controller.signal },
    taskOf: (run) => ({ kind: 'backtest', question: kept.questionOf(run) }),
    onStanding: ({ running }) => {
      steps.push(running.reduce((total, one) => total + one.simulatedMs, kept.playedMs));
      if (interruptAtOnce) controller.abort();
    },
    onResult: (run, text) => kept.played(run, unpack<Played>(text)),
    onFailed: (run, error) => assert.fail(`run ${run}: ${error}`),
  });
  return { answer: answerOf(plan, kept.runs), kept, steps };
}

test('a sweep chooses by the time before the split and shows the rest; the bytes are the same for any number of processes', async (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 2 });
  const sets = ['order_notional_usdt=200,400', 'max_total_position_usdt=100000'];
  const question = asked(market, { sets, fill: 'optimistic', workers: 2 });
  const { answer, steps } = await swept(question);
  assert.deepEqual(
    answer.points.map(({ values }) => values),
    [{ order_notional_usdt: '200' }, { order_notional_usdt: '400' }],
  );
  assert.deepEqual(answer.fixed, { max_total_position_usdt: '100000' });
  const totals = answer.points.map(({ runs }) => Number(runs[0]!.first![0]!.total));
  assert.equal(answer.chosen, answer.points[totals[1]! > totals[0]! ? 1 : 0]);
  for (const { runs } of answer.points) {
    const [first, rest, whole] = [runs[0]!.first![0]!, runs[0]!.rest![0]!, runs[0]!.whole[0]!];
    assert.ok(first.hedges > 0 && rest.hedges > 0, `${first.hedges}, ${rest.hedges}`);
    for (const name of ['volume', 'spread', 'fees', 'total'] as const) {
      assert.equal(new Decimal(first[name]).plus(rest[name]).toFixed(), new Decimal(whole[name]).toFixed(), name);
    }
  }
  assert.equal(steps.at(-1), 2 * (60_000 + 56_000), 'all of both runs');
  assert.match(answerText(answer), /Of 2 combinations the one with the largest total before 2026-01-05T00:01/);
  assert.match(answerText(answer, 'zh'), /2 种组合中，2026-01-05T00:01.* 之前合计最高的是：/);
  // One after the other, in one process: this one.
  const plan = planOf(question);
  const alone: Played[][] = [];
  for (const point of plan.points) alone.push([await play(questionOf(plan, point, 'optimistic'))]);
  assert.equal(JSON.stringify(answerOf(plan, alone)), JSON.stringify(answer));
});

test('an interrupted sweep reports what it has, and that it was interrupted', async (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 60 });
  const sets = ['order_notional_usdt=200,300,400'];
  const { answer } = await swept(asked(market, { sets, fill: 'conservative', workers: 1 }), true);
  assert.equal(answer.asked, 3);
  assert.equal(answer.points.length, 1, 'what had not begun is not there');
  const [run] = answer.points[0]!.runs;
  assert.equal(run!.isWhole, false);
  assert.ok(run!.playedMs > 0 && run!.playedMs < 60 * 60_000, `${run!.playedMs}`);
  assert.ok(run!.whole[0]!.fills > 0);
  assert.match(answerText(answer), /interrupted before the end/);
});
