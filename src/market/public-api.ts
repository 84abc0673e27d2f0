import { Deadline, openHttp } from '../grvt/http.ts';
import { type InstrumentSpec, instrumentsFromJson } from '../paper/index.ts';
import { MarketError } from './errors.ts';

/** The exchange's public market data over REST (API 4): no session, no keys. */
export interface PublicApi {
  /** One POST below `/full/v1/`. @throws MarketError with what came instead of an answer */
  ask(route: string, body: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

const TIMEOUT_MS = 10_000;
/** A page of a thousand trades is some 300 kB. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** The exchange rejected the request as over the limit (API 7). */
export class TooMany extends MarketError {}

/** @param proxy with user and password; null: direct */
export function openPublicApi(origin: string, proxy: string | null): PublicApi {
  const http = openHttp(origin, { proxy, connections: 2, maxAnswerBytes: MAX_ANSWER_BYTES });
  return {
    async ask(route, body) {
      const where = `${origin}/full/v1/${route}`;
      const deadline = new Deadline(TIMEOUT_MS, () => new Error(`no answer within ${TIMEOUT_MS / 1_000} s`));
      let answer: Awaited<ReturnType<typeof http.post>>;
      try {
        answer = await http.post({
          ...{ path: `/full/v1/${route}`, headers: {}, body: JSON.stringify(body), isRepeatable: true },
          deadline,
        });
      } catch (thrown) {
        throw new MarketError(`${where}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      } finally {
        deadline.clear();
      }
      return answerOf(where, answer.status, answer.text);
    },
    close: () => http.close(),
  };
}

const SHOWN = 200;

/** @throws MarketError, {@link TooMany} */
export function answerOf(where: string, status: number, text: string): unknown {
  if (status === 429) throw new TooMany(`${where}: HTTP 429`);
  if (status !== 200) throw new MarketError(`${where}: HTTP ${status}: ${text.slice(0, SHOWN)}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new MarketError(`${where}: expected JSON, got ${text.slice(0, SHOWN)}`);
  }
}

/** The instrument as listed now. @throws MarketError if that name is not listed or unreadable */
export async function instrumentOf(api: Pick<PublicApi, 'ask'>, name: string): Promise<InstrumentSpec> {
  const answer = await api.ask('instrument', { instrument: name });
  try {
    const [spec] = instrumentsFromJson(withoutNothing(answer));
    if (spec?.name === name) return spec;
  } catch (thrown) {
    throw new MarketError(`${name}: its rules cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  throw new MarketError(`${name}: the exchange lists no such instrument`);
}

/** Fields that are null count as absent. */
function withoutNothing(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, one) => (one === null ? undefined : one)));
}
