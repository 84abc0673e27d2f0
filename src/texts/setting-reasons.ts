import type { Reason, SettingReasonParams } from '../core/reasons.ts';
import type { JsonExpected, ShownValue, TextShape } from '../core/start-reasons.ts';
import { lasting } from './duration.ts';
import type { Language } from './language.ts';

/** Texts of the setting reasons; `text` renders a reason within a reason. */
type SettingTexts = { readonly [C in keyof SettingReasonParams]: (params: SettingReasonParams[C]) => string };
type Render = (why: Reason) => string;

const EN_SINGLE = "write it in single quotes ('…'), which take it as it is";

export const settingTextsEn = (text: Render): SettingTexts => ({
  'settings-unusable': ({ errors }) =>
    [
      `The settings are not usable (${errors.length} ${errors.length === 1 ? 'error' : 'errors'}):`,
      ...errors.map((one) => `- ${text(one)}`),
    ].join('\n'),
  'symbols-unusable': ({ errors }) => errors.map(text).join('\n'),
  'wrong-at': ({ at, problem }) => `${shown(at, 'en')}: ${text(problem)}`,
  'row-wrong': (row) => `${rowPlace(row, 'en')}: ${text(row.problem)}`,
  'env-line': ({ file, line, name, problem }) =>
    `${file} line ${line}: ${name === null ? '' : `${name}: `}${text(problem)}`,
  'symbols-file-invalid': ({ file, problem }) => `Invalid symbols config JSON: ${file}: ${text(problem)}`,
  'symbols-file-missing': ({ file, root }) =>
    `Symbols config file not found: GRVT_HEDGE_SYMBOLS_FILE: ${shown(file, 'en')}: ` +
    `expected a file, its path relative to the project root (${root})`,
  'symbols-file-unreadable': ({ file, code }) =>
    `Symbols config file cannot be read: GRVT_HEDGE_SYMBOLS_FILE: ${shown(file, 'en')} (${code})`,

  'value-illegal': ({ value, expected, near = null, swapped = null }) =>
    `${shown(value, 'en')} is not legal: expected ${expected.en}${meantEn(near)}` +
    (swapped === null ? '' : `; it looks as if it were swapped with ${swapped}`),
  'value-missing': ({ expected }) => `is missing: expected ${expected.en}`,
  'setting-missing': ({ name, hasFile, expected }) =>
    `${name}${hasFile ? ` (or ${name}_FILE)` : ''}: missing, and required unless GRVT_ENV=paper: expected ${expected.en}`,
  'exchange-not-said': ({ cause, expected }) => `GRVT_ENV: missing, but ${cause} is given: expected ${expected.en}`,
  'no-such-setting': ({ near, isLikely }) =>
    `no such setting; ${isLikely ? `did you mean ${near}?` : `the nearest is ${near}`}`,
  'given-with': ({ name }) => `given together with ${name}: expected one of the two`,
  'key-file-unusable': ({ path, problem }) =>
    `${shown(path, 'en')} ${text(problem)}: expected the path of a file that holds the value`,
  'file-not-found': () => 'does not exist',
  'file-unreadable': ({ code }) => `cannot be read (${code})`,
  'file-is-pipe': () => 'is a pipe, which can be read only once: expected a file',
  'file-too-large': ({ most }) => `is too large: expected at most ${most} bytes`,
  'file-not-utf8': () => 'is not UTF-8 text; save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)',
  'key-file-too-large': ({ bytes }) => `is too large for a key (${bytes} bytes)`,
  'key-file-empty': () => 'is empty',
  'key-file-not-utf8': () => 'is not UTF-8 text',
  'ttl-over-lease': ({ seconds, most }) =>
    `"${seconds}" is more than ${most} s, and with GRVT_HEDGE_JOURNAL_URL a take-over would count late orders as live ` +
    'for that long',
  'chain-id-misfit': ({ chainId, mode, own }) =>
    `"${chainId}" does not fit GRVT_ENV=${mode}: expected ${own}, or leave it out`,
  'host-of-other': ({ url, owner, ownerChainId, chainId }) =>
    `"${url}" is ${owner}, which signs for chain id ${ownerChainId}, but the chain id here is ${chainId}: expected ` +
    `GRVT_ENV=${owner}, or hosts and chain id of one exchange`,
  'host-not-encrypted': ({ url, mode }) =>
    `"${url}" is not encrypted (http): keys and orders can be read on the way: expected https:// with GRVT_ENV=${mode}`,
  'host-not-own': ({ url, mode, own, hostname }) =>
    `"${url}" is not ${mode}'s own host, and the API key would be sent there: expected ${own}, or ` +
    `GRVT_HEDGE_ALLOW_HOSTS=${hostname} if that host may stand in for it`,
  'any-certificate-refused': () =>
    '"0" accepts every certificate, so anybody on the way can read the keys: expected it unset; ' +
    'NODE_EXTRA_CA_CERTS=FILE adds a certificate authority of your own',
  'same-as': ({ name, expected }) => {
    const wanted = {
      'two-accounts': 'two accounts, each with its own',
      'gateway-key': 'the key of the Telegram gateway',
    };
    return `is the same as ${name} (not shown): expected ${wanted[expected]}`;
  },

  'line-repeats': ({ earlier }) => `is on line ${earlier} already: expected each name once`,
  'line-without-equals': ({ name }) => `${shown(name, 'en')} is not followed by "=": expected NAME=value`,
  'line-no-assignment': (shape) =>
    `is no NAME=value (not shown: ${shapeEn(shape)}): expected that, or # before a comment`,
  'line-backquotes': () => `backquotes are a command to a shell: ${EN_SINGLE}`,
  'line-quote-open': ({ quote }) => `the quote ${quote} is not closed on this line: expected it closed`,
  'line-backslash': () => `a backslash in double quotes is an escape to some programs: ${EN_SINGLE}`,
  'line-expands': () => `"$" is replaced by some programs, not by this one: ${EN_SINGLE}`,
  'line-text-after-quote': () => 'text after the closing quote: expected nothing there, or a comment after a space',
  'line-hash': () => `"#" without a space before it is a comment to some programs: ${EN_SINGLE}`,
  'line-quote-inside': () => 'a quote inside the value: expected quotes around all of it, or none',
  'line-continues': () => `a backslash at the end continues the line for some programs: ${EN_SINGLE}`,

  'symbols-too-large': ({ bytes, most }) => `${bytes} bytes: expected at most ${most}`,
  'symbols-empty': () => 'empty: expected a list of symbols, [ { … } ]',
  'symbols-not-json': ({ line, column, expected, isAtEnd }) =>
    `line ${line} column ${column}: expected ${JSON_EXPECTED[expected][0]}${isAtEnd ? ', but the file ends here' : ''}`,
  'symbols-no-list': ({ value }) => `${shown(value, 'en')} is not a list: expected [ { … } ]`,
  'symbols-none': () => 'an empty list: expected at least one symbol (to trade none, set "enabled": false)',
  'symbols-too-many': ({ count, most }) => `${count} symbols: expected at most ${most}`,
  'row-no-object': ({ value }) => `${shown(value, 'en')} is not a symbol: expected { "instrument": …, … }`,
  'key-repeated': () => 'is there more than once: expected each key once',
  'key-unknown': ({ near }) => `unknown key${meantEn(near)}`,
  'row-repeats': ({ earlier, instrument }) =>
    `duplicate of [${earlier}]${instrument === null ? '' : `, both are ${instrument}`}: expected each instrument once`,
  'min-above-max': ({ least, most }) => `${least} is above max_total_position_usdt ${most}: expected min ≤ max`,
  'not-listed': ({ near }) => `the exchange does not list it${meantEn(near)}`,
  'spelling-open': ({ names }) => `the exchange lists ${names.join(' and ')}: expected the exact spelling`,
  'row-exists': ({ file, symbol }) => `${file} has ${symbol} already: change it with set`,
  'no-row': ({ file, symbol, near }) => `${file} has no row of ${symbol}${meantEn(near)}`,
  'names-the-row': () => 'names the row, expected other keys',
  'one-fill-passes-limit': ({ symbol, order, limit }) =>
    `${symbol} order_notional_usdt: ${order} is above imbalance_limit_usdt ${limit}: one fill alone passes the limit`,
  'order-never-tradable': ({ symbol, order, size, base, mark, smallest, usdt }) =>
    `${symbol} order_notional_usdt: ${order} buys ${size} ${base} at ${mark}, below the smallest tradable size ` +
    `${smallest} (about ${usdt} USDT): nothing would be submitted`,
  'option-wrong': ({ option, value, expected }) =>
    `${option}: ${value === null ? '' : `${quoted(value)}: `}expected ${expected.en}`,
  'option-unusable': ({ option, value, problems }) =>
    `${option}: ${quoted(value)}: not usable: ${problems.map(text).join('; ')}`,
  'market-unusable': ({ at, found, expected }) => `${at}: ${found === null ? '' : `${found}: `}expected ${expected.en}`,
  'market-unreadable': ({ at, why }) => `${at}: cannot be read: ${text(why)}`,
  'import-row-wrong': ({ file, line, name, found, expected }) =>
    `${file} line ${line}: ${name}: ${found}: expected ${expected.en}`,
  'takes-long': ({ combinations, ms, workers }) =>
    `${combinations} combinations of settings take about ${lasting(ms, 'en')} on ${workers} ${workers === 1 ? 'core' : 'cores'}: ` +
    'add --yes if that is meant',
});

const ZH_SINGLE = "请用单引号（'…'）括起，其内容原样读取";

export const settingTextsZh = (text: Render): SettingTexts => ({
  'settings-unusable': ({ errors }) =>
    [`设置不可用（${errors.length} 处错误）：`, ...errors.map((one) => `- ${text(one)}`)].join('\n'),
  'symbols-unusable': ({ errors }) => errors.map(text).join('\n'),
  'wrong-at': ({ at, problem }) => `${shown(at, 'zh')}：${text(problem)}`,
  'row-wrong': (row) => `${rowPlace(row, 'zh')}：${text(row.problem)}`,
  'env-line': ({ file, line, name, problem }) =>
    `${file} 第 ${line} 行：${name === null ? '' : `${name}：`}${text(problem)}`,
  // The first words are those of the guides, which people search for.
  'symbols-file-invalid': ({ file, problem }) =>
    `Invalid symbols config JSON（标的文件无效）：${file}：${text(problem)}`,
  'symbols-file-missing': ({ file, root }) =>
    `Symbols config file not found（找不到标的文件）：GRVT_HEDGE_SYMBOLS_FILE：${shown(file, 'zh')}：` +
    `应为一个文件，相对路径以项目根目录（${root}）为基准`,
  'symbols-file-unreadable': ({ file, code }) =>
    `标的文件无法读取：GRVT_HEDGE_SYMBOLS_FILE：${shown(file, 'zh')}（${code}）`,

  'value-illegal': ({ value, expected, near = null, swapped = null }) =>
    `${shown(value, 'zh')} 不合法：应为${expected.zh}${meantZh(near)}` +
    (swapped === null ? '' : `；看起来与 ${swapped} 填反了`),
  'value-missing': ({ expected }) => `缺失：应为${expected.zh}`,
  'setting-missing': ({ name, hasFile, expected }) =>
    `${name}${hasFile ? `（或 ${name}_FILE）` : ''}：未设置，GRVT_ENV 不为 paper 时必填：应为${expected.zh}`,
  'exchange-not-said': ({ cause, expected }) => `GRVT_ENV：未设置，但已给出 ${cause}：应为${expected.zh}`,
  'no-such-setting': ({ near, isLikely }) => `没有此设置；${isLikely ? `是否想写 ${near}？` : `最接近的是 ${near}`}`,
  'given-with': ({ name }) => `与 ${name} 同时给出：两者只能给其一`,
  'key-file-unusable': ({ path, problem }) => `${shown(path, 'zh')} ${text(problem)}：应为存有该值的文件的路径`,
  'file-not-found': () => '不存在',
  'file-unreadable': ({ code }) => `无法读取（${code}）`,
  'file-is-pipe': () => '是管道，只能读取一次：应为普通文件',
  'file-too-large': ({ most }) => `过大：应为最多 ${most} 字节`,
  'file-not-utf8': () => '不是 UTF-8 文本；请另存为 UTF-8（PowerShell：Set-Content -Encoding utf8）',
  'key-file-too-large': ({ bytes }) => `过大，不可能是密钥（${bytes} 字节）`,
  'key-file-empty': () => '为空',
  'key-file-not-utf8': () => '不是 UTF-8 文本',
  'ttl-over-lease': ({ seconds, most }) =>
    `"${seconds}" 超过 ${most} 秒；使用 GRVT_HEDGE_JOURNAL_URL 时，接管方须在这么长时间内把迟到的订单视为有效`,
  'chain-id-misfit': ({ chainId, mode, own }) => `"${chainId}" 与 GRVT_ENV=${mode} 不符：应为 ${own}，或不设置`,
  'host-of-other': ({ url, owner, ownerChainId, chainId }) =>
    `"${url}" 属于 ${owner}，其签名用 chain id ${ownerChainId}，而此处的 chain id 为 ${chainId}：` +
    `应为 GRVT_ENV=${owner}，或让主机与 chain id 属于同一交易所`,
  'host-not-encrypted': ({ url, mode }) =>
    `"${url}" 未加密（http）：密钥和订单可能在途中被读取：GRVT_ENV=${mode} 时应为 https://`,
  'host-not-own': ({ url, mode, own, hostname }) =>
    `"${url}" 不是 ${mode} 的官方主机，而 API key 会发送到那里：应为 ${own}；` +
    `若允许该主机代替，请设置 GRVT_HEDGE_ALLOW_HOSTS=${hostname}`,
  'any-certificate-refused': () =>
    '"0" 接受任何证书，途中任何人都能读到密钥：应取消设置；自有的证书颁发机构用 NODE_EXTRA_CA_CERTS=文件 添加',
  'same-as': ({ name, expected }) => {
    const wanted = { 'two-accounts': '两个账户，各用各的', 'gateway-key': 'Telegram 网关的密钥' };
    return `与 ${name} 相同（不显示）：应为${wanted[expected]}`;
  },

  'line-repeats': ({ earlier }) => `第 ${earlier} 行已有：每个名称只能出现一次`,
  'line-without-equals': ({ name }) => `${shown(name, 'zh')} 之后没有 "="：应为 名称=值`,
  'line-no-assignment': (shape) => `不是 名称=值（不显示：${shapeZh(shape)}）：应为该格式，注释前应有 #`,
  'line-backquotes': () => `反引号对 shell 是命令：${ZH_SINGLE}`,
  'line-quote-open': ({ quote }) => `引号 ${quote} 在本行没有闭合：应闭合`,
  'line-backslash': () => `双引号内的反斜杠对某些程序是转义：${ZH_SINGLE}`,
  'line-expands': () => `"$" 会被某些程序替换，本程序不替换：${ZH_SINGLE}`,
  'line-text-after-quote': () => '右引号之后还有文字：之后应为空，或空格加注释',
  'line-hash': () => `前面没有空格的 "#" 对某些程序是注释：${ZH_SINGLE}`,
  'line-quote-inside': () => '值的中间有引号：应把整个值括起来，或不用引号',
  'line-continues': () => `行尾的反斜杠对某些程序表示续行：${ZH_SINGLE}`,

  'symbols-too-large': ({ bytes, most }) => `${bytes} 字节：最多 ${most}`,
  'symbols-empty': () => '文件为空：应为标的列表，[ { … } ]',
  'symbols-not-json': ({ line, column, expected, isAtEnd }) =>
    `第 ${line} 行第 ${column} 列：应为${JSON_EXPECTED[expected][1]}${isAtEnd ? '，但文件到此结束' : ''}`,
  'symbols-no-list': ({ value }) => `${shown(value, 'zh')} 不是列表：应为 [ { … } ]`,
  'symbols-none': () => '列表为空：至少应有一个标的（若都不交易，请设 "enabled": false）',
  'symbols-too-many': ({ count, most }) => `${count} 个标的：最多 ${most} 个`,
  'row-no-object': ({ value }) => `${shown(value, 'zh')} 不是标的：应为 { "instrument": …, … }`,
  'key-repeated': () => '出现不止一次：每个键只能出现一次',
  'key-unknown': ({ near }) => `未知的键${meantZh(near)}`,
  'row-repeats': ({ earlier, instrument }) =>
    `与 [${earlier}] 重复${instrument === null ? '' : `，都是 ${instrument}`}：每个标的只能出现一次`,
  'min-above-max': ({ least, most }) => `${least} 大于 max_total_position_usdt ${most}：应为 min ≤ max`,
  'not-listed': ({ near }) => `交易所未列出${meantZh(near)}`,
  'spelling-open': ({ names }) => `交易所列出了 ${names.join(' 和 ')}：请按原样拼写`,
  'row-exists': ({ file, symbol }) => `${file} 已有 ${symbol}：请用 set 更改`,
  'no-row': ({ file, symbol, near }) => `${file} 没有 ${symbol} 的行${meantZh(near)}`,
  'names-the-row': () => '是该行的名称，应为其他键',
  'one-fill-passes-limit': ({ symbol, order, limit }) =>
    `${symbol} order_notional_usdt: ${order} 高于 imbalance_limit_usdt ${limit}：仅一笔成交就会超过限额`,
  'order-never-tradable': ({ symbol, order, size, base, mark, smallest, usdt }) =>
    `${symbol} order_notional_usdt: ${order} 按 ${mark} 可买 ${size} ${base}，低于最小可交易数量 ${smallest}` +
    `（约 ${usdt} USDT）：不会提交任何订单`,
  'option-wrong': ({ option, value, expected }) =>
    `${option}：${value === null ? '' : `${quoted(value)}：`}应为${expected.zh}`,
  'option-unusable': ({ option, value, problems }) =>
    `${option}：${quoted(value)}：不可用：${problems.map(text).join('；')}`,
  'market-unusable': ({ at, found, expected }) => `${at}：${found === null ? '' : `${found}：`}应为${expected.zh}`,
  'market-unreadable': ({ at, why }) => `${at}：无法读取：${text(why)}`,
  'import-row-wrong': ({ file, line, name, found, expected }) =>
    `${file} 第 ${line} 行：${name}：${found}：应为${expected.zh}`,
  'takes-long': ({ combinations, ms, workers }) =>
    `${combinations} 种设置组合在 ${workers} 个核上约需 ${lasting(ms, 'zh')}：确需如此请加 --yes`,
});

const meantEn = (near: string | null) => (near === null ? '' : `; did you mean ${near}?`);
const meantZh = (near: string | null) => (near === null ? '' : `；是否想写 ${near}？`);

const JSON_EXPECTED: Readonly<Record<JsonExpected, readonly [en: string, zh: string]>> = {
  value: ['a value', '一个值'],
  key: ['a key in double quotes', '双引号括起的键'],
  colon: ['":"', ' ":"'],
  ']': ['"," or "]"', ' "," 或 "]"'],
  '}': ['"," or "}"', ' "," 或 "}"'],
  end: ['the end of the file', '文件结尾'],
};

function rowPlace({ file, row, name, key }: SettingReasonParams['row-wrong'], language: Language): string {
  return [file, `[${row}]`, ...[name, key].flatMap((one) => (one === null ? [] : [shown(one, language)]))].join(' ');
}

/** A value of the command line; quoted if it is not one word. */
function quoted(value: string): string {
  return /^\S+$/.test(value) ? value : JSON.stringify(value);
}

export function shown(value: ShownValue, language: Language): string {
  if (typeof value === 'string') return value;
  if ('json' in value) return JSON_KINDS[value.json][language];
  return language === 'en' ? hiddenEn(value) : hiddenZh(value);
}

const JSON_KINDS = { list: { en: 'a list', zh: '列表' }, object: { en: 'an object', zh: '对象' } };

type Hidden = Extract<ShownValue, { readonly hidden: string }>;

function hiddenEn(value: Hidden): string {
  const shape = shapeEn(value);
  if (value.hidden === 'key') return `a value that looks like a key (${shape}, not shown)`;
  if (value.hidden === 'url') return `a URL with a user or password in it (${value.characters} characters, not shown)`;
  return value.hidden === 'rest'
    ? `"${value.origin}" and more (not shown: ${shape})`
    : `the value given (not shown: ${shape})`;
}

function hiddenZh(value: Hidden): string {
  const shape = shapeZh(value);
  if (value.hidden === 'key') return `看起来像密钥的值（${shape}，不显示）`;
  if (value.hidden === 'url') return `含用户名或密码的 URL（${value.characters} 个字符，不显示）`;
  return value.hidden === 'rest' ? `"${value.origin}" 及其余部分（不显示：${shape}）` : `给出的值（不显示：${shape}）`;
}

function shapeEn({ characters, kind }: TextShape): string {
  const words: Readonly<Record<TextShape['kind'], string>> = {
    digits: 'all digits',
    'hex-0x': `0x and ${characters - 2} hex digits`,
    hex: 'all hex digits, no 0x',
    'white-space': 'with white space in it',
    printable: 'letters, digits and signs',
    'not-ascii': 'with characters that are not printable ASCII',
  };
  return `${characters} character${characters === 1 ? '' : 's'}, ${words[kind]}`;
}

function shapeZh({ characters, kind }: TextShape): string {
  const words: Readonly<Record<TextShape['kind'], string>> = {
    digits: '全为数字',
    'hex-0x': `0x 加 ${characters - 2} 位十六进制`,
    hex: '全为十六进制，没有 0x',
    'white-space': '含空白字符',
    printable: '字母、数字和符号',
    'not-ascii': '含非 ASCII 可打印字符',
  };
  return `${characters} 个字符，${words[kind]}`;
}
