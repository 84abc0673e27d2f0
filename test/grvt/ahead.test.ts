import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { AHEAD_MS, createAhead } from '../../src/grvt/ahead.ts';

describe('an answer asked ahead', () => {
  let nowMs = 0;
  let asked: string[] = [];
  let ahead = createAhead<string>({ nowMs: () => nowMs });
  const ask = (key: string, answer: Promise<string> | string = `answer ${key}`): void =>
    ahead.ask(key, async () => {
      asked.push(key);
      return answer;
    });
  beforeEach(() => {
    nowMs = 1_000_000;
    asked = [];
    ahead = createAhead<string>({ nowMs: () => nowMs });
  });

  it('is for one taker', async () => {
    ask('book');
    assert.equal(await ahead.take('book'), 'answer book');
    assert.equal(await ahead.take('book'), null);
  });

  it('is waited for by its taker', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    ask('book', promise);
    const taken = ahead.take('book');
    resolve('late');
    assert.equal(await taken, 'late');
  });

  it('is asked once while it is fresh, and again when it is not', () => {
    ask('book');
    nowMs += AHEAD_MS;
    ask('book');
    assert.deepEqual(asked, ['book']);
    nowMs += 1;
    ask('book');
    assert.deepEqual(asked, ['book', 'book']);
  });

  it('is not taken when it is old, nor when the clock was set back since', async () => {
    ask('book');
    nowMs += AHEAD_MS + 1;
    assert.equal(await ahead.take('book'), null);
    ask('book');
    nowMs -= 1;
    assert.equal(await ahead.take('book'), null);
  });

  it('that failed is none: whoever needs it asks again', async () => {
    ask('book', Promise.reject(new Error('reset')));
    assert.equal(await ahead.take('book'), null);
  });

  it('is for nobody once it was dropped', async () => {
    ask('book');
    ahead.drop('book');
    assert.equal(await ahead.take('book'), null);
  });

  it('of very many, the oldest goes first', async () => {
    for (let number = 0; number <= 200; number++) ask(String(number));
    assert.equal(await ahead.take('0'), null);
    assert.equal(await ahead.take('1'), 'answer 1');
  });
});
