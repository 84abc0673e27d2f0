/**
 * Why a call to the exchange failed or an order was refused, in Chinese. Such a reason is a sentence of ours around the
 * exchange's own words: ours is translated, the exchange's code and words stay as they came, to be searched for. What is not
 * known here stays as it is.
 */

/** A call and whose it was begin the sentence; the alert says both already. */
const PREFIX =
  /^(?:login|instruments|book|positions|openOrders|accountSummary|account|order|orderHistory|createOrder|cancelOrder)(?: of account [AB])?: (?=.)/;

/** A code of the exchange: its meaning, settings to look at, the code, its words, the HTTP status. */
const CODED = /^.*?(?: \(check (\S+) and (\S+)\))?: (\d{1,6}) (".*") \(HTTP (\d+)\)(.*)$/s;

/** The meanings of `src/grvt/errors.ts` (API 3); a test holds that none is missing. */
const MEANINGS: Readonly<Record<number, string>> = {
  1000: '未登录或会话失效',
  1001: '无此操作权限',
  1002: '交易所内部错误',
  1003: '请求格式错误',
  1004: '数据不存在',
  1005: '交易所未知错误',
  1006: '超过请求频率限制',
  1008: 'IP 不在此 API key 的白名单中',
  1014: '交易所网关超时',
  1015: '交易所暂时过载',
  1009: '接口暂时停用',
  1012: '签名的 chain id 无效',
  1101: '订阅选择器格式错误',
  1102: '主订阅选择器数量错误',
  1103: '次订阅选择器数量错误',
  1400: '签名者没有交易权限',
  2000: '签名者未获授权',
  2001: '签名已过期',
  2002: '签名与内容不符',
  2003: '订单的子账户与会话不符',
  2004: '会话密钥已过期',
  2005: '签名的 v 必须为 27 或 28',
  2006: '签名的 r 和 s 必须正好 64 位十六进制',
  2007: '签名的 s 必须在低半区',
  2008: '签名有效期过长',
  2010: '下单时 order_id 必须为空',
  2011: '缺少 client_order_id',
  2012: 'client_order_id 与活动订单重复',
  2020: '市价单不可带限价',
  2021: '限价单缺少限价',
  2030: '有效期类型不适用于订单簿',
  2032: 'post_only 需要 GOOD_TILL_TIME',
  2040: '订单没有标的',
  2041: '订单各腿未排序',
  2042: '订单簿只允许单腿',
  2050: '下单时 state 必须为空',
  2051: '下单时执行元数据必须为空',
  2060: '标的已停用',
  2061: '不支持的标的',
  2062: '数量低于 min_size',
  2063: '低于大宗最小数量',
  2064: '价格不是 tick 的整数倍',
  2065: '数量精度过细',
  2066: '低于最小名义金额',
  2067: '减仓单低于最小名义金额',
  2070: '不支持强平订单',
  2080: '保证金不足',
  2081: '将超过最大持仓',
  2082: '下单前检查未通过',
  2083: '将超过该杠杆档位的最大持仓',
  2084: '下单后检查未通过',
  2090: '挂单过多',
  2091: '账户只能减仓',
  2110: '触发单错误',
  2111: '触发单错误',
  2112: '触发单错误',
  2113: '触发单错误',
  2114: '触发单错误',
  2115: '触发单错误',
  2116: '触发单错误',
  2117: '触发单错误',
  2233: '批量：两种订单号混用',
  2234: '批量：标的不一致',
  2235: '批量：订单过多',
  2236: '批量：不可含触发单',
  2237: '批量：来源必须为 API',
  2242: '触发单错误',
  2300: '撤单存活时间已停用',
  2301: '撤单存活时间超过上限',
  2400: '只减仓单没有持仓',
  2401: '只减仓单会增加持仓',
  2402: '只减仓单大于持仓',
  2413: '批量：数量不一致',
  2450: '被风险限制拒绝',
  2451: '被风险限制拒绝',
  2452: '被风险限制拒绝',
  2453: '被风险限制拒绝',
  3000: '标的无效',
  3004: '标的缺少保证金配置',
  3005: '币种缺少余额小数位配置',
  3006: '标的缺少小数位配置',
  3007: '不适用于现货标的',
  3020: '子账户号必须为 uint64',
  3021: '需要 order_id 或 client_order_id',
  3030: '推送频率无效',
  3031: '订单簿深度无效',
  6000: '断线撤单倒计时超过 300 秒',
  7201: '限价超出价格保护区间',
  7304: '该资产目前只接受只减仓单',
  7500: 'builder 费用或授权问题',
  7501: 'builder 费用或授权问题',
  7502: 'builder 费用或授权问题',
  7503: 'builder 费用或授权问题',
  7504: 'builder 费用或授权问题',
  7600: '被该资产的规则拒绝',
  7601: '被该资产的规则拒绝',
  7602: '被该资产的规则拒绝',
  7603: '被该资产的规则拒绝',
};

/** Everything else a reason can be, in parts: each that is found is said in Chinese. Longer ones first. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/^no session: (?:login(?: of account [AB])?: )?/, '没有会话：'],
  [/^never left: /, '未发出：'],
  [
    /\bno answer to a login; if it stays so, check GRVT_EDGE_URL and what stands between here and it$/,
    '不是登录的答复；若持续，请检查 GRVT_EDGE_URL 以及中间的代理或网关',
  ],
  [/, a redirect\b/, '，重定向'],
  [/\bwithout a session cookie: the API key was not accepted$/, '没有会话 cookie：API key 未被接受'],
  [/\bwithout a session cookie\b/, '没有会话 cookie'],
  [/\bwithout X-Grvt-Account-Id\b/, '没有 X-Grvt-Account-Id'],
  [/^the session cookie has ended already by the exchange’s clock\b/, '按交易所时钟，会话 cookie 已过期'],
  [
    /: check (GRVT_TRADING_API_KEY_[12]), the key's IP list, whether the exchange serves this region, and GRVT_EDGE_URL$/,
    '：请检查 $1、该 key 的 IP 白名单、所在地区是否受支持以及 GRVT_EDGE_URL',
  ],
  [/\bno answer within (\d+) s\b/, '$1 秒内没有答复'],
  [/\b(socket hang up|other side closed)\b/, '连接被中断'],
  [/\bwith an unreadable body: /, '，内容无法读取：'],
  [/\bthe body is empty\b/, '内容为空'],
  [/\bthe body is HTML \((\d+) characters\)/, '内容是 HTML（$1 字符）'],
  [/\bthe body is no JSON \((\d+) characters\)/, '内容不是 JSON（$1 字符）'],
  [/^answer: /, '答复：'],
  [/\bmissing or zero though something traded$/, '缺失或为零，但已有成交'],
  [/\bis zero though the order is FILLED$/, '为零，但订单状态为 FILLED'],
  [/: is (\S+), not the size (\S+) though the order is FILLED$/, '：为 $1，但订单状态为 FILLED，数量为 $2'],
  [/: is missing or zero$/, '：缺失或为零'],
  [/: (?:is )?missing$/, '：缺失'],
  [/: is zero$/, '：为零'],
  [/: is (\S+), asked for (\S+)$/, '：为 $1，请求的是 $2'],
  [/: is (\S+), not this account's (\S+)$/, '：为 $1，不是本账户的 $2'],
  [/: (\S+) is not further than (\S+)$/, '：$1 的顺序不在 $2 之后'],
  [/: (\S+) is more than the size (\S+)$/, '：$1 大于订单数量 $2'],
  [/\bexpected (\S+), received (\S+), found (.*)$/, '应为 $1，实为 $2：$3'],
  [/\bInvalid option: expected one of /, '应为其中之一：'],
  [/\bInvalid input(?=, found )/, '格式错误'],
  [/: is negative(?=, found )/, '：为负'],
  [/: not a time in nanoseconds(?=, found )/, '：不是纳秒时间'],
  [/: not an unsigned integer(?=, found )/, '：不是无符号整数'],
  [/: not a plain decimal number(?=, found )/, '：不是小数'],
  [/: not hex(?=, found )/, '：不是十六进制'],
  [/, found (.*)$/, '：$1'],
  [/^next: names a page already read$/, 'next：指向已读过的页'],
  [/^more than (\d+) pages: not read to the end, so it proves nothing$/, '超过 $1 页，未能读完，不能作为证明'],
  [/^(\d+) requests are waiting already$/, '已有 $1 个请求在等待'],
  [/^waited (\S+) s for the request budget$/, '等待请求额度 $1 秒'],
  [/^the engine is closing$/, '引擎正在关闭'],
];

/** The reason of a failed call or a refused order, in Chinese where its words are ours. */
export function failureInChinese(reason: string): string {
  const text = reason.replace(PREFIX, '');
  const said = PARTS.reduce((now, [pattern, words]) => now.replace(pattern, words), text);
  const coded = CODED.exec(said);
  if (coded === null) return said;
  const [, one, other, code = '', words = '', status = '', rest = ''] = coded;
  const meaning = MEANINGS[Number(code)];
  if (meaning === undefined) return said;
  const begins = /^(?:没有会话|未发出)：/.exec(said)?.[0] ?? '';
  const check = one === undefined ? '' : `（请检查 ${one} 和 ${other}）`;
  return `${begins}${meaning}${check}：${code} ${words} (HTTP ${status})${rest}`;
}
