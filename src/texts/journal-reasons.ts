import type { JournalProblem, JournalReasonParams, JournalWork } from '../core/journal-reasons.ts';
import type { Reason, ReasonParams } from '../core/reasons.ts';
import { wordsOf } from './language.ts';

/** Texts of journal-reasons.ts in core; `text` renders a reason within a reason. */
type JournalTexts = {
  readonly [C in keyof JournalReasonParams | 'journal-unusable']: (params: ReasonParams[C]) => string;
};

export const journalTextsEn = (text: (why: Reason) => string): JournalTexts => ({
  'journal-unusable': ({ problem, file, directory, what }) =>
    `journal ${file}: ${text(what)}. ${REMEDY_EN[problem](file, directory)}`,
  'journal-work-failed': ({ work, path, words }) => `${workText('en', work, { path })} failed: ${words}`,

  'journal-not-there': () => 'there is no such file',
  'journal-empty': () => 'it is empty',
  'journal-no-file': () => 'this is not a file',
  'journal-copy-exists': () => 'it exists already, and a copy never replaces a file',
  'journal-no-directory': () => 'its directory does not exist',
  'journal-copy-older': ({ ends, there }) =>
    `it ends at entry ${ends} and the journal that is there at ${there}: with the copy the engine would not know what it ` +
    'did since; --older puts it back all the same',
  'journal-entries-gone': ({ ends, written, mark }) =>
    `its last ${written - ends} entries are gone (it ends at ${ends}, ${written} was written): the file or its -wal has ` +
    `been cut, removed or replaced by an older copy; to go on with what is left, delete ${mark}`,
  'journal-pages-damaged': ({ words }) => `its pages: ${words}`,
  'journal-unsettled-differ': () => 'its list of unsettled orders does not follow from its entries',
  'journal-entry-changed': ({ seq }) => `entry ${seq} has been changed`,
  'journal-of-other-program': () => 'this is a database, but not a journal of this program',
  'journal-schema-newer': ({ version, known }) => `its schema is version ${version}, this program knows up to ${known}`,
  'journal-schema-impossible': ({ version }) => `its schema version reads ${version}`,
  'journal-tables-changed': () => 'its table definitions have been changed',
  'journal-without-log': ({ mode }) => `the file system does not allow a write-ahead log (${mode})`,
  'journal-only-read': () => 'it was opened for reading',

  'database-silent': () => 'it did not answer',
  'database-too-old': ({ version, oldest }) => `it is PostgreSQL ${version}, and ${oldest} or later is needed`,
  'database-encoding': ({ encoding }) => `its encoding is ${encoding}, and UTF8 is needed`,
  'database-pooled': () => 'the connection goes through a pooler, and a direct one is needed',
  'database-standby': () => 'it is a hot standby, and the primary is needed',
  'database-read-only': () => 'this user or database may only read (default_transaction_read_only)',
  'database-setting-unsafe': ({ name, value, risk }) =>
    `${name} is ${value}: ${risk === 'lost' ? 'what it has committed may be lost' : 'a crash may damage it'}`,
  'database-unused': () => 'no engine has written to it yet',
  'database-schema-older': ({ version }) => `its schema is version ${version}, an engine of today updates it`,
  'database-without-pair': ({ pair }) => `it has no journal of ${pair}`,
  'database-has-journal': ({ pair, seq }) =>
    `it has a journal of ${pair} up to entry ${seq} already, and a copy never replaces one`,
  'database-lags': ({ waiting }) =>
    `it has not answered for long, and ${waiting} entries wait for it: no more are taken`,
  'database-unwritten': ({ entries }) => `the last ${entries} entries could not be written`,
  'database-replaced': ({ before, now }) =>
    'the server is another one now, or a copy that was promoted ' +
    `(${before.systemIdentifier}, timeline ${before.timeline}; now ${now.systemIdentifier}, timeline ${now.timeline}), and ` +
    'may lack the last entries',
  'database-differs': () => 'it is not what the database has',
  'database-of-other-copy': () => 'it is a copy of another database',
  'lease-of-other': ({ holder }) => `another engine (${holder}) trades this pair: it holds the lease and renews it`,
  'lease-prevents-copy': ({ holder }) => `engine ${holder} trades this pair: stop it first`,
  'lease-epoch-over': ({ epoch }) => `epoch ${epoch} is over: another engine holds the lease`,
  'lease-unreleased': () => 'the lease could not be released; it expires by itself',

  'journal-checked-in-part': ({ entries }) => `only the last ${entries} entries were checked; older ones are when read`,
  'journal-mark-renewed': ({ mark }) => `${mark} was unreadable and has been written anew`,
  'journal-mark-missing': ({ mark }) =>
    `${mark} was missing: whether the last entries are all there could not be checked`,
  'journal-end-missing': ({ ends, written }) => `its last entries are gone: ${written} was written, it ends at ${ends}`,
  'database-behind': () =>
    'the database may lack the last entries: both accounts are reconciled as after a lost journal (18.1)',
  'database-got-late': ({ entries }) => `${entries} entries of before had not reached the database, and do now`,
});

export const journalTextsZh = (text: (why: Reason) => string): JournalTexts => ({
  'journal-unusable': ({ problem, file, directory, what }) =>
    `账本 ${file}：${text(what)}。${REMEDY_ZH[problem](file, directory)}`,
  'journal-work-failed': ({ work, path, words }) => `${workText('zh', work, { path })}失败：${words}`,

  'journal-not-there': () => '没有这个文件',
  'journal-empty': () => '文件为空',
  'journal-no-file': () => '不是文件',
  'journal-copy-exists': () => '已存在，副本从不覆盖文件',
  'journal-no-directory': () => '其目录不存在',
  'journal-copy-older': ({ ends, there }) =>
    `副本止于第 ${ends} 条记录，现有账本止于第 ${there} 条：用它恢复，引擎就不知道此后做过什么；仍要恢复请加 --older`,
  'journal-entries-gone': ({ ends, written, mark }) =>
    `最后 ${written - ends} 条记录丢失（止于第 ${ends} 条，已写到第 ${written} 条）：文件或其 -wal 被截断、删除或换成了旧副本；` +
    `若要以剩余内容继续，请删除 ${mark}`,
  'journal-pages-damaged': ({ words }) => `数据页损坏："${words}"`,
  'journal-unsettled-differ': () => '未了结订单的列表与其记录不符',
  'journal-entry-changed': ({ seq }) => `第 ${seq} 条记录被更改过`,
  'journal-of-other-program': () => '是数据库，但不是本程序的账本',
  'journal-schema-newer': ({ version, known }) => `其结构版本为 ${version}，本程序最高支持 ${known}`,
  'journal-schema-impossible': ({ version }) => `其结构版本读作 ${version}`,
  'journal-tables-changed': () => '其表定义被更改过',
  'journal-without-log': ({ mode }) => `文件系统不支持预写日志（${mode}）`,
  'journal-only-read': () => '是以只读方式打开的',

  'database-silent': () => '没有答复',
  'database-too-old': ({ version, oldest }) => `是 PostgreSQL ${version}，需要 ${oldest} 或更新的版本`,
  'database-encoding': ({ encoding }) => `编码为 ${encoding}，需要 UTF8`,
  'database-pooled': () => '连接经过连接池，需要直接连接',
  'database-standby': () => '是热备服务器，需要主服务器',
  'database-read-only': () => '此用户或数据库只能读取（default_transaction_read_only）',
  'database-setting-unsafe': ({ name, value, risk }) =>
    `${name} 为 ${value}：${risk === 'lost' ? '已提交的内容可能丢失' : '崩溃可能损坏它'}`,
  'database-unused': () => '还没有引擎写入过',
  'database-schema-older': ({ version }) => `其结构版本为 ${version}，当前版本的引擎会更新它`,
  'database-without-pair': ({ pair }) => `没有 ${pair} 的账本`,
  'database-has-journal': ({ pair, seq }) => `已有 ${pair} 的账本（至第 ${seq} 条记录），复制从不覆盖账本`,
  'database-lags': ({ waiting }) => `长时间没有答复，已有 ${waiting} 条记录在等待：不再接受新的记录`,
  'database-unwritten': ({ entries }) => `最后 ${entries} 条记录未能写入`,
  'database-replaced': ({ before, now }) =>
    '服务器已更换，或是被提升的副本' +
    `（原为 ${before.systemIdentifier}，时间线 ${before.timeline}；现为 ${now.systemIdentifier}，时间线 ${now.timeline}），` +
    '可能缺少最后的记录',
  'database-differs': () => '与数据库中的内容不符',
  'database-of-other-copy': () => '是另一个数据库的副本',
  'lease-of-other': ({ holder }) => `另一个引擎（${holder}）正在用这两个账户交易：它持有租约并在续期`,
  'lease-prevents-copy': ({ holder }) => `引擎 ${holder} 正在用这两个账户交易：请先停止它`,
  'lease-epoch-over': ({ epoch }) => `第 ${epoch} 代已结束：另一个引擎持有租约`,
  'lease-unreleased': () => '租约未能释放；它会自行到期',

  'journal-checked-in-part': ({ entries }) => `只检查了最后 ${entries} 条记录；更早的在读取时检查`,
  'journal-mark-renewed': ({ mark }) => `${mark} 无法读取，已重新写入`,
  'journal-mark-missing': ({ mark }) => `缺少 ${mark}：无法检查最后的记录是否齐全`,
  'journal-end-missing': ({ ends, written }) => `最后的记录丢失：已写到第 ${written} 条，现止于第 ${ends} 条`,
  'database-behind': () => '数据库可能缺少最后的记录：像账本丢失后那样核对两个账户（规则 18.1）',
  'database-got-late': ({ entries }) => `之前有 ${entries} 条记录未到达数据库，现已补写`,
});

const workText = wordsOf<JournalWork>({
  opening: ['opening it', '打开'],
  reading: ['reading it', '读取'],
  writing: ['writing to it', '写入'],
  syncing: ['syncing it', '同步到磁盘'],
  compacting: ['removing old entries from it', '清除旧记录'],
  closing: ['closing it', '关闭'],
  verifying: ['verifying it', '检查'],
  'setting-aside': ['putting the last one aside', '移开上一次的账本'],
  connecting: ['connecting to it', '连接'],
  'copying-to': ['copying it to {path}', '复制到 {path} '],
  'copying-from': ['copying {path} to it', '从 {path} 复制'],
  'restoring-from': ['restoring it from {path}', '从 {path} 恢复'],
});

type Remedy = Readonly<Record<JournalProblem, (file: string, directory: string) => string>>;

const REMEDY_EN: Remedy = {
  'read-only': (_, directory) =>
    `Make ${directory} writable for this user, or set GRVT_HEDGE_DATA_DIR to a directory that is`,
  full: (_, directory) =>
    `Free some space on the disk that holds ${directory} and start again; nothing written so far is lost`,
  damaged: (file) =>
    `Put the newest good copy of ${file} back; or move ${file}, ${file}-wal and ${file}.mark to another place and start ` +
    'again: the engine then rebuilds its lots from the positions at the exchange, and the history is lost',
  'newer-schema': () => 'Run the version that wrote it, or a newer one',
  'not-a-journal': (file) => `Move ${file} away, or set GRVT_HEDGE_DATA_DIR to another directory`,
  busy: () => 'Close the other program that has it open (a database browser, a backup) and try again',
  unreachable: () => 'Check GRVT_HEDGE_JOURNAL_URL, the server and the way to it; nothing is created until it answers',
  'unsafe-server': () => 'Change the server, or what GRVT_HEDGE_JOURNAL_URL names, and start again',
  behind: () => 'The next start reconciles both accounts as after a lost journal (strategy 11.3)',
  'lease-over': () => 'Nothing more is created here; a standby goes on',
  io: () => 'Check the disk and the path, then start again',
};

const REMEDY_ZH: Remedy = {
  'read-only': (_, directory) => `请让此用户能写入 ${directory}，或把 GRVT_HEDGE_DATA_DIR 设为可写的目录`,
  full: (_, directory) => `请在 ${directory} 所在的磁盘上腾出空间后重新启动；已写入的内容没有丢失`,
  damaged: (file) =>
    `请放回 ${file} 最新的完好副本；或把 ${file}、${file}-wal 和 ${file}.mark 移到别处后重新启动：` +
    '引擎会按交易所的仓位重建批次，历史记录会丢失',
  'newer-schema': () => '请运行写入它的版本或更新的版本',
  'not-a-journal': (file) => `请移走 ${file}，或把 GRVT_HEDGE_DATA_DIR 设为另一个目录`,
  busy: () => '请关闭打开它的程序（数据库浏览器、备份）后重试',
  unreachable: () => '请检查 GRVT_HEDGE_JOURNAL_URL、服务器和网络；答复之前不会下单',
  'unsafe-server': () => '请更换服务器或 GRVT_HEDGE_JOURNAL_URL 后重新启动',
  behind: () => '下次启动会像账本丢失后那样核对两个账户（规则 11.3）',
  'lease-over': () => '这里不再下单；备用引擎继续运行',
  io: () => '请检查磁盘和路径后重新启动',
};
