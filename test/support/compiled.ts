import './compiled.mjs';

/**
 * Environment of a process of the product that a test starts: where it finds what Node has compiled for others. What is compiled depends
 * on V8's flags; `run` sets one, so it has a place of its own, else each would throw away what the other one compiled.
 */
export function compiledFor(args: readonly string[]): { readonly NODE_COMPILE_CACHE: string } {
  const directory = process.env.NODE_COMPILE_CACHE ?? '';
  return { NODE_COMPILE_CACHE: args[0] === 'run' ? `${directory}-run` : directory };
}
