import assert from 'node:assert/strict';
import type { AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate';

/** A state node as XState builds it; only what a walk over the chart needs. */
type StateNode = AnyStateMachine['root'];

/**
 * Records which states and transitions of a machine its tests reach, and fails with the list of those they did not.
 *
 * One per test file:
 * ```ts
 * const coverage = new TransitionCoverage(symbolMachine);
 * createActor(symbolMachine, { inspect: coverage.inspect, … });   // in every test
 * after(() => coverage.assertComplete());                          // node:test's root-level `after`
 * ```
 * `inspect` belongs to the root actor and hears the whole system; only actors of that machine (or of a `provide`d copy of
 * it: same id) are counted. Transitions are told apart by source, event, place in the list, and target.
 */
export class TransitionCoverage {
  readonly #machine: AnyStateMachine;
  readonly #expected = new Map<string, string>();
  readonly #states = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #seenStates = new Set<string>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    walk(machine.root, (node) => {
      this.#states.add(node.id);
      for (const transition of transitionsOf(node)) this.#expected.set(keyOf(transition), describe(transition));
    });
  }

  /** To be given to `createActor` as `inspect`. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep' && event.type !== '@xstate.snapshot') return;
    const snapshot = event.snapshot as unknown as { machine?: AnyStateMachine; _nodes?: StateNode[] };
    if (snapshot.machine?.id !== this.#machine.id) return;
    for (const node of snapshot._nodes ?? []) this.#seenStates.add(node.id);
    if (event.type !== '@xstate.microstep') return;
    for (const transition of event._transitions) {
      if (transition.eventType === null) continue;
      this.#seen.add(keyOf(transition));
      // A transient state the machine begins in is left before its first snapshot is observed: whoever left it was in it.
      for (let node: StateNode | undefined = transition.source as StateNode; node; node = node.parent as StateNode) {
        this.#seenStates.add(node.id);
      }
    }
  };

  /** What no test has reached, in chart order: states, then transitions. */
  missing(): string[] {
    const states = [...this.#states].filter((id) => !this.#seenStates.has(id)).map((id) => `state ${id}`);
    const transitions = [...this.#expected].filter(([key]) => !this.#seen.has(key)).map(([, text]) => text);
    return [...states, ...transitions];
  }

  /** @throws AssertionError that lists every state and transition no test has reached. */
  assertComplete(): void {
    const missing = this.missing();
    assert.ok(
      missing.length === 0,
      `${this.#machine.id}: ${missing.length} of ${this.#states.size} states and ${this.#expected.size} transitions were never reached:\n  ${missing.join('\n  ')}`,
    );
  }
}

function walk(node: StateNode, visit: (node: StateNode) => void): void {
  visit(node);
  for (const child of Object.values(node.states)) walk(child as StateNode, visit);
}

function transitionsOf(node: StateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])] as AnyTransitionDefinition[];
}

/** Stable between a machine and its `provide`d copies, whose transition objects differ. */
function keyOf(transition: AnyTransitionDefinition): string {
  const source = transition.source as StateNode;
  const siblings = transitionsOf(source);
  return `${source.id}|${siblings.indexOf(transition)}|${transition.eventType}`;
}

function describe(transition: AnyTransitionDefinition): string {
  const guard = transition.guard as { type?: string } | string | undefined;
  const guardName = guard === undefined ? '' : ` [${typeof guard === 'string' ? guard : (guard.type ?? 'guard')}]`;
  const targets = transition.target?.map((target) => (target as StateNode).id).join(', ') ?? '(stays)';
  const event = transition.eventType === '' ? 'always' : transition.eventType;
  return `${(transition.source as StateNode).id} --${event}${guardName}--> ${targets}`;
}

/**
 * Holds a chart to be readable on its own: every state says what it is for, and everything in it is a name: no inline
 * functions but named ones for `input` and `params`.
 *
 * @throws AssertionError that lists what is not.
 */
export function assertReadable(machine: AnyStateMachine): void {
  const faults: string[] = [];
  walk(machine.root, (node) => {
    const config = node.config as { description?: string };
    if (node !== machine.root && !config.description) faults.push(`${node.id} has no description`);
    inspectValue(config, node.id, faults);
  });
  assert.deepEqual(faults, []);
}

function inspectValue(value: unknown, path: string, faults: string[]): void {
  if (typeof value === 'function') {
    if (!/\.(input|params|output|context)$/.test(path)) faults.push(`${path} is a function, not a name`);
    // A property's own name is what an inline lambda gets.
    else if (/^(input|params|output|context)?$/.test(value.name)) faults.push(`${path} is an inline lambda`);
    return;
  }
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    if (key !== 'states') inspectValue(inner, `${path}.${key}`, faults);
  }
}
