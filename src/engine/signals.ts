import { isatty } from 'node:tty';
import type { Answer } from '../core/answers.ts';
import { reason } from '../core/reasons.ts';
import { answerLine } from '../texts/answers.ts';
import type { Language } from '../texts/language.ts';
import { describeDefect } from './defects.ts';
import type { Engine } from './engine.ts';
import type { Say } from './run-log.ts';

/** The effect of the system's signals (strategy 13.1, 13.3, 16.4). */

export type SignalAnswer = 'stop' | 'stop-at-once' | 'reload' | 'stopping-already';

/**
 * The first signal begins an orderly stop, the second one ends at once. A closing terminal sends SIGHUP, sometimes
 * repeatedly: always an orderly stop. Without a terminal SIGHUP asks for a reload (strategy 16.4).
 * @param stopping a signal has begun the stop already @param attached whether a terminal was attached at the start,
 * since a closed one no longer tells
 */
export function answerTo(signal: NodeJS.Signals, stopping: boolean, attached: boolean): SignalAnswer {
  if (signal !== 'SIGHUP') return stopping ? 'stop-at-once' : 'stop';
  if (stopping) return 'stopping-already';
  return attached ? 'stop' : 'reload';
}

/** @param language of what a reload answers @returns ends it */
export function listenToSignals(
  engine: Engine,
  say: Say,
  reload: () => Promise<Answer>,
  language: () => Language,
): () => void {
  const attached = [0, 1, 2].some((fd) => isatty(fd));
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    switch (answerTo(signal, stopping, attached)) {
      case 'stop':
        stopping = true;
        engine.stop(reason('stop-asked', '13.1', { by: signal }));
        break;
      case 'stop-at-once':
        say('warn', `${signal} again: stopped at once; orders left expire by themselves (strategy 13.3)`);
        process.exit(1);
        break;
      case 'reload':
        reload().then(
          ({ ok, says }) => {
            for (const said of says) {
              say(ok ? 'info' : 'error', `Reload: ${answerLine(said, language())} (strategy ${said.rule})`);
            }
          },
          (thrown: unknown) => say('error', `Reload: ${describeDefect(thrown)} (strategy 16.4)`),
        );
        break;
      case 'stopping-already':
        say('info', 'SIGHUP: the engine is stopping already (strategy 13.1)');
        break;
    }
  };
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'];
  const used = signals.filter((signal) => signal !== 'SIGBREAK' || process.platform === 'win32');
  for (const signal of used) process.on(signal, onSignal);
  return () => {
    for (const signal of used) process.off(signal, onSignal);
  };
}
