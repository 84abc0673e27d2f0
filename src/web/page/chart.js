import { h } from './dom.js';
import { t } from './words.js';

/** How long each transition is highlighted in a replay. */
const STEP_MS = 900;
/** Transitions kept for a replay. */
const TRAIL_MAX = 8;

/** The statechart of a machine, drawn by the engine; states are highlighted here. */
export async function createChart(name) {
  const element = h('div.chartbox', h('p.dim', t('loading')));
  const trail = [];
  let timer = null;
  let lit = null;

  const answer = await fetch(`/charts/${name}.svg`);
  if (answer.ok) {
    // The drawing has colours for stand-alone use; here it uses the page's.
    const drawing = (await answer.text()).replace(/<style>.*?<\/style>/s, '');
    const parsed = new DOMParser().parseFromString(drawing, 'image/svg+xml');
    element.replaceChildren(document.importNode(parsed.documentElement, true));
  } else {
    element.replaceChildren(h('p.dim', '–'));
  }
  const all = (selector) => element.querySelectorAll(selector);

  const mark = (state) => {
    for (const one of all('.state')) {
      const path = one.dataset.state;
      const on = state !== null && (path === state || state.startsWith(`${path}.`));
      one.classList.toggle('lit', on);
      if (on) bringIntoView(one);
    }
  };
  /** On a narrow screen the chart scrolls sideways to the highlight. */
  const bringIntoView = (one) => {
    if (element.scrollWidth <= element.clientWidth) return;
    const [box, frame] = [one.getBoundingClientRect(), element.getBoundingClientRect()];
    if (box.left >= frame.left && box.right <= frame.right) return;
    element.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
  };
  const flash = (from, to) => {
    for (const one of all('.transition')) {
      const { from: source, to: target } = one.dataset;
      // A transition of the whole chart starts at `any state`, whose path is empty.
      const leaves = source === from || source === '' || from.startsWith(`${source}.`);
      one.classList.toggle('lit', leaves && target === to);
    }
  };
  const clear = () => {
    for (const one of all('.transition.lit')) one.classList.remove('lit');
    for (const one of all('.state.was')) one.classList.remove('was');
  };
  const was = (state) => {
    for (const one of all('.state')) one.classList.toggle('was', one.dataset.state === state);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    clear();
  };
  /** Highlights steps one after the other, then the present state. */
  const play = (steps, at = 0) => {
    clear();
    const step = steps[at];
    if (step === undefined) {
      timer = null;
      mark(lit);
      return;
    }
    was(step.from);
    flash(step.from, step.to);
    mark(step.to);
    timer = setTimeout(() => play(steps, at + 1), STEP_MS);
  };
  /** A change of state passes `deciding`, if the chart has it. */
  const stepsOf = ({ from, to }) => {
    const decides =
      element.querySelector('[data-state="deciding"]') !== null && to !== 'draining' && from !== 'deciding';
    return decides
      ? [
          { from, to: 'deciding' },
          { from: 'deciding', to },
        ]
      : [{ from, to }];
  };

  return {
    element,
    /** The present state. */
    light(state) {
      lit = state;
      if (timer === null) mark(lit);
    },
    /** A change of state just now. */
    moved(from, to) {
      trail.push({ from, to });
      if (trail.length > TRAIL_MAX) trail.shift();
      lit = to;
      if (timer === null) play(stepsOf({ from, to }));
    },
    remember(moves) {
      trail.push(...moves);
      trail.splice(0, trail.length - TRAIL_MAX);
    },
    /** Replays the last transitions. */
    replay() {
      stop();
      play(trail.flatMap(stepsOf));
    },
    get trail() {
      return trail;
    },
    /** A moment of the past with the transition into it. */
    freeze(state, from) {
      stop();
      mark(state);
      if (from !== null && from !== state) {
        was(from);
        flash('deciding', state);
      }
    },
    thaw() {
      stop();
      mark(lit);
    },
    close: stop,
  };
}
