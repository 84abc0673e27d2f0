import type { StartReasonParams } from '../core/start-reasons.ts';
import { shown } from './setting-reasons.ts';

/** Texts of start-reasons.ts in core. */
type StartTexts = { readonly [C in keyof StartReasonParams]: (params: StartReasonParams[C]) => string };

export const START_EN: StartTexts = {
  'setting-unknown': ({ name, near }) =>
    `${shown(name, 'en')}: not a setting of this program, so it is ignored; did you mean ${near}?`,
  'old-rate-ignored': ({ name, instead }) => `${name}: of an older version, ignored beside ${instead}`,
  'old-rate-taken': ({ name, instead, scale }) =>
    `${name}: of an older version, read as ${instead}=${scale}; write that instead`,
  'paper-keys-unused': () => 'GRVT_ENV is paper: the trading keys given are not used',
  'paper-hosts-unused': ({ names }) => `GRVT_ENV is paper: ${names.join(', ')} not used`,
  'host-stands-in': ({ name, url, own, mode }) =>
    `${name}: ${url} on this machine stands in for ${own}: GRVT_ENV is ${mode}`,
  'not-encrypted': ({ name, url, what }) => {
    const who = {
      'keys-and-orders': 'keys and orders',
      'alerts-and-key': 'alerts and the gateway key',
      address: 'the address',
    };
    return `${name}: ${url} is not encrypted (http): ${who[what]} can be read on the way`;
  },
  'any-certificate': () =>
    'NODE_TLS_REJECT_UNAUTHORIZED: "0" accepts every certificate, so anybody on the way can read the keys',
  'all-proxy-unused': () => 'ALL_PROXY: not used; HTTPS_PROXY names the proxy of this program',
  'telegram-half-given': () => 'CHAT_ID and API_KEY: only one of them is given, so alerts go to the log alone',
  'orders-end-early': ({ ttlSeconds, partialSeconds }) =>
    `GRVT_HEDGE_ORDER_TTL_SEC: orders expire after ${ttlSeconds} s, before a partial fill has waited ` +
    `${partialSeconds} s (GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC)`,
  'database-open': ({ database }) =>
    `GRVT_HEDGE_JOURNAL_URL: ${database} is not on this machine and its certificate is not proven: the ` +
    'journal and the password can be read and changed on the way; expected ?sslmode=verify-full',
  'file-exposed': ({ path, what, mode }) =>
    `${path}: other users of this machine can ${what} it (mode ${mode}): chmod 600`,
  'runs-as-root': () => 'this runs as root: a user of its own is enough, and a mistake can do less harm',
  'node-options': ({ options }) =>
    `NODE_OPTIONS holds ${options.join(', ')}: code of others or a debugger can read the keys of this process; unset it`,
  'no-symbol-enabled': ({ file }) => `${file}: no symbol is enabled, so nothing will be traded`,
  'row-unlisted': ({ at, near }) =>
    `${at}: the exchange does not list it${near === null ? '' : `; did you mean ${near}?`} (not enabled, left out)`,
  'row-unlisted-any-more': ({ at }) =>
    `${at}: the exchange does not list it any more: its positions and lots are kept, and no orders are placed until ` +
    'it is listed again (strategy 11.6)',

  'stopped-while-starting': () => 'stopped while it started',
  'another-engine': ({ account, instrument, clientOrderId }) =>
    `another engine trades these accounts, perhaps on another machine: while this one started, order ${clientOrderId} ` +
    `of account ${account} on ${instrument} appeared, which has our prefix and is not in this journal; stop that engine first`,
  'dead-man-against-others': ({ seconds, orders, more }) => {
    const named = orders.map(({ orderId, account, instrument }) => `${orderId} of account ${account} on ${instrument}`);
    return (
      `GRVT_HEDGE_DEAD_MAN_SEC=${seconds} would cancel orders that are not ours: ` +
      `${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}; cancel them, or set it to 0`
    );
  },

  'no-such-journal': ({ file, others }) =>
    `There is no journal ${file}.${others.length === 0 ? '' : ` There are, for --journal: ${others.join(', ')}`}`,
  'pair-unknown': () => 'The two accounts determine which journal of the database is read: set them as for a run.',
  'no-paper-journal': ({ dataDir }) => `No paper run has left a journal in ${dataDir} yet.`,
  'many-journals': ({ mode, names }) =>
    `More than one pair of accounts has traded on ${mode}: say which one with --journal: ${names.join(', ')}`,
  'no-journal': ({ mode, dataDir }) => `No run on ${mode} has left a journal in ${dataDir} yet.`,
  'copy-without-database': () => '`journal copy` needs GRVT_HEDGE_JOURNAL_URL and the two accounts, as for a run.',
  'copy-between-files': ({ word }) =>
    `One of the two is the word ${word}, the other one a file; for two files: backup.`,
  'restore-into-database': ({ copy, word }) =>
    `The journal is in a database: journal copy ${copy} ${word}, into an empty one.`,
  'restore-without-accounts': () =>
    'The two accounts determine which journal the copy belongs to: set them as for a run.',

  'no-engine': ({ dataDir }) => `no engine runs on ${dataDir}`,
  'control-late': ({ seconds }) => `no answer within ${seconds} s`,
  'control-closed': () => 'the engine ended the connection without an answer',
  'others-words': ({ words }) => words,
  'control-too-long': ({ bytes }) => `an answer longer than ${bytes} bytes`,
  'control-no-engine': () => 'what listens there is no engine',
  'control-version': ({ theirs, ours }) => `the engine speaks version ${theirs}, this command ${ours}`,
  'control-secret': () => 'what listens there does not have the secret of this data directory',
  'control-unreadable': () => 'an answer that cannot be read',
  'control-full': ({ clients }) => `${clients} clients are connected already: try again`,
  'control-no-command': ({ seconds }) => `no command within ${seconds} s`,
  'control-line-too-long': ({ bytes }) => `a line longer than ${bytes} bytes`,
  'control-no-proof': () => 'no proof was given',
  'control-client-version': ({ theirs, ours }) => `the engine speaks version ${ours}, this client ${theirs}`,
  'control-client-secret': () => 'the secret is another one',
  'control-command-unknown': () => 'not a command of this version',
  'disk-late': () => 'the disk has not answered yet',
};

export const START_ZH: StartTexts = {
  'setting-unknown': ({ name, near }) => `${shown(name, 'zh')}：不是本程序的设置，已忽略；是否想写 ${near}？`,
  'old-rate-ignored': ({ name, instead }) => `${name}：旧版本的设置，已有 ${instead}，忽略`,
  'old-rate-taken': ({ name, instead, scale }) => `${name}：旧版本的设置，按 ${instead}=${scale} 处理；请改写成后者`,
  'paper-keys-unused': () => 'GRVT_ENV 为 paper：给出的交易密钥未使用',
  'paper-hosts-unused': ({ names }) => `GRVT_ENV 为 paper：${names.join('、')} 未使用`,
  'host-stands-in': ({ name, url, own, mode }) => `${name}：本机的 ${url} 代替 ${own}：GRVT_ENV 为 ${mode}`,
  'not-encrypted': ({ name, url, what }) => {
    const who = { 'keys-and-orders': '密钥和订单', 'alerts-and-key': '告警和网关密钥', address: '该地址' };
    return `${name}：${url} 未加密（http）：${who[what]}可能在途中被读取`;
  },
  'any-certificate': () => 'NODE_TLS_REJECT_UNAUTHORIZED："0" 接受任何证书，途中任何人都能读到密钥',
  'all-proxy-unused': () => 'ALL_PROXY：未使用；本程序的代理由 HTTPS_PROXY 指定',
  'telegram-half-given': () => 'CHAT_ID 和 API_KEY：只给出一项，告警只写入日志',
  'orders-end-early': ({ ttlSeconds, partialSeconds }) =>
    `GRVT_HEDGE_ORDER_TTL_SEC：订单在 ${ttlSeconds} 秒后到期，早于部分成交的等待时间 ${partialSeconds} 秒` +
    '（GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC）',
  'database-open': ({ database }) =>
    `GRVT_HEDGE_JOURNAL_URL：${database} 不在本机，且其证书未经验证：账本和密码可能在途中被读取和更改；` +
    '应为 ?sslmode=verify-full',
  'file-exposed': ({ path, what, mode }) =>
    `${path}：本机的其他用户可以${what === 'read' ? '读取' : '写入'}（权限 ${mode}）：chmod 600`,
  'runs-as-root': () => '以 root 身份运行：使用专门的用户就够了，出错时危害更小',
  'node-options': ({ options }) =>
    `NODE_OPTIONS 含有 ${options.join('、')}：外部代码或调试器可以读取本进程的密钥；请取消设置`,
  'no-symbol-enabled': ({ file }) => `${file}：没有启用的标的，不会进行任何交易`,
  'row-unlisted': ({ at, near }) =>
    `${at}：交易所未列出${near === null ? '' : `；是否想写 ${near}？`}（未启用，已略过）`,
  'row-unlisted-any-more': ({ at }) => `${at}：交易所已不再列出：保留其仓位和批次，重新列出之前不下单（规则 11.6）`,

  'stopped-while-starting': () => '启动过程中被停止',
  'another-engine': ({ account, instrument, clientOrderId }) =>
    `另一个引擎正在用这两个账户交易，可能在另一台机器上：启动期间账户 ${account} 的 ${instrument} 上出现订单 ${clientOrderId}，` +
    '它带有我们的前缀，但不在本账本中；请先停止那个引擎',
  'dead-man-against-others': ({ seconds, orders, more }) => {
    const named = orders.map(({ orderId, account, instrument }) => `账户 ${account} ${instrument} 的 ${orderId}`);
    return (
      `GRVT_HEDGE_DEAD_MAN_SEC=${seconds} 会撤销不属于我们的订单：${named.join('、')}` +
      `${more > 0 ? `，以及另外 ${more} 张` : ''}；请撤销它们，或设为 0`
    );
  },

  'no-such-journal': ({ file, others }) =>
    `没有账本 ${file}。${others.length === 0 ? '' : `可用于 --journal 的有：${others.join('、')}`}`,
  'pair-unknown': () => '数据库中的哪个账本由两个账户决定：请像运行时那样设置它们。',
  'no-paper-journal': ({ dataDir }) => `${dataDir} 中还没有模拟运行留下的账本。`,
  'many-journals': ({ mode, names }) => `在 ${mode} 上有不止一对账户交易过：请用 --journal 指明：${names.join('、')}`,
  'no-journal': ({ mode, dataDir }) => `${dataDir} 中还没有在 ${mode} 上运行留下的账本。`,
  'copy-without-database': () => '`journal copy` 需要 GRVT_HEDGE_JOURNAL_URL 和两个账户，与运行时相同。',
  'copy-between-files': ({ word }) => `两者之一应为 ${word}，另一个为文件；两个都是文件时用 backup。`,
  'restore-into-database': ({ copy, word }) => `账本在数据库中：请用 journal copy ${copy} ${word}，复制到空数据库。`,
  'restore-without-accounts': () => '副本属于哪个账本由两个账户决定：请像运行时那样设置它们。',

  'no-engine': ({ dataDir }) => `${dataDir} 上没有运行中的引擎`,
  'control-late': ({ seconds }) => `${seconds} 秒内没有答复`,
  'control-closed': () => '引擎未答复就关闭了连接',
  'others-words': ({ words }) => words,
  'control-too-long': ({ bytes }) => `答复超过 ${bytes} 字节`,
  'control-no-engine': () => '在那里监听的不是引擎',
  'control-version': ({ theirs, ours }) => `引擎的协议版本为 ${theirs}，本命令为 ${ours}`,
  'control-secret': () => '在那里监听的程序没有此数据目录的密钥',
  'control-unreadable': () => '答复无法读取',
  'control-full': ({ clients }) => `已有 ${clients} 个客户端连接：请重试`,
  'control-no-command': ({ seconds }) => `${seconds} 秒内没有收到命令`,
  'control-line-too-long': ({ bytes }) => `一行超过 ${bytes} 字节`,
  'control-no-proof': () => '没有给出凭证',
  'control-client-version': ({ theirs, ours }) => `引擎的协议版本为 ${ours}，此客户端为 ${theirs}`,
  'control-client-secret': () => '密钥不是本引擎的',
  'control-command-unknown': () => '不是此版本的命令',
  'disk-late': () => '磁盘尚未答复',
};
