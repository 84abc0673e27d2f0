import type { Notifier, Redact } from '../ports.ts';
import { isForContent, refusalIn } from './gateway-answer.ts';
import { DeliveryError, request, type Way } from './post.ts';

/** Address and identity for messages (strategy 2.1). */
export interface TelegramGateway {
  readonly url: string;
  readonly chatId: string;
  readonly apiKey: string;
}

/**
 * Longest wait for the gateway's answer, which includes a second or two for Telegram; beyond ten it hangs. The message
 * may have been delivered all the same, and only then is it sent twice (strategy 12.1).
 */
export const GATEWAY_TIMEOUT_MS = 10_000;

/** Characters of an answer quoted in an error. */
const QUOTED = 200;

/**
 * Delivers messages through the Telegram gateway: `POST {"chatId","message"}` with `X-API-Key` (strategy 12). `send`
 * resolves if the gateway accepted the message, and rejects with a `DeliveryError` for a status other than 2xx, a
 * redirect, an error in the body, or no answer in time. No error contains chat id, key or parts of the address that may
 * be one.
 */
export function telegramNotifier(gateway: TelegramGateway, options: Way & { readonly redact: Redact }): Notifier {
  const { redact } = options;
  return {
    async send(text) {
      const { status, body } = await request(
        gateway.url,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json', 'x-api-key': gateway.apiKey },
          body: JSON.stringify({ chatId: gateway.chatId, message: redact(text) }),
        },
        { ...options, timeoutMs: GATEWAY_TIMEOUT_MS },
      );
      const refusal = refusalIn(status, body);
      if (refusal === null) return;
      const quoted = redact(refusal).replace(/\s+/g, ' ').slice(0, QUOTED);
      throw new DeliveryError(
        'refused',
        `the Telegram gateway did not accept the message: ${quoted}`,
        isForContent(status, body),
      );
    },
  };
}
