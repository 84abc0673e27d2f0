/** Something a person gave, or a stored file, cannot be used: one line that names the thing, the value and what was expected. */
export class MarketError extends Error {}
