import { type Box, type Line, type Link, layOut, type Placed, type Point } from './layers.ts';
import { containerOf } from './mermaid.ts';
import { type Chart, type ChartEdge, type ChartState, edgeWords, isWithin, statesOf } from './model.ts';

/** Character widths by font, slightly overestimated, since nothing is measured. */
const NAME_CHAR = 8.2;
const LABEL_CHAR = 6.7;
const TEXT_CHAR = 5.9;
const LABEL_LINE = 14;
const TEXT_LINE = 14;
const PAD = 14;
const TITLE_HEIGHT = 30;
const LEAF_WIDTH = 216;
/** Smallest height of a state per line that ends at one of its sides. */
const PORT_GAP = 13;
/** Larger charts are drawn without descriptions, which are in the tooltips. */
const DESCRIBED_MAX = 12;
const DESCRIPTION_LINES = 4;

/** A part of the drawing with its upper left corner at 0, 0. */
interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly markup: string;
  /** Every state inside, by path, relative to this part. */
  readonly frames: ReadonlyMap<string, Frame>;
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A chart as SVG, laid out from left to right. States have `data-state` (their path), transitions `data-from` and
 * `data-to`, so that a page can highlight them. The file is self-contained and follows the reader's light or dark
 * setting.
 */
export function toSvg(chart: Chart): string {
  const described = statesOf(chart).length <= DESCRIBED_MAX;
  const drawn = drawInside(chart, chart.root, described);
  const [width, height] = [Math.ceil(drawn.width + 2 * PAD), Math.ceil(drawn.height + 2 * PAD)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" class="statechart" role="img" aria-label="${escaped(`statechart ${chart.id}`)}">`,
    `<style>${STYLE}</style>`,
    `<title>${escaped(`${chart.id}: ${chart.description}`)}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="tip" d="M0 0.6 L8 4 L0 7.4 Z"/></marker></defs>`,
    `<g transform="translate(${PAD} ${PAD})">`,
    drawn.markup,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Id of the mark that stands for any state of a container. */
const anyOf = (path: string) => `any:${path}`;
/** Id of the dot of a container's initial state. */
const startOf = (path: string) => `start:${path}`;

/** The children of a state and the lines between them. */
function drawInside(chart: Chart, state: ChartState, described: boolean): Drawn {
  const children = new Map(state.states.map((child) => [child.path, drawState(chart, child, described)]));
  const edges = merged(
    chart.edges.filter(
      (edge) => edge.from !== edge.to && containerOf(edge.from, edge.to) === state.path && edge.to !== state.path,
    ),
  );
  const ends = edges.map((edge) => ({ edge, from: endOf(edge.from, state), to: endOf(edge.to, state) }));
  const links: Link[] = ends.map(({ edge, from, to }) => {
    const lines = edge.labels;
    return {
      from,
      to,
      labelWidth: Math.max(0, ...lines.map((line) => line.length * LABEL_CHAR)),
      labelHeight: lines.length * LABEL_LINE,
    };
  });
  const boxes: Box[] = state.states.map((child) => {
    const { width, height } = children.get(child.path)!;
    const ports = Math.max(
      ends.filter((end) => end.from === child.path).length,
      ends.filter((end) => end.to === child.path).length,
    );
    return { id: child.path, width, height: Math.max(height, (ports + 1) * PORT_GAP) };
  });
  if (ends.some((end) => end.from === anyOf(state.path))) boxes.push({ id: anyOf(state.path), width: 74, height: 26 });
  if (state.initial !== null) {
    boxes.push({ id: startOf(state.path), width: 12, height: 12 });
    links.push({ from: startOf(state.path), to: endOf(state.initial, state), labelWidth: 0, labelHeight: 0 });
  }
  const placed = layOut(boxes, links, state.initial === null ? null : startOf(state.path));
  return assembled(state, children, boxes, ends, links, placed);
}

interface MergedEdge {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
}

/** Transitions between the same two states share one line, their texts below each other. */
function merged(edges: readonly ChartEdge[]): MergedEdge[] {
  const found = new Map<string, MergedEdge>();
  for (const edge of edges) {
    const key = `${edge.from}\n${edge.to}`;
    const before = found.get(key);
    const words = edgeWords(edge);
    const labels = [...(before?.labels ?? []), ...(words === '' ? [] : [words])];
    found.set(key, { from: edge.from, to: edge.to, labels: [...new Set(labels)] });
  }
  return [...found.values()];
}

/** The child of `state` that contains an end; `state` itself: the mark of any of its states. */
function endOf(path: string, state: ChartState): string {
  if (path === state.path) return anyOf(state.path);
  return state.states.find((child) => isWithin(path, child.path))?.path ?? anyOf(state.path);
}

function assembled(
  state: ChartState,
  children: ReadonlyMap<string, Drawn>,
  boxes: readonly Box[],
  ends: readonly { readonly edge: MergedEdge; readonly from: string; readonly to: string }[],
  links: readonly Link[],
  placed: Placed,
): Drawn {
  const frames = new Map<string, Frame>();
  const markup: string[] = [];
  for (const box of boxes) {
    const corner = placed.at.get(box.id)!;
    const child = children.get(box.id);
    if (box.id === startOf(state.path)) {
      markup.push(`<circle class="start" cx="${round(corner.x + 6)}" cy="${round(corner.y + 6)}" r="5"/>`);
      frames.set(box.id, { ...corner, width: box.width, height: box.height });
    } else if (child === undefined) {
      markup.push(anyMark(corner, box));
      frames.set(box.id, { ...corner, width: box.width, height: box.height });
    } else {
      // A state made taller for its lines is centred in its box.
      const y = corner.y + (box.height - child.height) / 2;
      markup.push(`<g transform="translate(${round(corner.x)} ${round(y)})">${child.markup}</g>`);
      for (const [path, frame] of child.frames) {
        frames.set(path, { ...frame, x: frame.x + corner.x, y: frame.y + y });
      }
      frames.set(box.id, { x: corner.x, y, width: child.width, height: child.height });
    }
  }
  const ports = portsOf(ends, placed.lines, frames);
  const lines: string[] = [];
  for (const [index, { edge }] of ends.entries()) lines.push(drawEdge(edge, placed.lines[index]!, ports[index]!));
  if (links.length > ends.length) {
    const from = frames.get(startOf(state.path))!;
    const to = frames.get(endOf(state.initial!, state))!;
    const line = placed.lines[ends.length]!;
    const start = { x: from.x + from.width, y: from.y + from.height / 2 };
    const points = [start, ...line.points, { x: to.x, y: Math.min(to.y + to.height - 8, Math.max(to.y + 8, start.y)) }];
    lines.push(`<path class="edge first" d="${curve(points)}" marker-end="url(#arrow)"/>`);
  }
  return { width: placed.width, height: placed.height, markup: [...lines, ...markup].join('\n'), frames };
}

function anyMark(corner: Point, box: Box): string {
  const [x, y] = [round(corner.x), round(corner.y)];
  return (
    `<g class="any"><rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="13"/>` +
    `<text x="${round(corner.x + box.width / 2)}" y="${round(corner.y + 17)}" text-anchor="middle">any state</text></g>`
  );
}

/** Start and end points of lines, spread over the side of the state in the order of the other ends. */
function portsOf(
  ends: readonly { readonly edge: MergedEdge; readonly from: string; readonly to: string }[],
  lines: readonly Line[],
  frames: ReadonlyMap<string, Frame>,
): { readonly start: Point; readonly end: Point }[] {
  interface Port {
    readonly index: number;
    readonly end: 'start' | 'end';
    readonly path: string;
    readonly right: boolean;
    readonly toward: number;
  }
  const all: Port[] = ends.flatMap(({ edge, from, to }, index) => {
    const line = lines[index]!;
    const centre = (path: string) => {
      const frame = frames.get(path)!;
      return frame.y + frame.height / 2;
    };
    // An end within a compound state is drawn to the state itself.
    const source = frames.has(edge.from) ? edge.from : from;
    const target = frames.has(edge.to) ? edge.to : to;
    return [
      {
        index,
        end: 'start' as const,
        path: edge.from === '' ? from : source,
        right: !line.backwards,
        toward: line.points[0]?.y ?? centre(to),
      },
      {
        index,
        end: 'end' as const,
        path: target,
        right: line.backwards,
        toward: line.points.at(-1)?.y ?? centre(from),
      },
    ];
  });
  const ports = ends.map(() => ({ start: { x: 0, y: 0 }, end: { x: 0, y: 0 } }));
  const sides = Map.groupBy(all, (port) => `${port.path}\n${port.right}`);
  for (const side of sides.values()) {
    const frame = frames.get(side[0]!.path) ?? { x: 0, y: 0, width: 0, height: 0 };
    const x = side[0]!.right ? frame.x + frame.width : frame.x;
    for (const [place, port] of [...side].sort((a, b) => a.toward - b.toward).entries()) {
      const y = frame.y + (frame.height * (place + 1)) / (side.length + 1);
      ports[port.index]![port.end] = { x, y };
    }
  }
  return ports;
}

function drawEdge(edge: MergedEdge, line: Line, port: { readonly start: Point; readonly end: Point }): string {
  const points = [port.start, ...line.points, port.end];
  const label = line.label;
  const width = Math.max(0, ...edge.labels.map((words) => words.length * LABEL_CHAR));
  const top = label === null ? 0 : label.y - (edge.labels.length * LABEL_LINE) / 2;
  const words =
    label === null
      ? ''
      : `<rect class="plate" x="${round(label.x - width / 2 - 3)}" y="${round(top)}" width="${round(width + 6)}" height="${edge.labels.length * LABEL_LINE}" rx="3"/>` +
        edge.labels
          .map(
            (text, index) =>
              `<text class="label" x="${round(label.x)}" y="${round(top + index * LABEL_LINE + 10.5)}" text-anchor="middle">${escaped(text)}</text>`,
          )
          .join('');
  return (
    `<g class="transition" data-from="${escaped(edge.from)}" data-to="${escaped(edge.to)}">` +
    `<path class="edge" d="${curve(points)}" marker-end="url(#arrow)"/>${words}</g>`
  );
}

/** A line through points with horizontal ends. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  let before = first;
  for (const point of rest) {
    const bend = (point.x - before.x) / 2;
    path += ` C${round(before.x + bend)} ${round(before.y)} ${round(point.x - bend)} ${round(point.y)} ${round(point.x)} ${round(point.y)}`;
    before = point;
  }
  return path;
}

/** One state with its inside. */
function drawState(chart: Chart, state: ChartState, described: boolean): Drawn {
  return state.states.length === 0 ? drawLeaf(chart, state, described) : drawCompound(chart, state, described);
}

function drawLeaf(chart: Chart, state: ChartState, described: boolean): Drawn {
  const loops = chart.edges
    .filter((edge) => edge.from === state.path && edge.to === state.path)
    .map((edge) => `↻ ${edgeWords(edge)}`);
  const invokes = described ? [] : state.invokes.map((name) => `⚙ ${name}`);
  const text = described ? wrapped(state.description, LEAF_WIDTH - 24) : [];
  const small = [...invokes, ...loops];
  const widest = Math.max(state.key.length * NAME_CHAR, ...small.map((line) => line.length * LABEL_CHAR));
  const width = described ? LEAF_WIDTH : Math.max(84, widest + 24);
  const height = 30 + text.length * TEXT_LINE + small.length * LABEL_LINE + (text.length + small.length > 0 ? 6 : 0);
  const rows = [
    ...text.map((line, index) => `<text class="text" x="12" y="${32 + index * TEXT_LINE + 4}">${escaped(line)}</text>`),
    ...small.map(
      (line, index) =>
        `<text class="small" x="12" y="${32 + text.length * TEXT_LINE + index * LABEL_LINE + 4}">${escaped(line)}</text>`,
    ),
  ];
  const final =
    state.type === 'final'
      ? `<rect class="inner" x="3" y="3" width="${round(width - 6)}" height="${round(height - 6)}" rx="6"/>`
      : '';
  const markup =
    `<g class="state leaf ${state.type} s-${escaped(state.key)}" data-state="${escaped(state.path)}"><title>${escaped(state.description)}</title>` +
    `<rect class="box" width="${round(width)}" height="${round(height)}" rx="9"/>${final}` +
    `<text class="name" x="12" y="20">${escaped(state.key)}</text>${rows.join('')}</g>`;
  return { width, height, markup, frames: new Map([[state.path, { x: 0, y: 0, width, height }]]) };
}

function drawCompound(chart: Chart, state: ChartState, described: boolean): Drawn {
  const inside = drawInside(chart, state, described);
  const [left, top] = [PAD, TITLE_HEIGHT];
  const width = Math.max(inside.width + 2 * PAD, state.key.length * NAME_CHAR + 32);
  const height = inside.height + top + PAD;
  const frames = new Map<string, Frame>();
  for (const [path, frame] of inside.frames) frames.set(path, { ...frame, x: frame.x + left, y: frame.y + top });
  frames.set(state.path, { x: 0, y: 0, width, height });
  const markup =
    `<g class="state compound ${state.type} s-${escaped(state.key)}" data-state="${escaped(state.path)}"><title>${escaped(state.description)}</title>` +
    `<rect class="box" width="${round(width)}" height="${round(height)}" rx="11"/>` +
    `<text class="name" x="12" y="20">${escaped(state.key)}</text></g>` +
    `<g transform="translate(${left} ${top})">${inside.markup}</g>`;
  return { width, height, markup, frames };
}

/** Text in lines of that width, the last one cut. */
function wrapped(text: string, width: number): string[] {
  const room = Math.floor(width / TEXT_CHAR);
  const lines: string[] = [];
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  if (lines.length <= DESCRIPTION_LINES) return lines;
  const kept = lines.slice(0, DESCRIPTION_LINES);
  kept[DESCRIPTION_LINES - 1] = `${kept[DESCRIPTION_LINES - 1]!.slice(0, room - 1)}…`;
  return kept;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Colours of a self-contained chart; a page that shows it inline has its own. */
const STYLE = `
.statechart{--bg:#fff;--box:#f6f8fb;--line:#c3ccd9;--edge:#8492a6;--text:#17202c;--dim:#5f6c7f;background:var(--bg)}
@media (prefers-color-scheme:dark){.statechart{--bg:#0a0d13;--box:#151b26;--line:#2c3646;--edge:#66738a;--text:#e6ebf2;--dim:#8592a6}}
.statechart .box{fill:var(--box);stroke:var(--line);stroke-width:1.5}
.statechart .compound>.box{fill:none;stroke-dasharray:5 4}
.statechart .inner{fill:none;stroke:var(--line)}
.statechart .name{font:600 13px ui-monospace,Menlo,Consolas,monospace;fill:var(--text)}
.statechart .text{font:11.5px system-ui,sans-serif;fill:var(--dim)}
.statechart .small,.statechart .label{font:11px ui-monospace,Menlo,Consolas,monospace;fill:var(--dim)}
.statechart .edge{fill:none;stroke:var(--edge);stroke-width:1.4}
.statechart .tip{fill:var(--edge)}
.statechart .plate{fill:var(--bg)}
.statechart .start{fill:var(--edge)}
.statechart .any rect{fill:none;stroke:var(--edge);stroke-dasharray:3 3}
.statechart .any text{font:11px system-ui,sans-serif;fill:var(--dim)}
`.replaceAll('\n', '');
