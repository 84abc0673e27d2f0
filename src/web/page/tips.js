import { h } from './dom.js';

/**
 * Shows a tooltip when its element is tapped, since a touch screen has no hover. Links and buttons keep their function.
 */
export function createTips() {
  let tip = null;
  const close = () => {
    tip?.remove();
    tip = null;
  };

  addEventListener('click', ({ target }) => {
    const had = tip;
    close();
    if (!(target instanceof Element) || target === had || target.closest('a, button, input, select, dialog')) return;
    const about = target.closest('[title]') ?? target.closest('.mark');
    const words = about?.getAttribute('title') || about?.querySelector(':scope > title')?.textContent;
    if (!about || !words) return;
    tip = h('div.tip', { role: 'status' }, words);
    document.body.append(tip);
    const box = about.getBoundingClientRect();
    const width = tip.offsetWidth;
    const left = Math.min(innerWidth - width - 8, Math.max(8, box.left));
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.setProperty('left', `${left + scrollX}px`);
    tip.style.setProperty('top', `${(below ? box.bottom + 6 : box.top - tip.offsetHeight - 6) + scrollY}px`);
  });
  addEventListener('keydown', ({ key }) => key === 'Escape' && close());
  addEventListener('hashchange', close);
}
