import { h } from './dom.js';
import { alertWords, clock, t } from './words.js';

/** Information requires no action (strategy 12.3), nor do alerts that are over, acknowledged or silenced. */
export function needsAction({ over, information, ackedBy, silencedUntilMs }) {
  return !over && !information && ackedBy === null && silencedUntilMs === null;
}

/**
 * The open alerts, most urgent first. A row stays the same element while its alert lasts, so that a click does not miss
 * it.
 */
export function createAlerts(app) {
  const head = h('h2');
  const none = h('p.dim', t('noAlerts'));
  const list = h('ul');
  const waiting = h('p.dim');
  const element = h('section.card.alerts', head, none, list, waiting);
  /** By key; bounded by the open alerts. */
  const rows = new Map();

  function make(alert) {
    const parts = { words: h('span'), meta: h('span.dim'), shown: '' };
    const acts = alert.information ? '' : app.control.bar(`alert:${alert.key}`, alertWords(alert));
    return { ...parts, acts, element: h('li', { 'data-alert': alert.key }, parts.words, parts.meta, acts) };
  }

  function paint(row, alert) {
    const shown = JSON.stringify([alert, alertWords(alert)]);
    if (row.shown === shown) return;
    row.shown = shown;
    row.element.className = alert.over ? 'over' : alert.critical ? 'critical' : alert.information ? 'information' : '';
    row.words.textContent = alertWords(alert);
    row.meta.replaceChildren(
      alert.over ? t('alertOver') : h('span', { 'data-since': alert.sinceMs, 'data-text': 'since' }),
      alert.ackedBy === null ? '' : ` · ${t('acked', { by: alert.ackedBy })}`,
      alert.silencedUntilMs === null ? '' : ` · ${t('silenced', { time: clock(alert.silencedUntilMs) })}`,
    );
  }

  function update() {
    const { alerts, outboxWaiting } = app.model.status;
    const loud = alerts.filter(needsAction).length;
    const title = [t('alerts'), loud > 0 ? h('b.count-bad', String(loud)) : ''];
    head.replaceChildren(...title);
    none.hidden = alerts.length > 0;
    const open = new Set(alerts.map(({ key }) => key));
    for (const [key, row] of rows) {
      if (open.has(key)) continue;
      row.element.remove();
      rows.delete(key);
    }
    for (const [at, alert] of alerts.entries()) {
      const row = rows.get(alert.key) ?? make(alert);
      rows.set(alert.key, row);
      paint(row, alert);
      if (list.children[at] !== row.element) list.insertBefore(row.element, list.children[at] ?? null);
    }
    waiting.textContent = outboxWaiting > 0 ? t('outbox', { count: outboxWaiting }) : '';
  }

  return { element, update };
}
