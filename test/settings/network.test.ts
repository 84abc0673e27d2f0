import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback, type ProxySettings, proxyOf, shownProxy } from '../../src/settings/index.ts';
import { reasonText, reasonTexts } from '../../src/texts/reasons.ts';
import { errorsOf, load, REAL, settingsOf } from './support.ts';

const warningsOf = (env: Readonly<Record<string, string>>) => {
  const result = load(env);
  if (!result.ok) throw new Error(reasonTexts(result.errors));
  return result.warnings.map((why) => reasonText(why)).join('\n');
};

describe('2.1 loopback is what names this machine literally', () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '127.255.255.254',
    '0x7f000001',
    '2130706433',
    'localhost',
    'LOCALHOST',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '127.0.0.1.',
  ]) {
    it(`${host} is loopback`, () => assert.equal(isLoopback(`http://${host}:8700`), true));
  }
  for (const host of [
    '127.evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil',
    'evil.localhost',
    'localhost.',
    'xlocalhost',
    '0.0.0.0',
    '[::]',
    '128.0.0.1',
    '[::ffff:10.0.0.1]',
    '[::127.0.0.1]',
    'user@evil.example',
    '127.0.0.1@evil.example',
    'localhost:80@evil.example',
  ]) {
    it(`${host} is not`, () => assert.equal(isLoopback(`http://${host}`), false));
  }
});

describe('2.1 keys go encrypted, and to the exchange itself', () => {
  const HOSTS = ['GRVT_EDGE_URL', 'GRVT_TRADES_URL', 'GRVT_MARKET_DATA_URL'] as const;
  for (const mode of ['prod', 'testnet'] as const) {
    for (const name of HOSTS) {
      for (const url of [
        'http://10.0.0.5:8700',
        'http://127.evil.example',
        'http://localhost.evil',
        'http://0.0.0.0',
      ]) {
        it(`${mode}: ${name}=${url} is refused in one error`, () => {
          const allowed = new URL(url).hostname;
          for (const more of [{}, { GRVT_HEDGE_ALLOW_HOSTS: allowed }] as Record<string, string>[]) {
            const errors = errorsOf(load({ ...REAL, GRVT_ENV: mode, [name]: url, ...more }));
            assert.equal(errors.length, 1, errors.join('\n'));
            assert.match(errors[0] ?? '', new RegExp(`^${name}: "${url}" is not encrypted .* expected https://`));
          }
        });
      }
      it(`${mode}: ${name} of another host is refused in one error, unless it is allowed`, () => {
        const env = { ...REAL, GRVT_ENV: mode, [name]: 'https://Relay.Example:8443/' };
        const errors = errorsOf(load(env));
        assert.equal(errors.length, 1, errors.join('\n'));
        assert.match(errors[0] ?? '', new RegExp(`^${name}: "https://relay.example:8443" is not ${mode}'s own host`));
        for (const allowed of ['relay.example', 'other.example, RELAY.example:8443']) {
          assert.ok(load({ ...env, GRVT_HEDGE_ALLOW_HOSTS: allowed }).ok, allowed);
        }
        for (const other of ['example', 'relay.example:8444', 'evil.relay.example', 'relay.example.evil']) {
          assert.ok(!load({ ...env, GRVT_HEDGE_ALLOW_HOSTS: other }).ok, other);
        }
      });
    }
    for (const [name, url] of [
      ['GRVT_EDGE_URL', 'https://edge.grvt.io.evil.example'],
      ['GRVT_TRADES_URL', 'https://trades.grvt.io.'],
      ['GRVT_TRADES_URL', 'https://trades.grvt.io:8443'],
      ['GRVT_EDGE_URL', 'https://trades.grvt.io'],
    ] as const) {
      it(`${mode}: ${name}=${url} is not its own host`, () =>
        assert.equal(errorsOf(load({ ...REAL, GRVT_ENV: mode, [name]: url })).length, 1));
    }
    it(`${mode}: hosts on this machine may stand in, with a warning`, () => {
      const warnings = warningsOf({ ...REAL, GRVT_ENV: mode, GRVT_EDGE_URL: 'http://127.1:8700' });
      assert.match(
        warnings,
        /^GRVT_EDGE_URL: http:\/\/127\.0\.0\.1:8700 on this machine stands in for https:\/\/edge\./,
      );
    });
    it(`${mode}: its own hosts may be written out`, () => {
      const domain = mode === 'prod' ? 'grvt.io' : 'testnet.grvt.io';
      assert.equal(warningsOf({ ...REAL, GRVT_ENV: mode, GRVT_EDGE_URL: `https://EDGE.${domain}:443/` }), '');
    });
    it(`${mode}: NODE_TLS_REJECT_UNAUTHORIZED=0 is refused in one error`, () => {
      const errors = errorsOf(load({ ...REAL, GRVT_ENV: mode, NODE_TLS_REJECT_UNAUTHORIZED: '0' }));
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', /^NODE_TLS_REJECT_UNAUTHORIZED: "0" accepts every certificate.*expected it unset/);
      assert.ok(load({ ...REAL, GRVT_ENV: mode, NODE_TLS_REJECT_UNAUTHORIZED: '1' }).ok);
    });
  }
  it('elsewhere unproven certificates and http to another machine are warned of', () => {
    const warnings = warningsOf({
      ...REAL,
      GRVT_ENV: 'dev',
      GRVT_EDGE_URL: 'http://10.0.0.5:8700',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    });
    assert.match(warnings, /GRVT_EDGE_URL: .* not encrypted/);
    assert.match(warnings, /NODE_TLS_REJECT_UNAUTHORIZED/);
  });
  it('http to a gateway or a dead-man switch on another machine is warned of, by its origin', () => {
    const env = {
      ...REAL,
      TELEGRAM_GATEWAY_URL: 'http://10.0.0.6:3000/bot-secret',
      GRVT_HEDGE_HEARTBEAT_URL: 'http://hc.example/uuid',
    };
    const warnings = warningsOf(env);
    assert.match(warnings, /TELEGRAM_GATEWAY_URL: http:\/\/10\.0\.0\.6:3000 is not encrypted/);
    assert.match(warnings, /GRVT_HEDGE_HEARTBEAT_URL: http:\/\/hc\.example is not encrypted/);
    assert.doesNotMatch(warnings, /bot-secret|uuid/);
  });
  for (const bad of [
    'https://relay.example',
    '*.example',
    'a b',
    'relay.example/',
    'relay.example,,x',
    '-x',
    'x:99999',
    'u@x',
  ]) {
    it(`GRVT_HEDGE_ALLOW_HOSTS=${bad} is refused`, () =>
      assert.match(
        errorsOf(load({ GRVT_HEDGE_ALLOW_HOSTS: bad }))[0] ?? '',
        /^GRVT_HEDGE_ALLOW_HOSTS: .* expected host names/,
      ));
  }
});

describe('2.1 proxies', () => {
  const proxied = (env: Readonly<Record<string, string>>, url: string) => {
    const proxy = proxyOf(url, settingsOf(load({ ...REAL, ...env })).proxy);
    return proxy === null ? null : shownProxy(proxy);
  };
  const EDGE = 'https://edge.testnet.grvt.io';
  const P = 'http://proxy.corp:3128';

  it('HTTPS_PROXY is for https, HTTP_PROXY for http; nothing is the default', () => {
    assert.equal(proxied({}, EDGE), null);
    assert.equal(proxied({ HTTPS_PROXY: P }, EDGE), P);
    assert.equal(proxied({ HTTPS_PROXY: P }, 'http://gateway.corp/x'), null);
    assert.equal(proxied({ HTTP_PROXY: P }, 'http://gateway.corp/x'), P);
    assert.equal(proxied({ HTTP_PROXY: P }, EDGE), null);
  });
  it('lower case is read too, and wins within one source', () => {
    assert.equal(proxied({ https_proxy: P }, EDGE), P);
    assert.equal(proxied({ https_proxy: P, HTTPS_PROXY: 'http://other:1' }, EDGE), P);
    assert.equal(proxied({ HTTPS_PROXY: P, no_proxy: '.grvt.io' }, EDGE), null);
  });
  it('the process environment wins over .env, whatever the case', () => {
    const settings = settingsOf(load({ ...REAL, HTTPS_PROXY: P }, { '.env': 'https_proxy=http://other:1' }));
    assert.equal(proxyOf(EDGE, settings.proxy)?.reveal(), P);
  });
  it('without a scheme it is an http proxy', () => assert.equal(proxied({ HTTPS_PROXY: 'proxy.corp:3128' }, EDGE), P));
  it('loopback never goes through one', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      assert.equal(proxied({ HTTP_PROXY: P, HTTPS_PROXY: P }, `http://${host}:3000/x`), null);
      assert.equal(proxied({ HTTP_PROXY: P, HTTPS_PROXY: P }, `https://${host}:3000/x`), null);
    }
  });
  for (const [direct, url, isDirect] of [
    ['*', EDGE, true],
    ['grvt.io', EDGE, true],
    ['.grvt.io', EDGE, true],
    ['*.grvt.io', EDGE, true],
    ['edge.testnet.grvt.io', EDGE, true],
    ['EDGE.testnet.GRVT.io', EDGE, true],
    ['x.example, grvt.io', EDGE, true],
    ['x.example grvt.io', EDGE, true],
    ['grvt.io:443', EDGE, true],
    ['grvt.io:444', EDGE, false],
    ['vt.io', EDGE, false],
    ['trades.testnet.grvt.io', EDGE, false],
    ['localhost,127.0.0.1', EDGE, false],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['10.1.2.3', 'https://10.1.2.3:8443', true],
    ['1.2.3', 'https://10.1.2.3', false],
    ['fd00::1', 'https://[fd00::1]', true],
    ['[fd00::1]:443', 'https://[fd00::1]', true],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['(', EDGE, false],
  ] as const) {
    it(`NO_PROXY=${direct} leaves ${url} ${isDirect ? 'direct' : 'to the proxy'}`, () =>
      assert.equal(proxied({ HTTPS_PROXY: P, NO_PROXY: direct }, url), isDirect ? null : P));
  }
  for (const bad of [
    'socks5://127.0.0.1:1080',
    'http://',
    'http://proxy.corp:99999',
    'http://proxy.corp:0',
    'http://proxy.corp/path',
    'http://us er@proxy',
    'http://u:50%@proxy.corp:3128',
    'ftp://proxy',
  ]) {
    for (const name of ['HTTPS_PROXY', 'http_proxy']) {
      it(`${name}=${bad} cannot be used: an error without what may be a password`, () => {
        const errors = errorsOf(load({ ...REAL, [name]: bad }));
        assert.equal(errors.length, 1);
        assert.match(
          errors[0] ?? '',
          new RegExp(`^${name.toUpperCase()}: .* is not legal: expected an http:// or https://`),
        );
        assert.doesNotMatch(errors[0] ?? '', /50%/);
      });
    }
  }
  it('the embedded exchange starts whatever proxy the machine has, unless messages would go through it', () => {
    const socks = { HTTPS_PROXY: 'socks5://127.0.0.1:1080' };
    assert.ok(load(socks).ok);
    assert.ok(!load({ ...socks, GRVT_HEDGE_HEARTBEAT_URL: 'https://hc.example/x' }).ok);
  });
  it('user and password are in nothing that is printed', () => {
    const { proxy } = settingsOf(load({ ...REAL, HTTPS_PROXY: 'http://hugo:geheim@proxy.corp:3128' }));
    assert.equal(shownProxy((proxy as ProxySettings).https as never), P);
    assert.doesNotMatch(JSON.stringify(proxy), /hugo|geheim/);
  });
  it('ALL_PROXY alone is warned of', () => {
    assert.match(warningsOf({ ...REAL, ALL_PROXY: 'socks5://127.0.0.1:1' }), /ALL_PROXY: not used/);
    assert.equal(warningsOf({ ALL_PROXY: 'socks5://127.0.0.1:1' }), '');
  });
});
