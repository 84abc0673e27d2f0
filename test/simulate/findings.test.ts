import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { START_MS } from '../../src/simulate/campaign.ts';
import { Findings } from '../../src/simulate/findings.ts';
import { VirtualTime } from '../../src/simulate/virtual-time.ts';

function bench(keepGoing = false) {
  const time = new VirtualTime(START_MS, () => 0);
  let ended = 0;
  const findings = new Findings({
    ...{ time, startMs: START_MS, only: null, keepGoing },
    end: () => {
      ended += 1;
    },
  });
  return { time, findings, ended: () => ended };
}

describe('what happened around a breach', () => {
  it('what follows it is what came after it, and nothing that was before', async () => {
    const { time, findings, ended } = bench();
    for (const text of ['one', 'two']) findings.remember(text);
    findings.find('truth', '1', 'wrong', {});
    findings.remember('three');
    time.at(START_MS + 4_000, () => findings.remember('four'));
    await time.run(START_MS + 60_000);
    assert.deepEqual(findings.all[0]?.around, ['one', 'two', '— after —', 'three', 'four']);
    assert.ok(ended() > 0);
  });

  it('of much that follows, the first lines are kept', () => {
    const { findings } = bench();
    findings.find('truth', '1', 'wrong', {});
    for (let line = 0; line < 1_000; line += 1) findings.remember(String(line));
    assert.deepEqual(findings.all[0]?.around.slice(0, 3), ['— after —', '0', '1']);
    assert.equal(findings.all[0]?.around.length, 81);
  });

  it('a second breach has its own', () => {
    const { findings } = bench();
    findings.find('truth', '1', 'wrong', {});
    findings.remember('one');
    findings.find('truth', '1', 'wrong too', {});
    findings.remember('two');
    assert.deepEqual(
      findings.all.map((finding) => finding.around),
      [
        ['— after —', 'one', 'two'],
        ['one', '— after —', 'two'],
      ],
    );
  });

  it('nothing is added where the campaign goes on', () => {
    const { findings } = bench(true);
    findings.find('truth', '1', 'wrong', {});
    findings.remember('one');
    assert.deepEqual(findings.all[0]?.around, []);
  });
});
