import { type Chart, type ChartState, edgeWords, isWithin } from './model.ts';

/**
 * A chart as a mermaid state diagram (`stateDiagram-v2`). Mermaid has no transition from a state to its own child: it
 * starts at a small `any state`.
 */
export function toMermaid(chart: Chart): string {
  const lines = ['stateDiagram-v2', '  direction LR'];
  write(chart, chart.root, 1, lines);
  return `${lines.join('\n')}\n`;
}

function write(chart: Chart, state: ChartState, depth: number, lines: string[]): void {
  const pad = '  '.repeat(depth);
  const anyOf = `any_${idOf(state.path)}`;
  const ownEdges = chart.edges.filter(
    (edge) => edge.from === state.path && edge.to !== state.path && isWithin(edge.to, state.path),
  );
  if (ownEdges.length > 0) lines.push(`${pad}state "any state" as ${anyOf}`);
  for (const child of state.states) {
    if (child.states.length === 0) {
      lines.push(`${pad}state "${child.key}" as ${idOf(child.path)}`);
      continue;
    }
    lines.push(`${pad}state "${child.key}" as ${idOf(child.path)} {`);
    if (child.type === 'parallel') writeRegions(chart, child, depth + 1, lines);
    else write(chart, child, depth + 1, lines);
    lines.push(`${pad}}`);
  }
  if (state.path === '' && state.type === 'parallel') {
    // Mermaid divides states into regions, but not a diagram.
    lines.splice(2);
    lines.push(`${pad}state "${chart.id}" as whole {`);
    writeRegions(chart, state, depth + 1, lines);
    lines.push(`${pad}}`);
    return;
  }
  if (state.initial !== null) lines.push(`${pad}[*] --> ${idOf(state.initial)}`);
  for (const edge of chart.edges) {
    if (containerOf(edge.from, edge.to) !== state.path) continue;
    const from = ownEdges.includes(edge) ? anyOf : idOf(edge.from);
    const words = edgeWords(edge);
    lines.push(`${pad}${from} --> ${idOf(edge.to)}${words === '' ? '' : ` : ${words}`}`);
  }
  for (const child of state.states) {
    if (child.type === 'final') lines.push(`${pad}${idOf(child.path)} --> [*]`);
  }
}

function writeRegions(chart: Chart, state: ChartState, depth: number, lines: string[]): void {
  const pad = '  '.repeat(depth);
  for (const [index, region] of state.states.entries()) {
    if (index > 0) lines.push(`${pad}--`);
    lines.push(`${pad}state "${region.key}" as ${idOf(region.path)} {`);
    write(chart, region, depth + 1, lines);
    lines.push(`${pad}}`);
  }
}

/** The innermost state that contains both ends of a transition, in which it is drawn. */
export function containerOf(from: string, to: string): string {
  if (from !== to && isWithin(to, from)) return from;
  const [first, second] = [from.split('.'), to.split('.')];
  const common: string[] = [];
  for (let at = 0; at < Math.min(first.length, second.length) - 1 && first[at] === second[at]; at++)
    common.push(first[at]!);
  return common.join('.');
}

/** Mermaid's ids are words. */
function idOf(path: string): string {
  return path === '' ? 'root' : path.replaceAll(/[^A-Za-z0-9]/g, '_');
}
