import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/**
 * A key that must never be seen by accident: printed, inspected, put into JSON or into a template it reads `[secret]`.
 * Only `reveal()` gives the text, so that every place which needs it can be found by that word.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself. Call it where it is used, and keep the result nowhere. */
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
