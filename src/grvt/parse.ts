import { type ZodError, type ZodType, z } from 'zod';
import { type Reason, reason } from '../core/reasons.ts';
import { reasonText } from '../texts/reasons.ts';
import { pageAnswer } from './wire.ts';

/**
 * Parses GRVT's answers (strategy 10.4). A missing or impossible field that a rule uses (own orders, traded
 * instruments) makes the whole answer unusable, and the error names it; so does a row of another sub account. Any other
 * unreadable row is skipped and reported.
 */

/** What is strict and what is skipped. */
export interface RowScope {
  /** Whether the engine trades that instrument, case-insensitive. */
  isTraded(instrument: string): boolean;
  /** An unneeded row is unreadable: which one, and why. */
  onSkip(row: SkippedRow): void;
}

export interface SkippedRow {
  /** The row's own name; `?` if it has none. */
  readonly name: string;
  /** Its unreadable field, and what is wrong with it. */
  readonly why: Reason;
}

/** An unusable answer. The message begins with the field, e.g. `result[2].state.status: …`. */
export class UnusableAnswer extends Error {
  readonly #field: string;
  readonly #problem: Reason;
  readonly why: Reason;

  constructor(field: string, problem: Reason) {
    const why = reason('unusable-answer', '10.4', { field, problem });
    super(reasonText(why));
    this.name = 'UnusableAnswer';
    this.#field = field;
    this.#problem = problem;
    this.why = why;
  }

  /** The same error about a field of that row. */
  within(row: string): UnusableAnswer {
    return new UnusableAnswer(this.#field === '' ? row : `${row}.${this.#field}`, this.#problem);
  }
}

export const MISSING = reason('field-missing', '10.4');
export const ZERO_FIELD = reason('field-zero', '10.4');

/** @throws UnusableAnswer naming the first field that is missing or impossible. */
export function readAs<T>(schema: ZodType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new UnusableAnswer(...complaint(read.error, answer));
}

/** A row by instrument; null: unreadable, skipped. @throws UnusableAnswer for a traded instrument. */
export function readRow<T>(scope: RowScope, field: string, row: unknown, read: (row: unknown) => T): T | null {
  try {
    return read(row);
  } catch (thrown) {
    if (!(thrown instanceof UnusableAnswer)) throw thrown;
    const instrument = textAt(row, 'instrument');
    if (instrument !== null && scope.isTraded(instrument)) throw thrown.within(field);
    scope.onSkip({ name: instrument ?? '?', why: thrown.why });
    return null;
  }
}

/** A row's value under that name if it is printable text of a plausible length. */
export function textAt(row: unknown, key: string): string | null {
  const value = valueAt(row, [key]);
  return typeof value === 'string' && SHOWABLE.test(value) ? value : null;
}

export const SHOWABLE = /^[\x20-\x7e]{1,100}$/;

/** The rows of a page, and the cursor of the next; null: the last one. @throws UnusableAnswer */
export function parsePage(answer: unknown, limit: number): { rows: readonly unknown[]; next: string | null } {
  const { result, next } = readAs(pageAnswer, answer);
  // A full page without that information would pass for the whole history, and prove absences (9.6).
  if (result.length >= limit && typeof next !== 'string') throw new UnusableAnswer('next', MISSING);
  return { rows: result, next: typeof next !== 'string' || next === '' ? null : next };
}

/** @throws UnusableAnswer for another account's row. */
export function mustBeOwn(field: string, found: string, own: string): void {
  if (found !== own) {
    throw new UnusableAnswer(field, reason('field-of-other-account', '10.4', { found, own }));
  }
}

/** The first invalid field and its problem; of a union, the branch that matched furthest. */
export function complaint(error: ZodError, answer: unknown): [field: string, problem: Reason] {
  const issue = error.issues[0]!;
  const found = valueAt(answer, issue.path);
  const expected = issue.message.replace(/^Invalid input: /, '');
  const problem = found === undefined ? MISSING : reason('field-odd', '10.4', { expected, found: preview(found) });
  return [fieldName(issue.path), problem];
}

function fieldName(path: readonly PropertyKey[]): string {
  return z.core.toDotPath(path);
}

export function valueAt(answer: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    answer,
  );
}

/** More than is shown: secrets are removed before it is shortened (errors.ts). */
const MAX_PREVIEW = 4_096;

export function preview(value: unknown): string {
  if (value === null || typeof value !== 'object') {
    const whole = JSON.stringify(value) ?? String(value);
    return whole.slice(0, MAX_PREVIEW);
  }
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}
