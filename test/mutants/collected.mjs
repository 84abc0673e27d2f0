/** Stands for `node:test` while mutants are tried: keeps the tests, so that they can be run again and again in one process. */

let tests = [];
const path = [];

/** The tests registered since the last call. */
export function taken() {
  const those = tests;
  tests = [];
  return those;
}

export function describe(name, body) {
  path.push(name);
  body();
  path.pop();
}

export function it(name, body) {
  tests.push({ name: [...path, name].join(' › '), body });
}

export { describe as suite, it as test };
