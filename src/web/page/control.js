import { openCommand, openUnlock } from './act.js';
import { h } from './dom.js';
import { t } from './words.js';

/** The commands of an unlocked page (strategy 16.6): the session, and the buttons. */

/** Kept in this tab only; a cookie would be sent to every port of the host. */
const KEPT = 'grvt-hedge.session';
const SESSION_HEADER = 'X-Hedge-Session';
/** Longest wait of a browser's timer. */
const TIMER_MAX_MS = 2_147_483_647;

/** The commands of a symbol, and of all. */
const OF_SYMBOL = ['pause', 'hedge-only', 'resume', 'cancel', 'flatten', 'set', 'remove', 'forget'];
const OF_ALL = ['pause', 'hedge-only', 'resume', 'cancel', 'flatten', 'add', 'reload', 'stop'];
const OF_ALERT = ['ack', 'silence'];
const OF_ROLLOUT = ['skip'];

/**
 * @param changed called when it is locked or unlocked
 */
export function createControl(changed) {
  let key = kept();
  let acts = false;
  let isUnlocked = false;
  let ending = null;

  const control = {
    /** `none`: this engine has no token; the page is read-only. */
    state: () => (acts ? (isUnlocked ? 'unlocked' : 'locked') : 'none'),
    /** The engine has stated whether it accepts commands; it may be another one than before. */
    async observe(value) {
      acts = value === true;
      if (acts && key !== null) {
        const { code, body } = await post('session', {});
        if (code === 200) until(body.untilMs);
        else if (code === 401) forget();
        else isUnlocked = false;
      } else isUnlocked = false;
      tell();
    },
    /** @returns null: unlocked; else why not */
    async unlock(token) {
      const { code, body } = await post('unlock', { token });
      if (code !== 200) return code === 429 ? 'too-often' : code === 403 ? 'wrong' : 'no-answer';
      key = body.key;
      keep(key);
      until(body.untilMs);
      tell();
      return null;
    },
    async lock() {
      await post('lock', {});
      forget();
      tell();
    },
    /** A preview or the answer of a command; `code` 0: no answer. */
    async ask(how, command) {
      const answer = await post(how, command);
      if (answer.code === 401) {
        forget();
        tell();
      }
      return answer;
    },
    bar,
    button: lockButton,
  };

  async function post(path, value) {
    try {
      const answer = await fetch(`/api/control/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(key === null ? {} : { [SESSION_HEADER]: key }) },
        body: JSON.stringify(value),
      });
      const isJson = answer.headers.get('Content-Type')?.includes('json');
      return { code: answer.status, body: isJson ? await answer.json() : null };
    } catch {
      return { code: 0, body: null };
    }
  }

  function until(untilMs) {
    isUnlocked = true;
    clearTimeout(ending);
    const over = () => {
      forget();
      tell();
    };
    ending = setTimeout(over, Math.min(TIMER_MAX_MS, Math.max(0, untilMs - Date.now())));
  }

  function forget() {
    key = null;
    isUnlocked = false;
    clearTimeout(ending);
    keep(null);
  }

  function tell() {
    for (const one of document.querySelectorAll('[data-acts]')) fill(one);
    changed();
  }

  /** Buttons for a symbol (`symbol:NAME`), an alert (`alert:KEY`) or everything (`all`); none while locked. */
  function bar(about, label) {
    const made = h('div.acts', { role: 'group', 'aria-label': label, 'data-acts': about });
    fill(made);
    return made;
  }

  function fill(element) {
    const about = element.dataset.acts;
    const [kind] = about.split(':', 1);
    const name = about.slice(kind.length + 1);
    const verbs =
      kind === 'symbol' ? OF_SYMBOL : kind === 'alert' ? OF_ALERT : kind === 'rollout' ? OF_ROLLOUT : OF_ALL;
    element.hidden = !isUnlocked;
    element.replaceChildren(
      ...(isUnlocked ? verbs : []).map((verb) =>
        h(
          'button',
          {
            type: 'button',
            class: `plain small act-${verb}`,
            'data-verb': verb,
            title: t(`act.help.${verb}`),
            onclick: () => openCommand(control, verb, kind === 'rollout' ? 'symbol' : kind, name),
          },
          t(`act.verbs.${verb}`),
        ),
      ),
    );
  }

  function lockButton() {
    if (!acts) return '';
    const [words, onclick] = isUnlocked
      ? [t('act.lock'), () => control.lock()]
      : [t('act.unlock'), () => openUnlock(control)];
    return h('button', { type: 'button', class: `plain lock ${isUnlocked ? 'open' : ''}`, onclick }, words);
  }

  return control;
}

function kept() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(key) {
  try {
    if (key === null) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, key);
  } catch {
    // A browser without storage asks for the token again after a reload.
  }
}
