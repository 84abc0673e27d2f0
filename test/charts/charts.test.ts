import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AnyStateMachine, createMachine } from 'xstate';
import { symbolMachine } from '../../machines/symbol.ts';
import { chartOf, edgeWords, statesOf, toSvg } from '../../src/charts/index.ts';
import { layOut } from '../../src/charts/layers.ts';
import { PRIORITY } from '../../src/core/classify.ts';
import { TRADING_STATES } from '../../src/core/model.ts';
import { chartText, MACHINES, statechartsPage } from '../../src/engine/statecharts.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NAMES = Object.keys(MACHINES);

test('docs/statecharts.md is what the machines say (rewrite it: npm run hedge -- chart --docs)', () => {
  assert.equal(readFileSync(join(ROOT, 'docs', 'statecharts.md'), 'utf8'), statechartsPage());
});

test('the five states of strategy 5 stand in the chart under their own names, in its order', () => {
  const chart = chartOf(symbolMachine as unknown as AnyStateMachine);
  const names = statesOf(chart).map((state) => state.path);
  for (const state of TRADING_STATES) assert.ok(names.includes(state), state);
  const decided = chart.edges
    .filter((edge) => edge.from === 'deciding' && edge.to !== 'waiting')
    .map((edge) => edge.to);
  assert.deepEqual(
    decided,
    PRIORITY.map((rule) => rule.state),
  );
});

test('a last transition without a guard reads as else', () => {
  const chart = chartOf(symbolMachine as unknown as AnyStateMachine);
  const last = chart.edges.find((edge) => edge.from === 'deciding' && edge.to === 'imbalanced');
  assert.equal(last && edgeWords(last), 'else');
});

for (const name of NAMES) {
  const machine = MACHINES[name]!;
  const chart = chartOf(machine);

  test(`${name}: the JSON export makes the same machine again`, () => {
    const config = JSON.parse(chartText(name, 'json')!) as Parameters<typeof createMachine>[0];
    const again = chartOf(createMachine(config) as unknown as AnyStateMachine);
    const bare = (one: typeof chart) => ({
      states: statesOf(one).map(({ path, type, initial, entry, exit, description, invokes }) => {
        return { path, type, initial, entry, exit, description, invokes };
      }),
      edges: one.edges,
      reactions: statesOf(one).map((state) => state.reactions),
    });
    assert.deepEqual(bare(again), bare(chart));
  });

  test(`${name}: the chart holds names only`, () => {
    const used = [
      ...chart.edges.flatMap((edge) => [edge.guard, ...edge.actions]),
      ...statesOf(chart).flatMap((state) => [...state.entry, ...state.exit, ...state.invokes]),
    ];
    assert.deepEqual(
      used.filter((one) => one === 'inline'),
      [],
    );
  });

  test(`${name}: a call is invoked under its own name, by which its result has a type`, () => {
    const misnamed = statesOf(chart).flatMap((state) =>
      state.invokes.filter((call, at) => call !== machine.getStateNodeById(idOf(machine, state.path)).invoke[at]?.id),
    );
    assert.deepEqual(misnamed, []);
  });

  test(`${name}: every state says what it means to an operator`, () => {
    const silent = statesOf(chart).filter((state) => state.path !== '' && state.description === '');
    assert.deepEqual(
      silent.map((state) => state.path),
      [],
    );
  });

  test(`${name}: mermaid names every state and draws every transition`, () => {
    const text = chartText(name, 'mermaid')!;
    for (const state of statesOf(chart).filter((one) => one.path !== '')) {
      assert.ok(text.includes(`state "${state.key}" as `), state.path);
    }
    const arrows = text.split('\n').filter((line) => line.includes('-->') && !line.includes('[*]'));
    assert.equal(arrows.length, chart.edges.length);
    for (const line of arrows) assert.match(line, /^ +\w+ --> \w+( : [^:;#]+)?$/, line);
  });

  test(`${name}: the drawing shows every state and transition, none upon another, all within the frame`, () => {
    const svg = toSvg(chart);
    const boxes = framesOf(svg);
    const states = statesOf(chart).filter((state) => state.path !== '');
    assert.deepEqual([...boxes.keys()].sort(), states.map((state) => state.path).sort());
    for (const edge of chart.edges) {
      if (edge.from === edge.to) continue;
      assert.ok(svg.includes(`data-from="${edge.from}" data-to="${edge.to}"`), `${edge.from} → ${edge.to}`);
    }
    const [, width = '', height = ''] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    for (const [path, box] of boxes) {
      assert.ok(box.x >= 0 && box.y >= 0, path);
      assert.ok(box.x + box.width <= Number(width) && box.y + box.height <= Number(height), path);
      for (const [other, second] of boxes) {
        if (path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`)) continue;
        const apart =
          box.x + box.width <= second.x ||
          second.x + second.width <= box.x ||
          box.y + box.height <= second.y ||
          second.y + second.height <= box.y;
        assert.ok(apart, `${path} lies on ${other}`);
      }
    }
  });
}

test('a chart that nobody knows is null, whatever its name', () => {
  for (const name of ['nothing', 'toString', '__proto__', 'constructor', ''])
    assert.equal(chartText(name, 'svg'), null);
});

test('layers follow the links, and a backward link does not reverse them', () => {
  const box = (id: string) => ({ id, width: 10, height: 10 });
  const link = (from: string, to: string) => ({ from, to, labelWidth: 0, labelHeight: 0 });
  const placed = layOut([box('c'), box('b'), box('a')], [link('a', 'b'), link('b', 'c'), link('c', 'a')], 'a');
  const x = (id: string) => placed.at.get(id)!.x;
  assert.ok(x('a') < x('b') && x('b') < x('c'));
  assert.deepEqual(
    placed.lines.map((line) => line.backwards),
    [false, false, true],
  );
});

function idOf(machine: AnyStateMachine, path: string): string {
  return path === '' ? machine.id : `${machine.id}.${path}`;
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where each state stands, read from the drawing: groups are moved by their `translate`, boxes have a size. */
function framesOf(svg: string): Map<string, Frame> {
  const frames = new Map<string, Frame>();
  const open: { x: number; y: number }[] = [{ x: 0, y: 0 }];
  let state: string | null = null;
  for (const [tag] of svg.matchAll(/<\/?g[^>]*>|<rect class="box"[^>]*>/g)) {
    if (tag === '</g>') open.pop();
    else if (tag.startsWith('<g')) {
      const [, x = '0', y = '0'] = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(tag) ?? [];
      const before = open.at(-1)!;
      open.push({ x: before.x + Number(x), y: before.y + Number(y) });
      state = /data-state="([^"]*)"/.exec(tag)?.[1] ?? state;
    } else {
      const size = (name: string) => Number(new RegExp(` ${name}="([\\d.]+)"`).exec(tag)?.[1]);
      frames.set(state!, { ...open.at(-1)!, width: size('width'), height: size('height') });
    }
  }
  return frames;
}
