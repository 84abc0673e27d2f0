import type { Notifier } from '../ports.ts';

/** Logs messages if no gateway is configured (`paper`). `write` receives the whole text and must not throw. */
export function logNotifier(write: (text: string) => void): Notifier {
  return {
    async send(text) {
      write(text);
    },
  };
}
