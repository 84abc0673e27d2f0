import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import { DryRunStatus, determineHitLimitReached, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import { taken } from './collected.mjs';

/** Where the mutated code looks for the mutant in force, and notes what it reaches. */
globalThis.__stryker__ ??= {};
const space = globalThis.__stryker__;

/**
 * Runs tests of `node:test` inside Stryker's process: a mutant costs the tests that reach it, up to the first that fails, instead of
 * a process with all of them.
 */
class Runner {
  static inject = tokens(commonTokens.options);

  #files;
  #fresh;
  /** Of the present loading; null: not loaded yet. */
  #tests = null;
  #loadings = 0;
  /** By test. Cheap tests go first: most mutants end at the first test that fails. */
  #costsMs = new Map();

  constructor({ nodeTest }) {
    this.#files = nodeTest.files;
    this.#fresh = nodeTest.fresh;
    const base = pathToFileURL(`${process.cwd()}/`).href;
    const stand = new URL('./collected.mjs', import.meta.url).href;
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === 'node:test') return { url: stand, shortCircuit: true };
        const found = next(specifier, context);
        // A new address is a new module: each loading begins with empty caches.
        const isOurs = found.url.startsWith(base) && !found.url.includes('/node_modules/');
        return isOurs ? { ...found, url: `${found.url.split('?')[0]}?loading=${this.#loadings}` } : found;
      },
    });
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async #load() {
    this.#loadings += 1;
    this.#tests = [];
    taken();
    for (const file of this.#files) {
      await import(pathToFileURL(resolve(file)).href);
      for (const test of taken()) this.#tests.push({ ...test, id: `${file} ${this.#tests.length}` });
    }
    // Whether a property fails is the question, not its smallest case.
    fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
  }

  async dryRun() {
    await this.#load();
    const tests = [];
    for (const test of this.#tests) {
      space.currentTestId = test.id;
      const { failure, timeSpentMs } = await tried(test);
      this.#costsMs.set(test.id, timeSpentMs);
      const { id, name } = test;
      const status = failure === null ? TestStatus.Success : TestStatus.Failed;
      tests.push({ id, name, timeSpentMs, status, ...(failure === null ? {} : { failureMessage: failure }) });
    }
    delete space.currentTestId;
    return { status: DryRunStatus.Complete, tests, mutantCoverage: space.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment }) {
    Object.assign(space, { hitLimit, hitCount: hitLimit === undefined ? undefined : 0, activeMutant: undefined });
    if (mutantActivation === 'static') space.activeMutant = activeMutant.id;
    try {
      if (this.#tests === null || reloadEnvironment || this.#fresh) await this.#load();
    } catch (error) {
      this.#tests = null;
      return { status: MutantRunStatus.Killed, killedBy: ['loading'], failureMessage: String(error), nrOfTests: 0 };
    }
    space.activeMutant = activeMutant.id;
    let nrOfTests = 0;
    const cost = ({ id }) => this.#costsMs.get(id) ?? 0;
    const asked = this.#tests.filter(({ id }) => testFilter === undefined || testFilter.includes(id));
    for (const test of asked.sort((one, other) => cost(one) - cost(other))) {
      nrOfTests += 1;
      const { failure } = await tried(test);
      const endless = determineHitLimitReached(space.hitCount, hitLimit);
      if (endless !== undefined) return endless;
      if (failure !== null)
        return { status: MutantRunStatus.Killed, killedBy: [test.id], failureMessage: failure, nrOfTests };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }
}

async function tried({ body }) {
  const startedMs = performance.now();
  let failure = null;
  try {
    await body();
  } catch (error) {
    failure = String(error);
  }
  return { failure, timeSpentMs: performance.now() - startedMs };
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'node-test', Runner)];
