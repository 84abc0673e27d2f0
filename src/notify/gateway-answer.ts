/**
 * Why an answer of the gateway is not an acceptance; null: it is. The gateway is a small HTTP service in front of
 * Telegram whose answers are unspecified, and such services may answer 200 with the error in the body. Accepted: 2xx
 * without an error in the body; an empty body or `OK` is none.
 */
export function refusalIn(status: number, body: string): string | null {
  if (status >= 300 && status < 400) return `redirect ${status}: not followed, for it would carry the key elsewhere`;
  if (status < 200 || status >= 300) return `status ${status}${body.trim() === '' ? '' : `: ${body}`}`;
  const text = body.trim();
  if (text === '') return null;
  if (text.startsWith('<')) return `status ${status} with a page instead of an answer: ${text}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return /^\W*(error|fail|invalid|unauthori[sz]ed|forbidden|denied|not sent)/i.test(text)
      ? `status ${status} with an error: ${text}`
      : null;
  }
  return namesError(value, 0) ? `status ${status} with an error: ${text}` : null;
}

/** 4xx codes that do not concern the content: the same message may be accepted later. */
const NOT_FOR_CONTENT: readonly number[] = [401, 402, 403, 404, 405, 407, 408, 409, 410, 421, 423, 425, 426, 429, 451];

/**
 * Whether the message was refused for its content (strategy 12.1) and would be again: a 4xx other than those above. The
 * answer's own code precedes the status, since gateways pass on Telegram's `error_code`. An error under 2xx without a
 * code counts too, lest one message block all others.
 */
export function isForContent(status: number, body: string): boolean {
  const code = codeIn(body) ?? (status >= 200 && status < 300 ? 400 : status);
  return code >= 400 && code < 500 && !NOT_FOR_CONTENT.includes(code);
}

const CODE_NAMES: readonly string[] = ['errorcode', 'errcode', 'statuscode', 'code', 'status'];

/** The first number in an answer that is an HTTP status, at any depth; null: none. */
function codeIn(body: string): number | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  const search = (inner: unknown, depth: number): number | null => {
    if (inner === null || typeof inner !== 'object' || depth > MOST_DEPTH) return null;
    const entries = Object.entries(inner);
    for (const name of CODE_NAMES) {
      const found = entries.find(([key]) => key.toLowerCase().replaceAll(/[_-]/g, '') === name);
      const number = found === undefined ? Number.NaN : Number(found[1]);
      if (Number.isInteger(number) && number >= 400 && number < 600) return number;
    }
    for (const [, one] of entries) {
      const found = search(one, depth + 1);
      if (found !== null) return found;
    }
    return null;
  };
  return search(value, 0);
}

/** How deep answers are searched (`{"result":{"ok":false}}`). */
const MOST_DEPTH = 3;

const BAD_WORDS =
  /^(error|err|fail|failed|failure|rejected|denied|unauthori[sz]ed|forbidden|invalid|false|ko|not[ _-]?sent)$/i;

function namesError(value: unknown, depth: number): boolean {
  if (value === false) return depth === 0;
  if (value === null || typeof value !== 'object' || depth > MOST_DEPTH) return false;
  if (Array.isArray(value)) return value.some((inner) => namesError(inner, depth + 1));
  return Object.entries(value).some(([name, inner]) => {
    switch (name.toLowerCase().replaceAll(/[_-]/g, '')) {
      case 'ok':
      case 'success':
      case 'successful':
      case 'sent':
      case 'delivered':
      case 'accepted':
        return inner === false || inner === 0 || (typeof inner === 'string' && BAD_WORDS.test(inner));
      case 'error':
      case 'errors':
      case 'err':
      case 'exception':
      case 'errormessage':
      case 'errormsg':
        return says(inner);
      case 'errorcode':
      case 'errcode':
        return inner !== 0 && inner !== '0' && says(inner);
      case 'status':
      case 'state':
        return (typeof inner === 'number' && inner >= 400) || (typeof inner === 'string' && badStatus(inner));
      case 'code':
      case 'statuscode':
        return (typeof inner === 'number' || typeof inner === 'string') && Number(inner) >= 400;
      case 'result':
      case 'data':
      case 'response':
      case 'body':
        return inner !== null && typeof inner === 'object' && namesError(inner, depth + 1);
      default:
        return false;
    }
  });
}

function says(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}

function badStatus(text: string): boolean {
  return BAD_WORDS.test(text) || Number(text) >= 400;
}
