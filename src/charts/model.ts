import type { AnyStateMachine } from 'xstate';

/** A statechart for drawing: a tree of states and the transitions between them, names only. */
export interface Chart {
  readonly id: string;
  readonly description: string;
  readonly root: ChartState;
  readonly edges: readonly ChartEdge[];
}

export interface ChartState {
  /** Path from the root, `unknown.looking-up`; empty for the root. */
  readonly path: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly description: string;
  /** Path of the initial child; null: none. */
  readonly initial: string | null;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly invokes: readonly string[];
  readonly states: readonly ChartState[];
  /** Actions without leaving the state. */
  readonly reactions: readonly Reaction[];
}

export interface Reaction {
  readonly event: string;
  readonly guard: string;
  readonly actions: readonly string[];
}

/** A transition. If `from` is an ancestor of `to`: from any state inside it. */
export interface ChartEdge {
  readonly from: string;
  readonly to: string;
  /**
   * As text: `snapshot.received`, `after interval`, `readAccount done`; empty: at once; `else`: at once, if nothing
   * before it held.
   */
  readonly event: string;
  /** Empty: none. */
  readonly guard: string;
  readonly actions: readonly string[];
  /** Position in the list of its event: the first match wins. */
  readonly order: number;
}

/** The parts of XState's nodes that are read. */
interface Node {
  readonly key: string;
  readonly id: string;
  readonly path: readonly string[];
  readonly type: ChartState['type'];
  readonly description?: string | undefined;
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[];
  readonly initial: { readonly target?: readonly Node[] | undefined } | undefined;
  readonly states: Readonly<Record<string, Node>>;
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always?: readonly Transition[] | undefined;
}

interface Transition {
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly target?: readonly Node[] | undefined;
  readonly delay?: unknown;
  readonly order?: number;
}

/** The chart of a machine. */
export function chartOf(machine: AnyStateMachine): Chart {
  const root = machine.root as unknown as Node;
  const edges: ChartEdge[] = [];
  const state = readState(root, edges);
  return { id: machine.id, description: root.description ?? '', root: state, edges };
}

function readState(node: Node, edges: ChartEdge[]): ChartState {
  const path = node.path.join('.');
  const reactions: Reaction[] = [];
  const names = invokeNames(node);
  const take = (transition: Transition, event: string, order: number) => {
    const guard = nameOf(transition.guard);
    const actions = transition.actions.map(nameOf);
    const targets = transition.target ?? [];
    if (targets.length === 0) reactions.push({ event, guard, actions });
    for (const target of targets) edges.push({ from: path, to: target.path.join('.'), event, guard, actions, order });
  };
  const always = node.always ?? [];
  for (const [index, transition] of always.entries()) {
    take(transition, always.length > 1 && transition.guard === undefined ? 'else' : '', index);
  }
  for (const [type, transitions] of node.transitions) {
    for (const [index, transition] of transitions.entries())
      take(transition, eventWords(type, transition, names), index);
  }
  const initial = node.initial?.target?.[0]?.path.join('.') ?? null;
  return {
    path,
    key: node.key,
    type: node.type,
    description: node.description ?? '',
    initial: node.type === 'compound' ? initial : null,
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    invokes: node.invoke.map((invoke) => nameOf(invoke.src)),
    states: Object.values(node.states).map((child) => readState(child, edges)),
    reactions,
  };
}

function invokeNames(node: Node): ReadonlyMap<string, string> {
  return new Map(node.invoke.map((invoke) => [invoke.id, nameOf(invoke.src)]));
}

/** An event as text. */
function eventWords(type: string, transition: Transition, invokes: ReadonlyMap<string, string>): string {
  if (type.startsWith('xstate.after.')) return `after ${delayWords(transition.delay)}`;
  const ended = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type);
  if (ended !== null) {
    const [, how, id = ''] = ended;
    const who = invokes.get(id) ?? (id === '*' ? 'a child' : id);
    return how === 'done' ? `${who} done` : `${who} failed`;
  }
  return type.startsWith('xstate.done.state.') ? 'done' : type;
}

function delayWords(delay: unknown): string {
  return typeof delay === 'number' ? `${delay} ms` : String(delay);
}

/** The name of a guard or action; for a function its own name. */
export function nameOf(part: unknown): string {
  if (part === undefined || part === null) return '';
  if (typeof part === 'string') return part;
  if (typeof part === 'function') return part.name === '' ? 'inline' : part.name;
  if (typeof part === 'object' && 'type' in part) return String(part.type);
  if (typeof part === 'object' && 'id' in part) return String(part.id);
  return 'inline';
}

/** Every state of a chart, the root first. */
export function statesOf(chart: Chart): readonly ChartState[] {
  const walk = (state: ChartState): ChartState[] => [state, ...state.states.flatMap(walk)];
  return walk(chart.root);
}

/** Whether `path` is `ancestor` or within it. */
export function isWithin(path: string, ancestor: string): boolean {
  return ancestor === '' || path === ancestor || path.startsWith(`${ancestor}.`);
}

/** The text of a transition: its event, and its guard in brackets. */
export function edgeWords(edge: Pick<ChartEdge, 'event' | 'guard'>): string {
  const guard = edge.guard === '' ? '' : `[${edge.guard}]`;
  return [edge.event, guard].filter((part) => part !== '').join(' ');
}
