import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, AnswerLine } from '../core/answers.ts';
import type { Command } from '../core/commands.ts';
import type { Clock } from '../ports.ts';
import { answerTexts } from '../texts/answers.ts';
import type { Texts } from '../texts/language.ts';
import { createSessions } from './sessions.ts';

/** The page's commands (strategy 16.6): the same as on the command line, once it is unlocked. */

/** The only path that accepts data. */
export const CONTROL_PATH = '/api/control/';
/** Header with the session's key. No cookie, since those are sent to every port of a host. */
export const SESSION_HEADER = 'x-hedge-session';
/** Longest body: 500 symbols with names of 64 characters. */
const BODY_MAX_BYTES = 65_536;
/** The journal's name for whoever gave a command. */
const BY = 'page';

export interface Controls {
  /** Unlocks the commands; null: the page is read-only. */
  readonly token: () => string | null;
  /** A received command; null: invalid. */
  readonly parse: (value: unknown) => Command | null;
  /** Executes or previews a command; null: the engine is not ready yet. */
  readonly give: ((command: Command, how: 'do' | 'preview') => Promise<Answer>) | null;
}

/** One line of an answer, as sent to the page. */
export interface ShownAnswerLine extends Texts {
  readonly code: AnswerLine['code'];
  readonly symbol: string | null;
  /** Its figures, as text. */
  readonly params: AnswerLine['params'];
}

export function serveControls(
  server: FastifyInstance,
  controls: () => Controls,
  { clock, redact }: { readonly clock: Clock; readonly redact: (text: string) => string },
): void {
  const sessions = createSessions({ token: () => controls().token(), clock, steadyMs: () => performance.now() });
  const refuse = (reply: FastifyReply, code: number, why: string) =>
    reply.code(code).type('application/json; charset=utf-8').send(JSON.stringify({ why }));
  const keyOf = ({ headers }: FastifyRequest) => {
    const key = headers[SESSION_HEADER];
    return typeof key === 'string' ? key : undefined;
  };
  const options = { bodyLimit: BODY_MAX_BYTES };

  server.post(`${CONTROL_PATH}unlock`, options, async (request, reply) => {
    const { token } = (request.body ?? {}) as { token?: unknown };
    if (typeof token !== 'string') return refuse(reply, 400, 'no-token-given');
    const unlocked = await sessions.unlock(token);
    if (unlocked.kind === 'too-often') return refuse(reply.header('Retry-After', '1'), 429, unlocked.kind);
    if (unlocked.kind !== 'unlocked') return refuse(reply, 403, unlocked.kind);
    const { key, untilMs } = unlocked;
    // Bypasses the redactor, which would hide the key that this answer consists of.
    return reply.type('application/json; charset=utf-8').send(JSON.stringify({ key, untilMs }));
  });
  server.post(`${CONTROL_PATH}session`, options, (request, reply) => {
    const untilMs = sessions.untilMs(keyOf(request));
    if (untilMs === null) return refuse(reply, 401, 'locked');
    return reply.type('application/json; charset=utf-8').send(JSON.stringify({ untilMs }));
  });
  server.post(`${CONTROL_PATH}lock`, options, (request, reply) => {
    sessions.lock(keyOf(request));
    return reply.code(204).send();
  });
  for (const [path, how] of [
    ['preview', 'preview'],
    ['command', 'do'],
  ] as const) {
    server.post(CONTROL_PATH + path, options, async (request, reply) => {
      if (sessions.untilMs(keyOf(request)) === null) return refuse(reply, 401, 'locked');
      const { parse, give } = controls();
      const given = request.body;
      const isObject = given !== null && typeof given === 'object' && !Array.isArray(given);
      // The page does not choose the name of who gave it.
      const command = isObject ? parse({ why: null, ...given, by: BY }) : null;
      if (command === null) return refuse(reply, 400, 'no-command');
      if (give === null) return refuse(reply, 503, 'not-yet');
      const { ok, says } = await give(command, how);
      const shown = { ok, says: says.map(shownAnswerLine) };
      return reply.type('application/json; charset=utf-8').send(redact(JSON.stringify(shown)));
    });
  }
}

function shownAnswerLine(said: AnswerLine): ShownAnswerLine {
  const { code, symbol, params } = said;
  return { code, symbol, params, ...answerTexts(said) };
}
