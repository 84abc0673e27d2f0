import { httpHeartbeat } from '../notify/heartbeat.ts';
import { logNotifier } from '../notify/log.ts';
import { telegramNotifier } from '../notify/telegram.ts';
import type { Heartbeat, Notifier, Redact } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { proxyFor } from './routes.ts';
import type { Say } from './run-log.ts';

/** Each message uses the gateway configured at that time (strategy 16.4). */
export function notifierOf(settings: () => Settings, say: Say, redact: Redact): Notifier {
  const spoken = logNotifier((text) => say('debug', text));
  return { send: (text) => (telegramOf(settings(), redact) ?? spoken).send(text) };
}

/** The configured Telegram gateway; null: none. */
export function telegramOf(settings: Settings, redact: Redact): Notifier | null {
  const { telegram } = settings;
  if (telegram === null) return null;
  const { gatewayUrl: url, chatId, apiKey } = telegram;
  return telegramNotifier({ url, chatId, apiKey: apiKey.reveal() }, { redact, proxy: proxyFor(settings)(url) });
}

/** Each beat uses the address configured at that time, if any. */
export function heartbeatOf(settings: () => Settings): Heartbeat {
  return {
    async beat() {
      const now = settings();
      const { heartbeatUrl: url } = now;
      if (url !== null) await httpHeartbeat(url, { proxy: proxyFor(now)(url) }).beat();
    },
  };
}
