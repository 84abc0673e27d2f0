import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Decimal } from '../../src/core/decimal.ts';
import {
  createRedactor,
  EXCHANGES,
  labelOf,
  loadSettings,
  type Settings,
  secretsIn,
  VARIABLE_NAMES,
} from '../../src/settings/index.ts';
import { reasonText, reasonTexts } from '../../src/texts/reasons.ts';
import { disk, errorsOf, KEY_A, KEY_B, load, REAL, ROOT, SYMBOLS_FILES, settingsOf } from './support.ts';

/** Of each variable that any value can be tried on alone: what is read from which text, and what is refused. */
const VALUES: Readonly<
  Record<string, { default: unknown; read: keyof Settings; good: Record<string, unknown>; bad: string[] }>
> = {
  GRVT_HEDGE_LOOP_INTERVAL_SEC: {
    read: 'loopIntervalMs',
    default: 2000,
    good: { '0.5': 500, '1': 1000, '3600': 3_600_000, '2.0': 2000 },
    bad: ['0', '-1', '3601', '1e3', 'two', '1s', '0x10', '1,5', 'Infinity', 'NaN', '0.001'],
  },
  GRVT_HEDGE_ORDERBOOK_DEPTH: {
    read: 'orderbookDepth',
    default: 10,
    good: { '10': 10, '50': 50, '100': 100, '500': 500 },
    bad: ['7', '0', '-10', '10.0', '1000', 'ten', '1e1', 'toString'],
  },
  GRVT_HEDGE_SDK_LOG_LEVEL: {
    read: 'sdkLogLevel',
    default: 'error',
    good: {
      ERROR: 'error',
      warning: 'warn',
      WARN: 'warn',
      Debug: 'debug',
      INFO: 'info',
      CRITICAL: 'fatal',
      OFF: 'silent',
    },
    bad: ['LOUD', '1', 'constructor'],
  },
  GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT: {
    read: 'singleOrderDiffThresholdUsdt',
    default: new Decimal('20'),
    good: { '0': new Decimal(0), '0.1': new Decimal('0.1'), '1000': new Decimal(1000) },
    bad: ['-1', '1e2', 'x', '1000000000000001', '9'.repeat(41), '.5', '5.', '+5'],
  },
  GRVT_HEDGE_MAX_RUNTIME_SEC: {
    read: 'maxRuntimeMs',
    default: null,
    good: { '0': null, '40': 40_000, '0.5': 500, '2147483': 2_147_483_000 },
    bad: ['-1', '2147484', 'never'],
  },
  GRVT_HEDGE_CANCEL_ON_STOP: {
    read: 'cancelOnStop',
    default: true,
    good: { '1': true, '0': false, true: true, FALSE: false },
    bad: ['2', 'yes', '-1', 'toString'],
  },
  GRVT_HEDGE_DEAD_MAN_SEC: {
    read: 'deadManMs',
    default: 0,
    good: { '0': 0, '60': 60_000, '300': 300_000 },
    bad: ['1', '59', '301', '60.5', '-60', 'on'],
  },
  GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS: {
    read: 'stopKeepStrategyOrders',
    default: 0,
    good: { '0': 0, '2': 2 },
    bad: ['-1', '1.5', '101', 'all'],
  },
  GRVT_HEDGE_POST_ONLY_MAX_RETRY: {
    read: 'postOnlyMaxRetry',
    default: 5,
    good: { '1': 1, '100': 100 },
    bad: ['0', '101', '2.5', '-5'],
  },
  GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC: {
    read: 'postOnlyCooldownMs',
    default: 300_000,
    good: { '1': 1000, '86400': 86_400_000 },
    bad: ['0', '-1', '86401', 'x'],
  },
  GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: {
    read: 'partialFillTimeoutMs',
    default: 1_800_000,
    good: { '0': 0, '60': 60_000 },
    bad: ['-1', '2147484', 'x'],
  },
  GRVT_HEDGE_STUCK_HOURS: {
    read: 'stuckMs',
    default: 21_600_000,
    good: { '6': 21_600_000, '0.5': 1_800_000 },
    bad: ['0', '-6', '591', '6h'],
  },
  GRVT_HEDGE_MMR_ALERT_THRESHOLD: {
    read: 'mmrAlertThreshold',
    default: new Decimal('0.70'),
    good: { '0.7': new Decimal('0.7'), '1': new Decimal(1) },
    bad: ['0', '70', '1.01', '-0.7', '70%'],
  },
  GRVT_HEDGE_OPENINGS_STOP_MMR: {
    read: 'openingsStopMmr',
    default: null,
    good: { '0.5': new Decimal('0.5'), '1': new Decimal(1) },
    bad: ['0', '70', '1.01', '-0.7', '70%'],
  },
  GRVT_HEDGE_OPENINGS_STOP_LOSS_USDT: {
    read: 'openingsStopLossUsdt',
    default: null,
    good: { '0.5': new Decimal('0.5'), '100': new Decimal(100) },
    bad: ['0', '-5', '1e16', '5 USDT'],
  },
  GRVT_HEDGE_DAILY_STATEMENT: {
    read: 'dailyStatement',
    default: false,
    good: { '1': true, '0': false },
    bad: ['2', 'yes', '-1'],
  },
  GRVT_HEDGE_NAME: {
    read: 'name',
    default: 'paper',
    good: { 'pair-1': 'pair-1', 北京_2: '北京_2', ['x'.repeat(32)]: 'x'.repeat(32) },
    bad: ['a b', 'x'.repeat(33), 'a"b', '<b>', 'a\nb', 'a/b'],
  },
  GRVT_HEDGE_TIME_ZONE: {
    read: 'timeZone',
    default: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    good: { 'asia/shanghai': 'Asia/Shanghai', UTC: 'UTC', 'Europe/Berlin': 'Europe/Berlin' },
    bad: ['Beijing', '+08:00', 'UTC+8', 'Mars/Base'],
  },
  GRVT_HEDGE_PAPER_SEED: {
    read: 'paperSeed',
    default: 1,
    good: { '0': 0, '7': 7, '4294967295': 4_294_967_295 },
    bad: ['-1', '4294967296', '1.5', 'seed'],
  },
  GRVT_HEDGE_ORDER_TTL_SEC: {
    read: 'orderTtlMs',
    default: 3_600_000,
    good: { '60': 60_000, '86400': 86_400_000 },
    bad: ['59', '0', '-1', '2592000', 'x'],
  },
  GRVT_HEDGE_RATE_SCALE: {
    read: 'rateScale',
    default: 1,
    good: { '1': 1, '0.5': 0.5, '100': 100 },
    bad: ['0', '0.05', '-1', '101', '1e1', 'x'],
  },
  GRVT_HEDGE_DAILY_REPORT_AT: {
    read: 'dailyReportAtMinutes',
    default: 540,
    good: { '00:00': 0, '23:59': 1439, '09:05': 545 },
    bad: ['9:00', '24:00', '09:60', '0900', '09:00:00', 'noon'],
  },
  GRVT_HEDGE_STREAMS: { read: 'streams', default: true, good: { '0': false, '1': true }, bad: ['on', '-1'] },
  GRVT_HEDGE_DATA_DIR: {
    read: 'dataDir',
    default: `${ROOT}/data`,
    good: { state: `${ROOT}/state`, '/var/state': '/var/state' },
    bad: ['a\0b'],
  },
  GRVT_HEDGE_LOG_DIR: { read: 'logDir', default: `${ROOT}/logs`, good: { '../l': '/l' }, bad: ['a\0b'] },
  GRVT_HEDGE_JOURNAL_DAYS: {
    read: 'journalMs',
    default: 2_592_000_000,
    good: { '1': 86_400_000 },
    bad: ['0', '-1', '3651', 'x'],
  },
  GRVT_HEDGE_HEARTBEAT_URL: {
    read: 'heartbeatUrl',
    default: null,
    good: { 'https://hc.example/ping?x=1': 'https://hc.example/ping?x=1' },
    bad: [
      'ftp://hc.example',
      'hc.example',
      'file:///etc/passwd',
      'https://user:pass@hc.example',
      'http://',
      'javascript:1',
    ],
  },
  GRVT_HEDGE_LANG: { read: 'lang', default: 'en', good: { en: 'en', ZH: 'zh' }, bad: ['de', 'english'] },
  GRVT_HEDGE_HTTP_PORT: {
    read: 'httpPort',
    default: 8787,
    good: { '0': null, '1': 1, '65535': 65_535 },
    bad: ['65536', '-1', '80.5', 'http'],
  },
  GRVT_HEDGE_ROLLOUT: { read: 'rollout', default: false, good: { '1': true, '0': false }, bad: ['2', 'gray'] },
  GRVT_HEDGE_PUBLIC_URL: {
    read: 'publicUrl',
    default: null,
    good: {
      'https://hedge.example.com': 'https://hedge.example.com',
      'https://Hedge.example.com:8443/': 'https://hedge.example.com:8443',
      'http://localhost:9000': 'http://localhost:9000',
      'http://[::1]:9000': 'http://[::1]:9000',
    },
    bad: [
      'http://hedge.example.com',
      'hedge.example.com',
      'https://hedge.example.com/page',
      'https://user:pass@h.example',
    ],
  },
};

/** Variables whose values depend on each other: tested one by one below. */
const TOGETHER = [
  'GRVT_ENV',
  'GRVT_EDGE_URL',
  'GRVT_TRADES_URL',
  'GRVT_MARKET_DATA_URL',
  'GRVT_CHAIN_ID',
  // Tested in network.test.ts.
  'GRVT_HEDGE_ALLOW_HOSTS',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'GRVT_TRADING_API_KEY_1',
  'GRVT_TRADING_PRIVATE_KEY_1',
  'GRVT_TRADING_ACCOUNT_ID_1',
  'GRVT_TRADING_API_KEY_2',
  'GRVT_TRADING_PRIVATE_KEY_2',
  'GRVT_TRADING_ACCOUNT_ID_2',
  'CHAT_ID',
  'API_KEY',
  'TELEGRAM_GATEWAY_URL',
  'GRVT_HEDGE_SYMBOLS_FILE',
  // Tested below, for it is never shown.
  'GRVT_HEDGE_CONTROL_TOKEN',
  'GRVT_HEDGE_JOURNAL_URL',
];

describe('each variable of strategy 2.1', () => {
  it('is tested here', () => {
    assert.deepEqual([...Object.keys(VALUES), ...TOGETHER].sort(), [...VARIABLE_NAMES].sort());
  });

  for (const [name, { read, default: fallback, good, bad }] of Object.entries(VALUES)) {
    it(`${name} has its default when it is unset or empty`, () => {
      for (const env of [{}, { [name]: '' }, { [name]: '  ' }]) assert.deepEqual(settingsOf(load(env))[read], fallback);
    });
    for (const [text, value] of Object.entries(good)) {
      it(`${name} reads ${text}`, () => assert.deepEqual(settingsOf(load({ [name]: text }))[read], value));
    }
    for (const text of bad) {
      it(`${name} refuses ${JSON.stringify(text)}, naming variable, value (or its shape) and what was expected`, () => {
        const errors = errorsOf(load({ [name]: text }));
        assert.equal(errors.length, 1, errors.join('\n'));
        assert.match(errors[0] ?? '', new RegExp(`^${name}: .* is not legal: expected `));
        // All beyond its origin may be a key, and none of these has one.
        if (name === 'GRVT_HEDGE_HEARTBEAT_URL')
          assert.ok(errors[0]?.includes(`(not shown: ${text.length} characters`), errors[0]);
        else if (!text.includes('user:pass'))
          assert.ok(errors[0]?.includes(JSON.stringify(text).slice(0, 60)), errors[0]);
        else assert.ok(!errors[0]?.includes('pass@'), errors[0]);
      });
    }
  }
});

describe('the token of the page (strategy 16.6)', () => {
  const token = 'correct-horse-battery-24';
  const of = (env: Record<string, string>, files = {}) => settingsOf(load(env, files)).controlToken?.reveal() ?? null;

  it('without one there is none', () => assert.equal(of({}), null));
  it('it is read from the environment', () => assert.equal(of({ GRVT_HEDGE_CONTROL_TOKEN: token }), token));
  it('it is read from a file', () =>
    assert.equal(of({ GRVT_HEDGE_CONTROL_TOKEN_FILE: 'token' }, { token: `${token}\n` }), token));
  for (const short of [token.slice(1), 'with a space in the middle of it', 'x']) {
    it(`${short.length} characters ${/ /.test(short) ? 'with a space ' : ''}are refused and not shown`, () => {
      const errors = errorsOf(load({ GRVT_HEDGE_CONTROL_TOKEN: short })).join();
      assert.match(errors, /^GRVT_HEDGE_CONTROL_TOKEN: .*expected 24 to 512/);
      if (short.length > 1) assert.ok(!errors.includes(short));
    });
  }
});

describe("the journal's database (strategy 18)", () => {
  const url = 'postgres://u:p%40ss-word@db.example/grvt?sslmode=verify-full';
  const of = (env: Record<string, string>, files = {}) => settingsOf(load(env, files));

  it('without one the journal is a file, and orders live for an hour', () => {
    const { journalUrl, orderTtlMs } = of({});
    assert.deepEqual([journalUrl, orderTtlMs], [null, 3_600_000]);
  });
  it('it is read from the environment or from a file', () => {
    assert.equal(of({ GRVT_HEDGE_JOURNAL_URL: url }).journalUrl?.reveal(), url);
    assert.equal(of({ GRVT_HEDGE_JOURNAL_URL_FILE: 'db' }, { db: `${url}\n` }).journalUrl?.reveal(), url);
  });
  it('its password is a secret in every spelling, the host is none', () => {
    const redact = createRedactor(secretsIn(of({ GRVT_HEDGE_JOURNAL_URL: url })));
    for (const text of [url, 'p%40ss-word', 'p@ss-word'])
      assert.doesNotMatch(redact(`x ${text} y`), /p@ss|p%40ss/, text);
    assert.equal(redact('postgres://u@db.example/grvt'), 'postgres://u@db.example/grvt');
  });
  for (const bad of [
    'mysql://u:p-w-o-r-d@h/d',
    'postgres://h/d-p-w-o-r-d',
    'postgres://u:p-w-o-r-d@h',
    'postgres://u:p-w-o-r-d@h/d?sslmode=require',
    'postgres://u:p-w-o-r-d@h/d?user=x',
  ])
    it(`${bad} is refused and not shown`, () => {
      const errors = errorsOf(load({ GRVT_HEDGE_JOURNAL_URL: bad })).join();
      assert.match(errors, /^GRVT_HEDGE_JOURNAL_URL: .*expected postgres:/);
      assert.ok(!errors.includes('p-w-o-r-d'), errors);
    });
  it('18.2 with one orders live for 300 s, for 600 s at most', () => {
    const ttl = (text: string) => ({ GRVT_HEDGE_JOURNAL_URL: url, GRVT_HEDGE_ORDER_TTL_SEC: text });
    assert.equal(of(ttl('')).orderTtlMs, 300_000);
    assert.equal(of(ttl('600')).orderTtlMs, 600_000);
    assert.match(errorsOf(load(ttl('601'))).join(), /^GRVT_HEDGE_ORDER_TTL_SEC: "601" is more than 600 s/);
  });
  it('one on another machine whose certificate is not proven is a warning', () => {
    const warnings = (text: string) => {
      const reading = load({ GRVT_HEDGE_JOURNAL_URL: text });
      return reading.ok
        ? reading.warnings.map((why) => reasonText(why)).join()
        : assert.fail(reasonTexts(reading.errors));
    };
    assert.match(
      warnings('postgres://u:p-w-o-r-d@db.example/d'),
      /postgres:\/\/u@db\.example\/d is not on this machine/,
    );
    for (const safe of [url, 'postgres://u:p@127.0.0.1/d', 'postgres://u@localhost/d?host=/run/postgresql'])
      assert.doesNotMatch(warnings(safe), /JOURNAL_URL/);
  });
});

describe('where values come from', () => {
  const dotenv = 'GRVT_HEDGE_PAPER_SEED=7\r\n# comment\r\nGRVT_HEDGE_LANG="zh"\r\n';

  it('.env is read at start', () => assert.equal(settingsOf(load({}, { '.env': dotenv })).paperSeed, 7));
  it('.env with a byte order mark is read', () =>
    assert.equal(settingsOf(load({}, { '.env': `\ufeff${dotenv}` })).paperSeed, 7));
  it('the process environment wins over .env', () => {
    const settings = settingsOf(load({ GRVT_HEDGE_PAPER_SEED: '8' }, { '.env': dotenv }));
    assert.deepEqual([settings.paperSeed, settings.lang], [8, 'zh']);
  });
  it('an empty value in the process environment is unset, so .env counts', () =>
    assert.equal(settingsOf(load({ GRVT_HEDGE_PAPER_SEED: '' }, { '.env': dotenv })).paperSeed, 7));
  it('no .env is no error', () => assert.equal(settingsOf(load({})).mode, 'paper'));
  it('an unreadable .env is an error', () => {
    const errors = errorsOf(load({}, { '.env': Object.assign(new Error('no'), { code: 'EACCES' }) }));
    assert.deepEqual(errors, ['.env: cannot be read (EACCES)']);
  });
  it('a .env that is not UTF-8 is an error', () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('GRVT_ENV=prod', 'utf16le')]);
    assert.match(errorsOf(load({}, { '.env': utf16 }))[0] ?? '', /^\.env: is not UTF-8/);
  });
  it('a line of .env without "=" is an error, since it would be passed over silently', () => {
    const errors = errorsOf(load({}, { '.env': 'GRVT_ENV prod\n\nGRVT_HEDGE_STREAMS: 0\n' }));
    assert.match(errors.join('\n'), /^\.env line 1: "GRVT_ENV" .*\n\.env line 3: "GRVT_HEDGE_STREAMS"/);
  });
});

describe('names that are not settings', () => {
  for (const [name, near] of [
    ['GRVT_HEDGE_STREAM', 'GRVT_HEDGE_STREAMS'],
    ['GRVT_HEDGE_LOOP_INTERVAL', 'GRVT_HEDGE_LOOP_INTERVAL_SEC'],
    ['grvt_hedge_lang', 'GRVT_HEDGE_LANG'],
    ['GRVT_HEDGE_SYMBOL_FILE', 'GRVT_HEDGE_SYMBOLS_FILE'],
  ] as const) {
    it(`${name} is an error that suggests ${near}`, () =>
      assert.deepEqual(errorsOf(load({ [name]: '1' })), [`${name}: no such setting; did you mean ${near}?`]));
  }
  it('one that resembles nothing is an error with the nearest name all the same', () =>
    assert.match(
      errorsOf(load({ GRVT_HEDGE_X: '1' })).join(),
      /^GRVT_HEDGE_X: no such setting; the nearest is GRVT_HEDGE_\w+$/,
    ));
  for (const [given, scale] of [
    ['10', '1'],
    ['25', '2.5'],
    ['1', '0.1'],
    ['1000', '100'],
  ] as const) {
    it(`the previous rate of ${given} a second is the factor ${scale}, with a warning`, () => {
      const result = load({ GRVT_HEDGE_REQUESTS_PER_SEC: given });
      assert.ok(result.ok);
      assert.equal(String(result.settings.rateScale), scale);
      assert.match(
        result.warnings.map((why) => reasonText(why)).join(),
        new RegExp(`read as GRVT_HEDGE_RATE_SCALE=${scale};`),
      );
    });
  }
  it('the previous rate is ignored beside the factor, and refused where it is no rate', () => {
    const both = load({ GRVT_HEDGE_REQUESTS_PER_SEC: '20', GRVT_HEDGE_RATE_SCALE: '3' });
    assert.ok(both.ok);
    assert.equal(String(both.settings.rateScale), '3');
    assert.match(both.warnings.map((why) => reasonText(why)).join(), /ignored beside GRVT_HEDGE_RATE_SCALE/);
    assert.match(errorsOf(load({ GRVT_HEDGE_REQUESTS_PER_SEC: 'many' })).join(), /no such setting/);
  });
  it('an empty one is unset', () => assert.ok(load({ GRVT_HEDGE_X: '' }).ok));
  it('settings of other programs are left alone, a likely slip is warned of', () => {
    const result = load({ GRVT_BALANCE_POLL_SECONDS: '5', GRVT_TRADING_API_KEY1: 'abc', PATH: '/bin' });
    assert.deepEqual(result.ok && result.warnings.map((why) => reasonText(why)), [
      'GRVT_TRADING_API_KEY1: not a setting of this program, so it is ignored; did you mean GRVT_TRADING_API_KEY_1?',
    ]);
  });
});

describe('which exchange', () => {
  it('the pair is named by the last four digits of its accounts, or by GRVT_HEDGE_NAME', () => {
    assert.equal(settingsOf(load(REAL)).name, '2468-4782');
    assert.equal(labelOf(settingsOf(load(REAL))), 'grvt-hedge testnet 2468-4782');
    assert.equal(labelOf(settingsOf(load({ ...REAL, GRVT_HEDGE_NAME: 'north' }))), 'grvt-hedge testnet north');
    assert.equal(labelOf(settingsOf(load({}))), 'grvt-hedge paper');
  });
  it('is paper on a fresh machine, with the example symbols and without keys', () => {
    const { mode, chainId, hosts, accounts, telegram, symbolsFile } = settingsOf(load({}));
    assert.deepEqual(
      { mode, chainId, hosts, accounts, telegram, symbolsFile },
      {
        mode: 'paper',
        chainId: 326,
        hosts: null,
        accounts: null,
        telegram: null,
        symbolsFile: `${ROOT}/config/hedge_symbols.example.json`,
      },
    );
  });
  for (const [mode, chainId, trades] of [
    ['prod', 325, 'https://trades.grvt.io'],
    ['testnet', 326, 'https://trades.testnet.grvt.io'],
    ['staging', 327, 'https://trades.staging.gravitymarkets.io'],
    ['dev', 327, 'https://trades.dev.gravitymarkets.io'],
  ] as const) {
    it(`${mode} is ${trades}, chain id ${chainId}`, () => {
      const settings = settingsOf(load({ ...REAL, GRVT_ENV: mode }));
      assert.deepEqual([settings.chainId, settings.hosts?.tradesUrl], [chainId, trades]);
      assert.deepEqual(settings.hosts, EXCHANGES[mode].hosts);
    });
  }
  for (const [text, near] of [
    ['production', 'prod'],
    ['mainnet', 'prod'],
    ['test', 'testnet'],
    ['stagin', 'staging'],
  ] as const) {
    it(`GRVT_ENV=${text} is an error that suggests ${near}`, () =>
      assert.match(
        errorsOf(load({ GRVT_ENV: text }))[0] ?? '',
        new RegExp(`^GRVT_ENV: "${text}" .*did you mean ${near}\\?`),
      ));
  }
  for (const cause of ['GRVT_TRADING_API_KEY_1', 'GRVT_TRADING_ACCOUNT_ID_2'] as const) {
    it(`GRVT_ENV must be set once ${cause} is given`, () => {
      const errors = errorsOf(load({ [cause]: REAL[cause] }));
      assert.match(
        errors[0] ?? '',
        new RegExp(`^GRVT_ENV: missing, but ${cause} is given: expected one of paper, testnet`),
      );
      assert.ok(
        errors.some((error) => error.startsWith('GRVT_TRADING_PRIVATE_KEY_1')),
        'the rest is asked for as well',
      );
    });
  }
  it('GRVT_ENV must be set once a key file is given', () =>
    assert.match(errorsOf(load({ GRVT_TRADING_API_KEY_1_FILE: 'nowhere' })).join('\n'), /GRVT_ENV: missing/));
  it('GRVT_ENV must be set once a host is given', () =>
    assert.match(errorsOf(load({ GRVT_EDGE_URL: 'http://127.0.0.1:1' }))[0] ?? '', /^GRVT_ENV: missing/));
  it('paper that is set explicitly leaves keys and hosts unused, with a warning', () => {
    const result = load({ ...REAL, GRVT_ENV: 'paper', GRVT_EDGE_URL: 'http://127.0.0.1:1' });
    assert.deepEqual([settingsOf(result).accounts, settingsOf(result).hosts], [null, null]);
    assert.equal(result.ok && result.warnings.length, 2);
  });

  const loopback = {
    GRVT_EDGE_URL: 'http://127.0.0.1:8700/',
    GRVT_TRADES_URL: 'http://localhost:8701',
    GRVT_MARKET_DATA_URL: 'http://[::1]:8702',
  };
  it('hosts and chain id can be overridden; a trailing slash is dropped', () => {
    const result = load({ ...REAL, GRVT_ENV: 'dev', ...loopback, GRVT_CHAIN_ID: '31337' });
    const { hosts, chainId } = settingsOf(result);
    assert.deepEqual(hosts, {
      edgeUrl: 'http://127.0.0.1:8700',
      tradesUrl: 'http://localhost:8701',
      marketDataUrl: 'http://[::1]:8702',
    });
    assert.equal(chainId, 31337);
    assert.deepEqual(result.ok && result.warnings, []);
  });
  for (const bad of [
    'ftp://x',
    'trades.grvt.io',
    'https://trades.grvt.io/full',
    'https://trades.grvt.io?x',
    'https://',
    'wss://trades.grvt.io',
  ]) {
    it(`a host ${bad} is refused`, () =>
      assert.match(
        errorsOf(load({ ...REAL, GRVT_TRADES_URL: bad }))[0] ?? '',
        /^GRVT_TRADES_URL: .* expected an http/,
      ));
  }
  for (const bad of ['0', '-1', 'x', '326.5', '0x146', '1e3', '9'.repeat(16)]) {
    it(`a chain id ${bad} is refused`, () =>
      assert.match(
        errorsOf(load({ ...REAL, GRVT_CHAIN_ID: bad }))[0] ?? '',
        /^GRVT_CHAIN_ID: ".*" is not legal: expected/,
      ));
  }
  for (const [mode, id] of [
    ['prod', '326'],
    ['testnet', '325'],
    ['staging', '328'],
    ['paper', '325'],
  ] as const) {
    it(`chain id ${id} does not fit ${mode}`, () =>
      assert.match(
        errorsOf(load({ ...REAL, GRVT_ENV: mode, GRVT_CHAIN_ID: id })).join(),
        /^GRVT_CHAIN_ID: .* does not fit/,
      ));
  }
  it("another environment's host does not fit", () => {
    const errors = errorsOf(load({ ...REAL, GRVT_TRADES_URL: 'https://trades.grvt.io' }));
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /^GRVT_TRADES_URL: "https:\/\/trades.grvt.io" is prod, which signs for chain id 325/);
  });
});

describe('keys', () => {
  it('are read for both accounts', () => {
    const { accounts, telegram } = settingsOf(load(REAL));
    assert.deepEqual(
      [accounts?.A.apiKey.reveal(), accounts?.A.privateKey.reveal(), accounts?.A.accountId],
      [REAL.GRVT_TRADING_API_KEY_1, KEY_A, REAL.GRVT_TRADING_ACCOUNT_ID_1],
    );
    assert.deepEqual(
      [accounts?.B.apiKey.reveal(), accounts?.B.privateKey.reveal(), accounts?.B.accountId],
      [REAL.GRVT_TRADING_API_KEY_2, KEY_B, REAL.GRVT_TRADING_ACCOUNT_ID_2],
    );
    assert.equal(telegram?.apiKey.reveal(), REAL.API_KEY);
    assert.deepEqual([telegram?.chatId, telegram?.gatewayUrl], [REAL.CHAT_ID, 'http://localhost:3000/send-message']);
  });

  for (const name of Object.keys(REAL).filter((key) => key !== 'GRVT_ENV')) {
    it(`${name} missing is an error unless paper`, () => {
      const errors = errorsOf(load({ ...REAL, [name]: '' }));
      assert.equal(errors.length, 1);
      assert.ok(
        errors[0]?.startsWith(name) && /missing, and required unless GRVT_ENV=paper/.test(errors[0]),
        errors[0],
      );
    });
  }
  it('all missing ones are reported at once', () => assert.equal(errorsOf(load({ GRVT_ENV: 'prod' })).length, 9));
  it('a command that only reads needs none', () => assert.ok(load({ GRVT_ENV: 'prod' }, {}, 'look').ok));
  it('a command that only reads still refuses what is malformed', () =>
    assert.ok(!load({ GRVT_ENV: 'prod', GRVT_TRADING_PRIVATE_KEY_1: 'x' }, {}, 'look').ok));

  const malformed: [string, Record<string, string>, RegExp][] = [
    [
      'a private key without 0x',
      { GRVT_TRADING_PRIVATE_KEY_1: KEY_A.slice(2) },
      /^GRVT_TRADING_PRIVATE_KEY_1: .*64 characters, all hex digits, no 0x/,
    ],
    [
      'a private key too short',
      { GRVT_TRADING_PRIVATE_KEY_2: KEY_B.slice(0, -1) },
      /^GRVT_TRADING_PRIVATE_KEY_2: .*0x and 63 hex digits/,
    ],
    [
      'a private key too long',
      { GRVT_TRADING_PRIVATE_KEY_2: `${KEY_B}0` },
      /^GRVT_TRADING_PRIVATE_KEY_2: .*0x and 65 hex digits/,
    ],
    ['a private key of zero', { GRVT_TRADING_PRIVATE_KEY_1: `0x${'0'.repeat(64)}` }, /^GRVT_TRADING_PRIVATE_KEY_1: /],
    [
      'a private key above the curve',
      { GRVT_TRADING_PRIVATE_KEY_1: `0x${'f'.repeat(64)}` },
      /^GRVT_TRADING_PRIVATE_KEY_1: /,
    ],
    [
      'an account id that is no number',
      { GRVT_TRADING_ACCOUNT_ID_1: '0xabc' },
      /^GRVT_TRADING_ACCOUNT_ID_1: .*expected the trading account id/,
    ],
    [
      'an account id above 2^64-1',
      { GRVT_TRADING_ACCOUNT_ID_1: '18446744073709551616' },
      /^GRVT_TRADING_ACCOUNT_ID_1: /,
    ],
    ['an account id of zero', { GRVT_TRADING_ACCOUNT_ID_2: '0' }, /^GRVT_TRADING_ACCOUNT_ID_2: /],
    [
      'an API key with a space',
      { GRVT_TRADING_API_KEY_1: 'secret part two' },
      /^GRVT_TRADING_API_KEY_1: .*with white space in it/,
    ],
    ['an API key that is not ASCII', { API_KEY: 'schlüssel' }, /^API_KEY: .*not printable ASCII/],
    [
      'a private key in the API key',
      { GRVT_TRADING_API_KEY_1: KEY_A.replace('4f', '5f') },
      /^GRVT_TRADING_API_KEY_1: .*swapped with GRVT_TRADING_PRIVATE_KEY_1/,
    ],
    ['a chat id with a space', { CHAT_ID: 'my chat' }, /^CHAT_ID: "my chat" is not legal/],
    [
      'a gateway that is no URL',
      { TELEGRAM_GATEWAY_URL: 'localhost' },
      /^TELEGRAM_GATEWAY_URL: the value given \(not shown: 9 characters, letters, digits and signs\) is not legal/,
    ],
    [
      'one account id twice',
      { GRVT_TRADING_ACCOUNT_ID_2: String(REAL.GRVT_TRADING_ACCOUNT_ID_1) },
      /^GRVT_TRADING_ACCOUNT_ID_2: is the same as GRVT_TRADING_ACCOUNT_ID_1/,
    ],
    [
      'one API key twice',
      { GRVT_TRADING_API_KEY_2: String(REAL.GRVT_TRADING_API_KEY_1) },
      /^GRVT_TRADING_API_KEY_2: is the same/,
    ],
    [
      'one private key twice',
      { GRVT_TRADING_PRIVATE_KEY_2: KEY_A.toUpperCase().replace('0X', '0x') },
      /^GRVT_TRADING_PRIVATE_KEY_2: is the same/,
    ],
    [
      'a trading key as gateway key',
      { API_KEY: String(REAL.GRVT_TRADING_API_KEY_2) },
      /^API_KEY: is the same as GRVT_TRADING_API_KEY_2/,
    ],
  ];
  for (const [what, change, expected] of malformed) {
    it(`${what} is one error`, () => {
      const errors = errorsOf(load({ ...REAL, ...change }));
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', expected);
    });
  }

  const { GRVT_TRADING_API_KEY_1: apiKey = '', GRVT_TRADING_ACCOUNT_ID_1: id = '' } = REAL;
  const swaps: [string, Record<string, string>, string[]][] = [
    [
      'API key and private key',
      { GRVT_TRADING_API_KEY_1: KEY_A, GRVT_TRADING_PRIVATE_KEY_1: apiKey },
      ['API_KEY_1', 'PRIVATE_KEY_1'],
    ],
    [
      'private key and account id',
      { GRVT_TRADING_PRIVATE_KEY_1: id, GRVT_TRADING_ACCOUNT_ID_1: KEY_A },
      ['PRIVATE_KEY_1', 'ACCOUNT_ID_1'],
    ],
    [
      'API key and account id',
      { GRVT_TRADING_API_KEY_1: id, GRVT_TRADING_ACCOUNT_ID_1: apiKey },
      ['API_KEY_1', 'ACCOUNT_ID_1'],
    ],
  ];
  for (const [what, change, names] of swaps) {
    it(`${what} swapped is reported on both`, () => {
      const errors = errorsOf(load({ ...REAL, ...change }));
      assert.equal(errors.length, 2, errors.join('\n'));
      const [first, second] = names.map((name) => `GRVT_TRADING_${name}`);
      for (const [mine, other] of [
        [first, second],
        [second, first],
      ]) {
        const error = errors.find((text) => text.startsWith(`${mine}:`));
        assert.ok(error?.endsWith(`swapped with ${other}`), error);
      }
    });
  }

  const token = 'f3c9a1d2-check-token';
  const addresses: readonly (readonly [what: string, value: string, said: RegExp])[] = [
    [
      'a space in its path',
      `https://hc-ping.com/${token} `.padEnd(60, 'x'),
      /"https:\/\/hc-ping\.com" and more \(not shown: 60 /,
    ],
    ['a space in its query', `https://hc-ping.com?key= ${token}`, /"https:\/\/hc-ping\.com" and more \(not shown: /],
    ['no scheme', `hc-ping.com/${token}`, /the value given \(not shown: 32 characters, letters, digits and signs\)/],
    ['another scheme', `htps://hc-ping.com/${token}`, /the value given \(not shown: /],
    ['no host', `https:///${token} x`, /the value given \(not shown: /],
    ['a password', `https://user:${token}@hc-ping.com/`, /the value given \(not shown: /],
    [
      'a password with a slash',
      `https://user:1/${token}@hc-ping.com/ `.padEnd(60, 'x'),
      /the value given \(not shown: /,
    ],
  ];
  for (const name of ['GRVT_HEDGE_HEARTBEAT_URL', 'TELEGRAM_GATEWAY_URL']) {
    for (const [what, value, said] of addresses) {
      it(`${name} with ${what} is shown by its origin at most: the rest may be a key`, () => {
        const errors = errorsOf(load({ ...REAL, [name]: value }));
        assert.equal(errors.length, 1);
        assert.match(errors[0] ?? '', said);
        assert.ok(!errors[0]?.includes(token), errors[0]);
      });
    }
  }

  it('no message ever holds a key, wherever it was put', () => {
    const secrets = [KEY_A, KEY_B, apiKey, String(REAL.GRVT_TRADING_API_KEY_2), String(REAL.API_KEY)];
    for (const name of VARIABLE_NAMES) {
      const result = load({ ...REAL, [name]: KEY_A });
      const message = JSON.stringify(result.ok ? result.warnings : result.errors);
      for (const secret of secrets) assert.ok(!message.includes(secret.replace('0x', '')), `${name}: ${message}`);
    }
    for (const name of ['GRVT_TRADING_PRIVATE_KEY_1', 'GRVT_TRADING_ACCOUNT_ID_1', 'GRVT_TRADING_PRIVATE_KEY_2']) {
      assert.ok(!JSON.stringify(load({ ...REAL, [name]: apiKey })).includes(apiKey), name);
    }
  });
});

describe('keys in files', () => {
  const fileEnv = { ...REAL, GRVT_TRADING_PRIVATE_KEY_1: '', GRVT_TRADING_PRIVATE_KEY_1_FILE: 'secrets/a' };

  for (const name of Object.keys(REAL).filter((key) => key.startsWith('GRVT_TRADING') || key === 'API_KEY')) {
    it(`${name}_FILE names a file that holds it`, () => {
      const result = load(
        { ...REAL, [name]: '', [`${name}_FILE`]: 'secrets/x' },
        { 'secrets/x': ` ${REAL[name]}\r\n` },
      );
      const { accounts, telegram } = settingsOf(result);
      const texts = [accounts?.A, accounts?.B].flatMap((account) => [
        account?.apiKey.reveal(),
        account?.privateKey.reveal(),
        account?.accountId,
      ]);
      assert.ok([...texts, telegram?.apiKey.reveal()].includes(REAL[name]));
    });
  }
  const problems: [string, string | Uint8Array | Error | undefined, RegExp][] = [
    ['does not exist', undefined, /"secrets\/a" does not exist/],
    ['is empty', ' \n', /is empty/],
    ['is a directory', Object.assign(new Error('x'), { code: 'EISDIR' }), /cannot be read \(EISDIR\)/],
    ['is not text', new Uint8Array([0xff, 0xfe, 0x00]), /is not UTF-8/],
    ['is too large', 'x'.repeat(5000), /is too large/],
  ];
  for (const [what, content, expected] of problems) {
    it(`a file that ${what} is one error`, () => {
      const errors = errorsOf(load(fileEnv, content === undefined ? {} : { 'secrets/a': content }));
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', expected);
      assert.match(errors[0] ?? '', /^GRVT_TRADING_PRIVATE_KEY_1_FILE: /);
    });
  }
  it('a malformed key in a file is not printed', () => {
    const errors = errorsOf(load(fileEnv, { 'secrets/a': 'sesame-open' }));
    assert.ok(errors.length === 1 && !errors[0]?.includes('sesame'));
  });
  it('a key given both ways is an error', () => {
    const errors = errorsOf(load({ ...fileEnv, GRVT_TRADING_PRIVATE_KEY_1: KEY_A }, { 'secrets/a': KEY_A }));
    assert.match(errors[0] ?? '', /given together with GRVT_TRADING_PRIVATE_KEY_1/);
  });
});

describe('the settings object', () => {
  it('shows no secret when printed, inspected or put into JSON', () => {
    const settings = settingsOf(load(REAL));
    const texts = [
      JSON.stringify(settings),
      inspect(settings, { depth: 9, showHidden: true }),
      `${settings.accounts?.A.apiKey}`,
      String(settings.telegram?.apiKey),
    ];
    for (const text of texts) {
      for (const secret of [KEY_A, KEY_B, REAL.GRVT_TRADING_API_KEY_1, REAL.GRVT_TRADING_API_KEY_2, REAL.API_KEY]) {
        assert.ok(!text.includes(String(secret)), text);
      }
      assert.ok(text.includes('[secret]'));
    }
  });
  it('is frozen all the way down', () => {
    const settings = settingsOf(load(REAL));
    for (const part of [
      settings,
      settings.accounts,
      settings.accounts?.A,
      settings.hosts,
      settings.telegram,
      settings.symbols,
      settings.symbols[0],
    ]) {
      assert.ok(Object.isFrozen(part));
    }
  });
  it('reports mistakes of environment and symbols file at once', () => {
    const errors = errorsOf(
      load({ GRVT_HEDGE_ORDERBOOK_DEPTH: '7', GRVT_HEDGE_LANG: 'xx' }, { 'config/hedge_symbols.example.json': '[]' }),
    );
    assert.equal(errors.length, 3);
  });
  it('a warning is a value, reported in either language', () => {
    const result = load({ GRVT_HEDGE_ORDER_TTL_SEC: '600' });
    const [why] = settingsOf(result) && result.ok ? result.warnings : [];
    assert.equal(why?.code, 'orders-end-early');
    assert.match(why === undefined ? '' : reasonText(why, 'zh'), /订单在 600 秒后到期/);
  });
  it('warns when orders expire before a partial fill has waited', () => {
    const result = load({ GRVT_HEDGE_ORDER_TTL_SEC: '600' });
    assert.match(
      (result.ok && result.warnings[0] && reasonText(result.warnings[0])) || '',
      /^GRVT_HEDGE_ORDER_TTL_SEC: orders expire after 600 s/,
    );
  });
});

describe('2.1 another file than .env', () => {
  const from = (envFile: string, files: Readonly<Record<string, string>> = {}) =>
    loadSettings({ env: {}, root: ROOT, envFile, readFile: disk({ ...SYMBOLS_FILES, ...files }), purpose: 'look' });

  it('is read instead of it, by its path or relative to the root', () => {
    const files = { '.env': 'GRVT_HEDGE_NAME=default', 'pairs/one.env': 'GRVT_HEDGE_NAME=one' };
    assert.equal(settingsOf(from('pairs/one.env', files)).name, 'one');
    assert.equal(settingsOf(from(`${ROOT}/pairs/one.env`, files)).name, 'one');
  });

  it('must be there, unlike .env, and is named in each error', () => {
    assert.deepEqual(errorsOf(from('pairs/none.env')), ['pairs/none.env: cannot be read (ENOENT)']);
    assert.match(errorsOf(from('a.env', { 'a.env': 'GRVT_HEDGE_NAME' })).join(), /^a\.env line 1: /);
  });
});
