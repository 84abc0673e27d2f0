const HIDDEN = '[secret]';

/** Shorter texts would blot out ordinary words and figures; no key is that short. */
const SHORTEST_SECRET = 6;

/** What is a secret by its look, known or not: private keys, session cookies, keys in headers and bodies. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/0x[0-9a-f]{64}(?![0-9a-f])/gi, HIDDEN],
  [/\b(gravity=)[^;\s"\\]+/gi, `$1${HIDDEN}`],
  [/(x-api-key\\?"?\s*:\s*\\?"?)[^\s"'\\,;}]+/gi, `$1${HIDDEN}`],
  [/((?:api_?key|private_?key)\w*(?:\\?"\s*:\s*\\?"|=))[^\s"'\\,;}]+/gi, `$1${HIDDEN}`],
];

/**
 * Makes the function that every text passes before it reaches a screen or a file: the secrets given, as they are and as
 * JSON writes them, and whatever looks like a key or a session, become `[secret]`.
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const known = [...new Set(secrets.flatMap(forms))]
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    // Longest first: one secret may begin with another.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let safe = text;
    for (const secret of known) safe = safe.replaceAll(secret, HIDDEN);
    for (const [pattern, replacement] of PATTERNS) safe = safe.replace(pattern, replacement);
    return safe;
  };
}

/** A secret as it may turn up: itself, as JSON writes it, JSON within JSON, a URL's form, a private key without its 0x. */
function forms(secret: string): string[] {
  const bare = /^0x[0-9a-f]{64}$/i.test(secret) ? [secret.slice(2), secret.slice(2).toLowerCase()] : [];
  const once = inJson(secret);
  return [secret, once, inJson(once), encodeURIComponent(secret.toWellFormed()), ...bare];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
