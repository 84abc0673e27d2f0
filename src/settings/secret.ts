import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/**
 * A key that prints as `[secret]` in logs, inspection, JSON and templates. Only `reveal()` returns the text, so that
 * its uses can be searched for.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself, to be used at once and not stored. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
