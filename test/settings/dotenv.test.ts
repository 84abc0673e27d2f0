import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readDotenv } from '../../src/settings/dotenv.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { errorsOf, load, REAL, settingsOf } from './support.ts';

const read = (text: string) => {
  const { values, errors } = readDotenv(text, (name) => name.startsWith('GRVT_'));
  return { values, errors: errors.map((why) => reasonText(why)) };
};
const valueIn = (line: string) => {
  const { values, errors } = read(`\n${line}`);
  assert.deepEqual(errors, []);
  return values.GRVT_X;
};

describe('2.1 lines of .env that every program reads alike', () => {
  for (const [line, value] of [
    ['GRVT_X=abc', 'abc'],
    ['  GRVT_X=abc  ', 'abc'],
    ['GRVT_X = abc', 'abc'],
    ['GRVT_X\t=\tabc', 'abc'],
    ['export GRVT_X=abc', 'abc'],
    ['export  GRVT_X = "abc"', 'abc'],
    ['GRVT_X=', ''],
    ['GRVT_X=""', ''],
    ['GRVT_X= # nothing', ''],
    ['GRVT_X=abc # a comment', 'abc'],
    ['GRVT_X=abc\t#a comment with "quotes" and $HOME', 'abc'],
    ['GRVT_X="abc" # a comment', 'abc'],
    ["GRVT_X='abc' # it's a comment", 'abc'],
    ['GRVT_X="key#one"', 'key#one'],
    ["GRVT_X='key #one'", 'key #one'],
    ['GRVT_X="it\'s"', "it's"],
    ['GRVT_X=\'say "x"\'', 'say "x"'],
    ["GRVT_X='C:\\new'", 'C:\\new'],
    ['GRVT_X=C:\\new\\table', 'C:\\new\\table'],
    ["GRVT_X='$HOME'", '$HOME'],
    ['GRVT_X=5$', '5$'],
    ['GRVT_X=a=b', 'a=b'],
    ['GRVT_X=a b', 'a b'],
    ['GRVT_X=https://hc.example/x?y=1&z=2', 'https://hc.example/x?y=1&z=2'],
    ['GRVT_X="  spaces  "', '  spaces  '],
    ['GRVT_X=密钥', '密钥'],
  ] as const) {
    it(JSON.stringify(line), () => assert.equal(valueIn(line), value));
  }
  it('comments, empty lines, CRLF, a byte order mark, and no end of line', () => {
    const text = '\ufeffGRVT_A=1\r\n\r\n# GRVT_A=2\r\n   # x\r\nGRVT_B="2"\r\nGRVT_C=3';
    assert.deepEqual(read(text), { values: { GRVT_A: '1', GRVT_B: '2', GRVT_C: '3' }, errors: [] });
  });
  it('any text without a single quote, in single quotes, is that text', () => {
    const seed = 20_261;
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/['\r\n]/.test(text)),
        (text) => valueIn(`GRVT_X='${text}'`) === text,
      ),
      { seed, verbose: true },
    );
  });
});

describe('2.1 lines of .env that programs read differently are errors that name the line', () => {
  for (const [line, problem] of [
    ['GRVT_X=key#one', /"#" without a space/],
    ['GRVT_X=#one', /"#" without a space/],
    ['GRVT_X=key#one # comment', /"#" without a space/],
    ['GRVT_X="C:\\new"', /backslash in double quotes.*single quotes/],
    ['GRVT_X="say \\"x\\""', /backslash in double quotes/],
    ['GRVT_X="a\\\\b"', /backslash in double quotes/],
    ['GRVT_X="abc', /quote " is not closed/],
    ["GRVT_X='abc", /quote ' is not closed/],
    ['GRVT_X=\'abc"', /quote ' is not closed/],
    ['GRVT_X="', /quote " is not closed/],
    ['GRVT_X=abc"', /a quote inside/],
    ["GRVT_X=it's", /a quote inside/],
    ['GRVT_X=a"b"c', /a quote inside/],
    ['GRVT_X=“abc”', /a quote inside/],
    ['GRVT_X="abc"def', /text after the closing quote/],
    ['GRVT_X="abc"#def', /text after the closing quote/],
    ['GRVT_X="abc" def', /text after the closing quote/],
    ["GRVT_X='a''b'", /text after the closing quote/],
    ['GRVT_X=`abc`', /backquotes/],
    ['GRVT_X=$HOME/x', /"\$" is replaced/],
    [`GRVT_X=${'$'}{HOME}`, /"\$" is replaced/],
    ['GRVT_X=$(pass grvt)', /"\$" is replaced/],
    ['GRVT_X=pa$$word', /"\$" is replaced/],
    ['GRVT_X="$HOME"', /"\$" is replaced/],
    ['GRVT_X=abc\\', /continues the line/],
    ['GRVT_X', /"GRVT_X" is not followed by "="/],
    ['export GRVT_X', /"GRVT_X" is not followed by "="/],
    ['GRVT_X: abc', /"GRVT_X" is not followed by "="/],
    ['GRVT_X abc=1', /"GRVT_X" is not followed by "="/],
    ['$env:GRVT_X="abc"', /is no NAME=value/],
    ['"GRVT_X"=abc', /is no NAME=value/],
    ['=abc', /is no NAME=value/],
    ['the rest of a key that was wrapped', /is no NAME=value/],
  ] as const) {
    it(JSON.stringify(line), () => {
      const { errors } = read(`# first\n${line}\n`);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', /^\.env line 2: /);
      assert.match(errors[0] ?? '', problem);
      assert.doesNotMatch(errors[0] ?? '', /abc|key#|wrapped|new"/, 'a value is shown');
    });
  }
  it('a name that is there twice, whatever its values', () => {
    for (const [one, two] of [
      ['prod', 'testnet'],
      ['prod', 'prod'],
      ['prod', ''],
    ]) {
      assert.deepEqual(read(`GRVT_X=${one}\n\nexport GRVT_X=${two}`).errors, [
        '.env line 3: GRVT_X: is on line 1 already: expected each name once',
      ]);
    }
  });
  it('lines of other programs are left alone, but for a quote that is not closed', () => {
    const { values, errors } = read('OTHER=key#one\nOTHER=$HOME\nPLAIN=x\nPEM="first');
    assert.deepEqual(
      [values.PLAIN, errors],
      ['x', ['.env line 4: the quote " is not closed on this line: expected it closed']],
    );
  });
});

it('2.1 the settings name every bad line at once, before anything is read wrongly', () => {
  const env =
    'GRVT_ENV=prod\nGRVT_TRADING_API_KEY_1=key#one\nGRVT_HEDGE_DATA_DIR="C:\\new"\nGRVT_ENV=testnet\nhttps_proxy=x:1\nHTTPS_PROXY=y:2\n';
  const errors = errorsOf(load({ ...REAL, GRVT_ENV: '' }, { '.env': env })).filter((error) => error.startsWith('.env'));
  assert.deepEqual(
    errors.map((error) => error.split(': ').slice(0, 2).join(': ')),
    [
      '.env line 2: GRVT_TRADING_API_KEY_1',
      '.env line 3: GRVT_HEDGE_DATA_DIR',
      '.env line 4: GRVT_ENV',
      '.env line 6: HTTPS_PROXY',
    ],
  );
  assert.equal(settingsOf(load({}, { '.env': 'API_KEY=a\nCHAT_ID=1 # mine' })).telegram?.chatId, '1');
});
