import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JournalReasonParams, JournalWork } from '../../src/core/journal-reasons.ts';
import { type Reason, type ReasonParams, reason } from '../../src/core/reasons.ts';
import { JournalError, toJournalError } from '../../src/journal/errors.ts';
import { thrownText } from '../../src/texts/reason-error.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { assertChinese } from '../support/chinese.ts';

const [before, now] = [
  { systemIdentifier: '741', timeline: 1 },
  { systemIdentifier: '741', timeline: 2 },
];
const why = reason('journal-only-read', '11.3');
type Codes =
  | keyof JournalReasonParams
  | ('journal-unusable' | 'journal-lost' | 'journal-not-compacted' | 'not-recorded' | 'outcome-not-recorded')
  | ('standby-waits' | 'standby-retries');

/** Every reason of a journal, once: one that is missing does not compile. */
const EXAMPLES: { readonly [C in Codes]: ReasonParams[C] } = {
  'journal-unusable': { problem: 'full', file: '/d/j.db', directory: '/d', what: why },
  'journal-work-failed': { work: 'copying-from', path: '/d/j.db', words: '"disk full"' },
  'journal-not-there': {},
  'journal-empty': {},
  'journal-no-file': {},
  'journal-copy-exists': {},
  'journal-no-directory': {},
  'journal-copy-older': { ends: 10, there: 12 },
  'journal-entries-gone': { ends: 10, written: 12, mark: '/d/j.db.mark' },
  'journal-pages-damaged': { words: 'wrong # of entries' },
  'journal-unsettled-differ': {},
  'journal-entry-changed': { seq: 3 },
  'journal-of-other-program': {},
  'journal-schema-newer': { version: 3, known: 2 },
  'journal-schema-impossible': { version: -1 },
  'journal-tables-changed': {},
  'journal-without-log': { mode: 'delete' },
  'journal-only-read': {},
  'database-silent': {},
  'database-too-old': { version: 14, oldest: 15 },
  'database-encoding': { encoding: 'LATIN1' },
  'database-pooled': {},
  'database-standby': {},
  'database-read-only': {},
  'database-setting-unsafe': { name: 'fsync', value: 'off', risk: 'lost' },
  'database-unused': {},
  'database-schema-older': { version: 1 },
  'database-without-pair': { pair: 'prod-1-2' },
  'database-has-journal': { pair: 'prod-1-2', seq: 7 },
  'database-lags': { waiting: 100 },
  'database-unwritten': { entries: 3 },
  'database-replaced': { before, now },
  'database-differs': {},
  'database-of-other-copy': {},
  'lease-of-other': { holder: 'host:1:a' },
  'lease-prevents-copy': { holder: 'host:1:a' },
  'lease-epoch-over': { epoch: 2 },
  'lease-unreleased': {},
  'journal-checked-in-part': { entries: 5 },
  'journal-mark-renewed': { mark: 'j.db.mark' },
  'journal-mark-missing': { mark: 'j.db.mark' },
  'journal-end-missing': { ends: 10, written: 12 },
  'database-behind': {},
  'database-got-late': { entries: 2 },
  'journal-lost': { why, standsBy: true },
  'journal-not-compacted': { why },
  'not-recorded': { message: why },
  'outcome-not-recorded': { clientOrderId: '17', why },
  'standby-waits': { holder: 'host:1:a' },
  'standby-retries': { why },
};

const WORKS: readonly JournalWork[] = [
  ...(['opening', 'reading', 'writing', 'syncing', 'compacting', 'closing', 'verifying', 'setting-aside'] as const),
  ...(['connecting', 'copying-to', 'copying-from', 'restoring-from'] as const),
];

/** Both texts; the English one has no Chinese, and figures and names are in both. */
function assertBoth(given: Reason): void {
  const [en, zh] = [reasonText(given, 'en'), reasonText(given, 'zh')];
  assert.match(en, /^[\x20-\x7e]+$/);
  assertChinese(zh);
  for (const value of Object.values(given.params)) {
    if (typeof value !== 'number') continue;
    if (en.includes(String(value))) assert.ok(zh.includes(String(value)), `${value} is not in: ${zh}`);
  }
}

describe('11.3 why a journal cannot be used, in both languages', () => {
  for (const [code, params] of Object.entries(EXAMPLES)) {
    it(code, () => assertBoth({ code, rule: '11.3', params } as Reason));
  }
  for (const work of WORKS) {
    it(work, () => {
      const failed = reason('journal-work-failed', '11.3', { work, path: '/d/x.db', words: 'EIO' });
      assertBoth(failed);
      assert.match(reasonText(failed, 'zh'), /失败：EIO$/);
      for (const language of ['en', 'zh'] as const) {
        const isOfOther = /^(?:copying|restoring)/.test(work);
        assert.equal(reasonText(failed, language).includes('/d/x.db'), isOfOther);
      }
    });
  }
  for (const problem of ['damaged', 'busy', 'unreachable', 'behind'] as const) {
    it(`what to do if it is ${problem}`, () => assertBoth(new JournalError(problem, '/d/j.db', why).why));
  }

  it('what the system said stays as it is, in one line', () => {
    const thrown = toJournalError(Object.assign(new Error('disk\n  full'), { code: 'ENOSPC' }), '/d/j.db', 'writing');
    assert.match(thrown.message, /^journal \/d\/j\.db: writing to it failed: disk full\. Free some space/);
    assert.match(thrownText(thrown, 'zh'), /^账本 \/d\/j\.db：写入失败：disk full。请在 \/d 所在的磁盘上腾出空间/);
  });

  it('a sentence of an older journal is shown as it is', () => {
    const old = { code: 'not-recorded', rule: '9.3', params: { message: 'disk full' } } as unknown as Reason;
    assert.equal(reasonText(old, 'zh'), '无法签名并写入账本：disk full');
  });
});
