import { h } from './dom.js';
import { t } from './words.js';
/** One symbol. */
export function openDetail(_app, page, instrument) {
  page.className = 'detail';
  page.append(h('a', { href: '#/' }, t('back')), instrument);
  return { status() {}, facts() {}, points() {}, close() {} };
}
