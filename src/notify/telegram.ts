import type { Notifier, Redact } from '../ports.ts';
import { isForContent, refusalIn } from './gateway-answer.ts';
import { DeliveryError, request, type Way } from './post.ts';

/** Where and as whom messages are posted (strategy 2.1). */
export interface TelegramGateway {
  readonly url: string;
  readonly chatId: string;
  readonly apiKey: string;
}

/**
 * Longest wait for the gateway's answer. It speaks to Telegram before it answers, which takes a second or two; beyond ten
 * it hangs, and the next try is better. What was sent may arrive all the same: twice only then (strategy 12.1).
 */
export const GATEWAY_TIMEOUT_MS = 10_000;

/** What of an answer is worth telling in an error. */
const QUOTED = 200;

/**
 * Delivers messages through the Telegram gateway: `POST {"chatId","message"}` with `X-API-Key` (strategy 12).
 *
 * `send` resolves when the gateway took the message, and rejects with a `DeliveryError` otherwise: a status that is not
 * 2xx, a redirect, a 200 whose body names an error, no answer in time. Neither chat id nor key is ever in an error, nor what
 * of the address may be one.
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
      const told = redact(refusal).replace(/\s+/g, ' ').slice(0, QUOTED);
      throw new DeliveryError(
        'refused',
        `the Telegram gateway did not take the message: ${told}`,
        isForContent(status, body),
      );
    },
  };
}
