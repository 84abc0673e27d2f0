import type { AnyStateMachine } from 'xstate';
import { nameOf } from './model.ts';

/**
 * A machine as plain JSON in XState's configuration format, names instead of functions, for `createMachine` and
 * Stately's editor.
 */
export function toStatelyJson(machine: AnyStateMachine): string {
  return `${JSON.stringify({ id: machine.id, ...stateJson(machine.config as Config) }, null, 2)}\n`;
}

type Config = Readonly<Record<string, unknown>>;

function stateJson(config: Config): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const name of ['type', 'description', 'initial', 'tags', 'history', 'target'] as const) {
    if (typeof config[name] === 'string' || Array.isArray(config[name])) json[name] = config[name];
  }
  if (config.entry !== undefined) json.entry = actionsJson(config.entry);
  if (config.exit !== undefined) json.exit = actionsJson(config.exit);
  if (config.invoke !== undefined) json.invoke = asList(config.invoke).map((one) => invokeJson(one as Config));
  if (config.on !== undefined) json.on = eventsJson(config.on as Config);
  if (config.after !== undefined) json.after = eventsJson(config.after as Config);
  if (config.always !== undefined) json.always = transitionsJson(config.always);
  if (config.onDone !== undefined) json.onDone = transitionsJson(config.onDone);
  if (config.states !== undefined) {
    const states = Object.entries(config.states as Readonly<Record<string, Config>>);
    json.states = Object.fromEntries(states.map(([key, state]) => [key, stateJson(state)]));
  }
  return json;
}

function invokeJson(invoke: Config): Record<string, unknown> {
  return {
    src: nameOf(invoke.src),
    ...(typeof invoke.id === 'string' ? { id: invoke.id } : {}),
    ...(invoke.onDone === undefined ? {} : { onDone: transitionsJson(invoke.onDone) }),
    ...(invoke.onError === undefined ? {} : { onError: transitionsJson(invoke.onError) }),
  };
}

function eventsJson(events: Config): Record<string, unknown> {
  return Object.fromEntries(Object.entries(events).map(([type, transitions]) => [type, transitionsJson(transitions)]));
}

function transitionsJson(transitions: unknown): unknown {
  const list = asList(transitions).map(transitionJson);
  return list.length === 1 ? list[0] : list;
}

function transitionJson(transition: unknown): unknown {
  if (typeof transition === 'string') return { target: transition };
  const { target, guard, actions, reenter, description } = transition as Config;
  return {
    ...(target === undefined ? {} : { target }),
    ...(guard === undefined ? {} : { guard: { type: nameOf(guard) } }),
    ...(actions === undefined ? {} : { actions: actionsJson(actions) }),
    ...(reenter === true ? { reenter } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  };
}

function actionsJson(actions: unknown): unknown[] {
  return asList(actions).map((action) => ({ type: nameOf(action) }));
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
