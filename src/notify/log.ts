import type { Notifier } from '../ports.ts';

/** Messages into the log, where no gateway is configured (`paper`). `write` is given the whole text and must not throw. */
export function logNotifier(write: (text: string) => void): Notifier {
  return {
    async send(text) {
      write(text);
    },
  };
}
