import type { Locked, LockReasonParams, Reason } from '../core/reasons.ts';

/** Texts of locks and private files; `text` renders a reason within a reason. */
type LockTexts = { readonly [C in keyof LockReasonParams]: (params: LockReasonParams[C]) => string };

export const lockTextsEn = (text: (why: Reason) => string): LockTexts => ({
  'lock-held': ({ locked, pid, uid, isSilent }) => {
    const who = isSilent ? 'another engine or program (it does not say which: it may be suspended)' : engineEn(pid);
    const whose = uid === null ? '' : ` of user ${uid}`;
    return `${who}${whose} already runs on ${lockedEn(locked)}. Stop it first, or use its pages`;
  },
  'lock-unusable': ({ path, locked, why }) =>
    path === null
      ? `the lock for ${lockedEn(locked)} cannot be taken: ${text(why)}`
      : `the lock ${path} for ${lockedEn(locked)} cannot be taken: ${text(why)}. Make its directory writable for this user`,
  'lock-replaced': ({ path }) =>
    `the lock ${path} was removed or replaced: a second engine could start on this data. Stop this one, put the data ` +
    'directory back, start it again',
  'lock-taken-again': ({ path }) => `the lock ${path} was removed while it was held; it is taken again`,
  'lock-taken-by-other': ({ path, pid }) =>
    `the lock ${path} was removed while it was held, and ${engineEn(pid)} has it now: stop one of the two`,
  'lock-not-kept': ({ path, why }) => `the lock ${path} cannot be kept: ${text(why)}`,
  'log-unusable': ({ directory, why }) =>
    `the log in ${directory} cannot be written: ${text(why)}. Make it writable, or set GRVT_HEDGE_LOG_DIR`,
  'directory-of-other': ({ path, uid, us }) =>
    `${path} belongs to user ${uid} and this is user ${us}: expected a directory of this user (chown)`,
  'directory-shared': ({ path }) => `${path} is shared with other users: expected a directory for this program alone`,
  'file-is-link': ({ path }) => `${path} is a link: expected a plain file`,
  'file-not-plain': ({ path }) => `${path} is not a plain file`,
  'file-of-other': ({ path, uid, us }) =>
    `${path} belongs to user ${uid} and this is user ${us}: expected a file of this user`,
  'file-has-second-name': ({ path }) =>
    `${path} has a second name (a hard link): what is written to it would be written there too`,
  'standby-without-database': () =>
    '--standby needs GRVT_HEDGE_JOURNAL_URL: engines take over from each other by its lease',
  'standby-waits': ({ holder }) =>
    `Standby: engine ${holder} trades this pair; this one takes over when its lease runs out (strategy 18.2)`,
  'standby-retries': ({ why }) => `Standby: ${text(why)}`,
  'journal-lost': ({ why, standsBy }) =>
    `${text(why)}. This engine ${standsBy ? 'stands by' : 'ends'}; what rests stays (strategy 18.2)`,
  'cleanup-failed': ({ why }) => `clean-up failed: ${text(why)}`,
});

export const lockTextsZh = (text: (why: Reason) => string): LockTexts => ({
  'lock-held': ({ locked, pid, uid, isSilent }) => {
    const who = isSilent ? '另一个引擎或程序（未表明身份，可能被挂起）' : engineZh(pid);
    const whose = uid === null ? '' : `（用户 ${uid}）`;
    return `${who}${whose}已在使用${lockedZh(locked)}。请先停止它，或使用它的页面`;
  },
  'lock-unusable': ({ path, locked, why }) =>
    path === null
      ? `无法取得${lockedZh(locked)}的锁：${text(why)}`
      : `无法取得${lockedZh(locked)}的锁 ${path}：${text(why)}。请让此用户能写入其目录`,
  'lock-replaced': ({ path }) =>
    `锁 ${path} 被删除或替换：另一个引擎可能在这些数据上启动。请停止本引擎，恢复数据目录后重新启动`,
  'lock-taken-again': ({ path }) => `持有期间锁 ${path} 被删除；已重新取得`,
  'lock-taken-by-other': ({ path, pid }) => `持有期间锁 ${path} 被删除，现由${engineZh(pid)}持有：请停掉其中一个`,
  'lock-not-kept': ({ path, why }) => `锁 ${path} 无法保持：${text(why)}`,
  'log-unusable': ({ directory, why }) =>
    `${directory} 中的日志无法写入：${text(why)}。请使其可写，或更改 GRVT_HEDGE_LOG_DIR`,
  'directory-of-other': ({ path, uid, us }) => `${path} 属于用户 ${uid}，而当前用户为 ${us}：目录应属于此用户（chown）`,
  'directory-shared': ({ path }) => `${path} 与其他用户共用：应为本程序专用的目录`,
  'file-is-link': ({ path }) => `${path} 是链接：应为普通文件`,
  'file-not-plain': ({ path }) => `${path} 不是普通文件`,
  'file-of-other': ({ path, uid, us }) => `${path} 属于用户 ${uid}，而当前用户为 ${us}：文件应属于此用户`,
  'file-has-second-name': ({ path }) => `${path} 另有一个名称（硬链接）：写入它的内容也会写到那里`,
  'standby-without-database': () => '--standby 需要 GRVT_HEDGE_JOURNAL_URL：引擎凭其租约互相接管',
  'standby-waits': ({ holder }) => `备用：引擎 ${holder} 正在用这两个账户交易；其租约到期后由本引擎接管（规则 18.2）`,
  'standby-retries': ({ why }) => `备用：${text(why)}`,
  'journal-lost': ({ why, standsBy }) =>
    `${text(why)}。本引擎${standsBy ? '转为备用' : '结束运行'}；挂单保留不动（规则 18.2）`,
  'cleanup-failed': ({ why }) => `清理失败：${text(why)}`,
});

function engineEn(pid: number | null): string {
  return pid === null ? 'another engine' : `another engine (pid ${pid})`;
}

function engineZh(pid: number | null): string {
  return pid === null ? '另一个引擎' : `另一个引擎（pid ${pid}）`;
}

function lockedEn(locked: Locked): string {
  return 'directory' in locked
    ? `the data directory ${locked.directory}`
    : `account ${locked.subAccountId} of ${locked.env}`;
}

function lockedZh(locked: Locked): string {
  return 'directory' in locked ? `数据目录 ${locked.directory} ` : `${locked.env} 的账户 ${locked.subAccountId} `;
}
