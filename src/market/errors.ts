/** An unusable input or stored file: one line that names the thing, the value and what was expected. */
export class MarketError extends Error {}
