import { h } from './dom.js';
import { t } from './words.js';

/** How long each of the last transitions stays lit when they are shown in turn. */
const STEP_MS = 900;
/** Transitions that are remembered to be shown. */
const TRAIL_MAX = 8;

/** The statechart of a machine, drawn by the engine; here only lit. */
export async function createChart(name) {
  const element = h('div', { class: 'chartbox' }, h('p', { class: 'dim' }, t('loading')));
  const trail = [];
  let timer = null;
  let lit = null;

  const answer = await fetch(`/charts/${name}.svg`);
  if (answer.ok) {
    // The drawing brings colours for standing alone; here it takes the page's.
    const drawing = (await answer.text()).replace(/<style>.*?<\/style>/s, '');
    const parsed = new DOMParser().parseFromString(drawing, 'image/svg+xml');
    element.replaceChildren(document.importNode(parsed.documentElement, true));
  } else {
    element.replaceChildren(h('p', { class: 'dim' }, '–'));
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
  /** On a narrow screen the chart scrolls sideways to what is lit. */
  const bringIntoView = (one) => {
    if (element.scrollWidth <= element.clientWidth) return;
    const [box, frame] = [one.getBoundingClientRect(), element.getBoundingClientRect()];
    if (box.left >= frame.left && box.right <= frame.right) return;
    element.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
  };
  const flash = (from, to) => {
    for (const one of all('.transition')) {
      const { from: source, to: target } = one.dataset;
      // A transition of the whole chart leaves from wherever it is: drawn at `any state`, whose path is empty.
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
  /** Lights steps one after the other, then shows where it is. */
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
  /** A change of state passes `deciding`, where the chart has it. */
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
    /** The state it is in. */
    light(state) {
      lit = state;
      if (timer === null) mark(lit);
    },
    /** It went from one state to another just now. */
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
    /** Shows the last transitions in turn. */
    replay() {
      stop();
      play(trail.flatMap(stepsOf));
    },
    get trail() {
      return trail;
    },
    /** A moment of the past, with how it came about. */
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
