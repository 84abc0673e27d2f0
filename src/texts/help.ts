/** Chinese texts of `--help` by their English texts; `test/cli/help.test.ts` checks that none is missing. */
export const HELP_ZH: Readonly<Record<string, string>> = {
  'CSV, or CSV packed as .gz or .zst': 'CSV，或以 .gz、.zst 压缩的 CSV',
  'Dual maker hedge engine for GRVT perpetuals: two accounts, opposite positions, maker orders only.':
    'GRVT 永续合约双 maker 对冲引擎：两个账户、方向相反的仓位、只用 maker 单。',
  'TCP port on loopback, 0 for any': '本机 TCP 端口，0 为任意',
  'a copy that backup made': 'backup 制作的副本',
  'a journal or a copy; without it the journal of the settings': '账本或其副本；省略则为设置所指的账本',
  'a line for each; of one symbol: symbol, else day': '每项一行；单个标的时为 symbol，否则为 day',
  'a longer silence between trades is a gap': '成交间隔更久即视为缺口',
  'a market to try things on: the embedded exchange’s own, recorded in virtual time':
    '用于试验的行情：内置交易所自己的行情，在虚拟时间中录制',
  'a setting and its values, by comma; every combination is played': '一个设置及其取值，以逗号分隔；每种组合都会运行',
  'act on these only, e.g. I7 or I2,I9': '只针对这些，例如 I7 或 I2,I9',
  'add a row to the symbols file': '在标的文件中增加一行',
  'also if the copy ends before the journal that is there': '即使副本比现有账本更旧',
  'all pairs of the database in GRVT_HEDGE_JOURNAL_URL, worst first; with --port a page and metrics':
    'GRVT_HEDGE_JOURNAL_URL 数据库中的所有账户对，最差的在前；带 --port 时提供页面与指标',
  'serve a page, /metrics and /status on loopback until stopped; 0 for any':
    '在本机提供页面、/metrics 与 /status，直到停止；0 为任意端口',
  'copy the journal of the accounts between a file and the database of the settings, every entry in its place; to a database with the engine stopped, and only where it has none of these accounts':
    '在文件与设置所指的数据库之间复制这些账户的账本，每条都在原位；写入数据库时引擎须停止，且数据库中还没有这些账户',
  'a journal file, or the word database: the one of GRVT_HEDGE_JOURNAL_URL':
    '账本文件，或单词 database：GRVT_HEDGE_JOURNAL_URL 的数据库',
  'a file that does not exist, or the word database': '尚不存在的文件，或单词 database',
  'settings and symbols from a file, as config/backtest_sweep.example.json; --set comes on top':
    '从文件读取设置与标的，格式见 config/backtest_sweep.example.json；--set 在其上叠加',
  'hold a replay of so many hours of the embedded exchange against that exchange itself':
    '用内置交易所若干小时的回放与该交易所本身对照',
  'another exchange than those, such as the embedded one: http://127.0.0.1:8700':
    '其他交易所，例如内置的：http://127.0.0.1:8700',
  'by workers of this database, e.g. postgres://me@host/name without a password (default: GRVT_HEDGE_JOURNAL_URL)':
    '由此数据库的工作进程完成，例如 postgres://me@host/name，不带密码（默认：GRVT_HEDGE_JOURNAL_URL）',
  'take runs of campaigns and backtests from the queue, until stopped': '从队列领取模拟与回测，直到停止',
  'another journal than the one the settings name': '使用设置所指之外的账本',
  'another market': '另一种行情',
  'as JSON': '输出 JSON',
  'as JSON, decimals as text': '输出 JSON，小数为文本',
  'lines above the header, or above the first row': '表头（或第一行数据）之前要跳过的行数',
  'the file has its newest row first': '文件以最新的一行开头',
  'between fields: , ; tab | (default: found out)': '字段分隔符：, ; tab |（默认：自动判断）',
  'built-in instruments': '内置合约',
  'cancel own orders now, then submit nothing until resumed': '立即撤掉自己的订单，之后不再提交，直到恢复',
  'change a row of the symbols file': '修改标的文件中的一行',
  'copy a journal while an engine writes it, check it, put a copy back': '在引擎写入时复制账本、检查、恢复副本',
  'copy the journal as it is at this moment into one file, also while an engine trades':
    '把此刻的账本复制成一个文件，引擎交易时也可以',
  'days by UTC instead of the time zone of the settings': '按 UTC 而不是设置的时区分日',
  'decrease to nothing with maker orders, then pause': '用 maker 单减到零，然后暂停',
  '(add --help for the usage)': '（加 --help 查看用法）',
  'display help for command': '显示命令的帮助',
  'do not repeat an alert while it lasts': '告警持续期间不再重复',
  'end the commands that are in force': '结束生效中的命令',
  'end there: 90s, 15m, 3h, or a time as the report prints it': '在此结束：90s、15m、3h，或报告中打印的时间',
  'ends by itself: 30m, 8h, 7d': '自行结束：30m、8h、7d',
  'every fault there is; of the calls that do not trade about this share fails (0.05: 5 %), of those that trade far more, up to about half; the report says how many were; 0: none':
    '注入所有故障；不涉及交易的调用约有该比例受影响（0.05：5 %），涉及交易的多得多，最多约一半；报告说明实际数量；0：不注入',
  'every fill, fee, funding payment, transfer, hedge and unwind': '每笔成交、手续费、资金费、划转、对冲与平仓',
  'from there, UTC: 2026-01-05 or 2026-01-05T08:00': '起始时间，UTC：2026-01-05 或 2026-01-05T08:00',
  'from there, UTC: 2026-11-01': '起始时间，UTC：2026-11-01',
  'go on after a breach and count them': '违反后继续并计数',
  'go on in full with a symbol that waits or is on trial': '让等待中或试运行的标的直接全额运行',
  'how long': '多久',
  'how long: 30m, 2h, 1d': '多久：30m、2h、1d',
  'how long: 90s, 30m, 1h, 2d, 1h30m': '多久：90s、30m、1h、2d、1h30m',
  'how things stand: a running engine is asked, else its journal is read': '当前状态：询问运行中的引擎，否则读取账本',
  'how to write it': '输出格式',
  'however long it takes': '不限耗时',
  'instrument they are stored as': '保存为哪个合约',
  "instruments in GRVT's own JSON instead of the built-in ones": '用 GRVT 自己的 JSON 合约代替内置合约',
  'instruments, e.g. BTC_USDT_Perp': '合约，例如 BTC_USDT_Perp',
  'listen to streams too (always where stream faults are asked for)': '同时监听推送（要求推送故障时总是如此）',
  'live orders': '有效订单',
  'longest time between two stops in order': '两次有序停止之间的最长时间',
  'look at settings, accounts, clocks and instruments, and say what the engine would do first; changes nothing':
    '查看设置、账户、时钟与合约，并说明引擎首先会做什么；不更改任何东西',
  'manage a leaving symbol no longer': '不再管理正在退出的标的',
  'many campaigns, on all cores: 1..200 or 1,5,9': '用全部核心运行多个种子：1..200 或 1,5,9',
  'market: mixed (by seed), calm, meanReverting, choppy, walk, trending, lively':
    '行情：mixed（由种子决定）、calm、meanReverting、choppy、walk、trending、lively',
  'mixed, increase or decrease': 'mixed、increase 或 decrease',
  'months of trading in minutes: the engine against the embedded exchange in virtual time, with faults, audited':
    '几分钟内模拟数月交易：引擎在虚拟时间中对内置交易所运行，带故障，全程审计',
  'of a candle: 1m, 1h (default: the first two rows)': 'K 线周期：1m、1h（默认：由前两行得出）',
  'of a symbol, how far back: 30m, 1h, 2d': '标的的回溯时长：30m、1h、2d',
  'of each account at the beginning': '每个账户开始时的权益',
  'of each book': '每个盘口',
  'of paths within candles and of latency': 'K 线内路径与延迟的种子',
  'of the notional': '占名义金额的比例',
  'of the notional; below 0: a rebate': '占名义金额的比例；小于 0：返佣',
  'of the times (default: found out)': '时间的单位（默认：自动判断）',
  'one kind of fault at a rate of its own: lost-order, late-position, post-only-refusal and fill-during-cancel strike at this rate where they can, kinds that any call can meet at 1/19 of it and calls that trade at up to 1/38 more, faults of streams at 1/5 of it (book: 1/500); events of the world happen in proportion to it':
    '单独设定一类故障的比率：lost-order、late-position、post-only-refusal 与 fill-during-cancel 按此比率发生；任何调用都可能遇到的故障为其 1/19，涉及交易的调用再多至 1/38；推送故障为其 1/5（盘口 1/500）；外界事件按比例发生',
  'one way: orders, data': '单程：订单、数据',
  'only these': '仅这些',
  'only this one: its name, or its base': '仅此标的：名称或其基础币种',
  'open alerts, and those that ended within a day': '当前告警，以及一天内结束的告警',
  'open lots, with the price their hedge must not be worse than': '未对冲批次，附其对冲价格的底线',
  'open nothing, go on repairing': '不再开仓，继续修复',
  'open nothing, repair until hedged, then do nothing': '不再开仓，修复至已对冲，然后什么也不做',
  'past public trades or candles of a minute, and funding rates, by the exchange’s API; goes on where it ended':
    '经交易所 API 获取历史公开成交或一分钟 K 线，以及资金费率；从上次结束处继续',
  'pause between polls': '两次轮询之间的间隔',
  'poll only; --faults then leaves those of streams out': '仅轮询；--faults 此时不含推送故障',
  'print the version': '显示版本',
  'processes at a time (default: the cores there are)': '同时运行的进程数（默认：核心数）',
  'put a copy in place of the journal of the settings, with the engine stopped; the present one is kept aside':
    '引擎停止时用副本替换设置所指的账本；原账本保留在旁边',
  'read all of it: records, gaps, damaged places, crossed books, trades outside the book':
    '全部读一遍：记录、缺口、损坏处、交叉盘口、盘口之外的成交',
  'read all of it; say what it holds, or what is wrong with it': '全部读一遍；说明内容，或哪里有问题',
  'read settings and symbols file again, all or nothing': '重新读取设置与标的文件，要么全部生效要么全不生效',
  'read settings from this file instead of .env; for every command': '从该文件而不是 .env 读取设置；适用于所有命令',
  'record books, trades, marks and funding of the public streams, without keys, until Ctrl+C':
    '录制公开推送的盘口、成交、标记价与资金费率，无需密钥，直到 Ctrl+C',
  'relay what the statecharts do to the Stately inspector, over a loopback WebSocket':
    '经本机 WebSocket 把状态图的动作转给 Stately 检查器',
  'dry run: the embedded exchange follows the public streams of prod, testnet … or an address':
    '演练：内嵌交易所跟随 prod、testnet 等或某个地址的公开推送',
  'remove a row of the symbols file; the symbol is wound down': '删除标的文件中的一行；该标的逐步了结',
  'round trips of the network': '网络往返时间',
  'run the recorded inputs through the same core; name the first decision or ledger that differs':
    '用同一核心重算记录的输入；指出第一个不同的决定或账目',
  'say what would change, and change nothing': '只说明会改变什么，不做更改',
  'seed of its market and its keys': '其行情与密钥的种子',
  'seed of markets, settings, network and faults (default: "1")': '行情、设置、网络与故障的种子（默认："1"）',
  'send one message through the configured Telegram gateway': '经所配置的 Telegram 网关发送一条消息',
  'send one message through the configured Telegram gateway, too': '同时经所配置的 Telegram 网关发送一条消息',
  'show what happened around a breach at length, and the log of one seed':
    '详细显示违反前后发生的事，以及单个种子的日志',
  'simulated days per seed': '每个种子模拟的天数',
  'size step, also the smallest size': '数量步长，也是最小数量',
  'smallest order, USDT': '最小订单，USDT',
  'so many days, today among them': '天数，含今天',
  'stop the engine in order': '有序停止引擎',
  'stored markets: a directory per symbol': '已存行情：每个标的一个目录',
  'stored markets: list, verify, import': '已存行情：列出、检查、导入',
  'symbols traded': '交易的标的数',
  'tell nothing of an alert for a while': '一段时间内不发送某告警',
  'that longs pay at each funding time, where none was recorded': '没有录制资金费率时，多头每次支付的费率',
  'the answer as JSON': '以 JSON 给出回答',
  'the columns: names of the header, or numbers from 1': '列：表头名称，或从 1 开始的序号',
  'the copy, which must not exist': '副本文件，必须尚不存在',
  'the embedded exchange alone, for any GRVT client; prints what an env file needs':
    '单独运行内置交易所，供任何 GRVT 客户端使用；打印 env 文件所需内容',
  'the engine in virtual time on a stored market, e.g. backtest --symbols BTC_USDT_Perp --set order_notional_usdt=200,500':
    '引擎在虚拟时间中对已存行情运行，例如 backtest --symbols BTC_USDT_Perp --set order_notional_usdt=200,500',
  'take the orders and trades of these engines out of the recording (without a name: of the settings’ journal)':
    '从录制的行情中去掉这些引擎自己的订单与成交（不写文件名：设置所指的账本）',
  'the first line is a row; columns are numbers': '第一行即数据；列用序号表示',
  'the gray rollout of a running engine (status shows it)': '运行中引擎的灰度发布（status 显示进度）',
  'the point of a number': '小数点符号',
  'the reason, for the journal': '原因，记入账本',
  'the report as JSON; what depends on the wall clock stands under `wall`':
    '以 JSON 给出报告；与实际时间有关的内容在 `wall` 下',
  'their rows (default: GRVT_HEDGE_SYMBOLS_FILE; without a row a small one)':
    '它们的行（默认：GRVT_HEDGE_SYMBOLS_FILE；没有则用一个小额行）',
  'though a net stays that nothing hedges any more': '即使留下不再对冲的净额',
  'tick of an instrument that is not built in': '非内置合约的最小价格变动',
  'to there (default: now)': '截止时间（默认：现在）',
  'to there': '截止时间',
  'trade until stopped; without keys on the embedded exchange': '交易直到停止；没有密钥时在内置交易所上交易',
  'trades or candles of elsewhere, e.g. market import btc.csv --symbol BTC_USDT_Perp --kind candles --columns time=timestamp,open=open,high=high,low=low,close=close,volume=volume':
    '其他来源的成交或 K 线，例如 market import btc.csv --symbol BTC_USDT_Perp --kind candles --columns time=timestamp,open=open,high=high,low=low,close=close,volume=volume',
  "turn no call away for being one too many; GRVT's weights are enforced otherwise":
    '不因频率拒绝任何调用；否则按 GRVT 的权重限制',
  'what fills a resting order': '什么会使挂单成交',
  'what it holds stays at the exchange': '其持仓留在交易所',
  'what it is like': '是什么样的',
  'what the rows are': '各行是什么',
  'what there is: symbols, days, bytes, days that are missing': '有什么：标的、日期、字节数、缺失的日期',
  'what volume counts': '成交量以什么计',
  'what was earned: volume, spread, unwinds, fees, funding, by day, symbol or account; from the journal':
    '收益：成交量、价差、平仓、手续费、资金费，按日、标的或账户；取自账本',
  what: '什么',
  'when the two accounts, of one owner, meet in the book': '同一所有者的两个账户在盘口相遇时',
  'when what remains is listed: 30m, 2h': '何时列出剩余部分：30m、2h',
  'where no book was recorded: ticks, or percent such as 0.02%': '没有录制盘口时的价差：tick 数，或百分比如 0.02%',
  'where no book was recorded: what stands at each price': '没有录制盘口时每个价位上的数量',
  'which statechart': '哪个状态图',
  'which, by comma (default: all that are stored)': '哪些，以逗号分隔（默认：全部已存）',
  'whose streams': '哪个环境的推送',
  whose: '哪个环境的',
  'why an order was placed and what became of it: snapshot, state, rules, answers, fills, lots; of a symbol, its states and why it submitted nothing':
    '订单为何提交、结果如何：快照、状态、规则、应答、成交、批次；对标的则为其状态及为何没有提交',
  'with a journal in a database: wait while another engine trades this pair, then take over':
    '账本在数据库中时：等待另一引擎交易这对账户，之后接管',
  'without the funding rates of that time': '不取该时段的资金费率',
  'without the auditor: faster': '不带审计：更快',
  'write a statechart from the machine itself; JSON loads in the Stately editor':
    '由状态机本身输出状态图；JSON 可在 Stately 编辑器中打开',
  'write docs/statecharts.md from all of them instead': '改为由全部状态图写出 docs/statecharts.md',
  'write every line of the engine’s log there (one seed)': '把引擎日志的每一行写到此处（单个种子）',
  'write the answer there too, with charts: one file that needs no network':
    '同时把结果连同图表写到此处：一个无需网络的文件',
};

/** Before an example, in both languages. */
const EXAMPLE = /^(.*?)[;,] e\.g\. (grvt-hedge .*)$/s;

/** A text of the help in Chinese; null: missing. */
export function helpText(english: string): string | null {
  const whole = HELP_ZH[english];
  if (whole !== undefined) return whole;
  const [, words = '', example = ''] = EXAMPLE.exec(english) ?? [];
  const head = HELP_ZH[words];
  return head === undefined ? null : `${head}；例如 ${example}`;
}
