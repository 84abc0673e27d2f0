import assert from 'node:assert/strict';

/** Words that stay English in a Chinese text: phrases of the guides, which people search for, the exchange's, the system's. */
const KEPT =
  /Symbols config file not found|Invalid symbols config JSON|chain id|post-only|E[A-Z]+: [a-z ]+(?:, \w+ '[^']*')?/g;

/** Two English words in a row outside of quotes: a sentence, or a part of one. */
const ENGLISH = /\b[A-Za-z]?[a-z]+ [a-z]+\b/;

/** Each line is Chinese, but for names, codes and quotations. */
export function assertChinese(text: string): void {
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    assert.match(line, /[\u4e00-\u9fff]/, line);
    assert.doesNotMatch(line.replaceAll(/"[^"]*"/g, '').replaceAll(KEPT, ''), ENGLISH, line);
  }
}
