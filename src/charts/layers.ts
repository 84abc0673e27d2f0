/**
 * A layered layout from left to right (Sugiyama): breaks cycles, assigns columns, orders columns so that few lines
 * cross, evens out heights. Edge labels are small nodes half way, so that nothing overlaps.
 */

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
  /** Size of its label; zero: none. */
  readonly labelWidth: number;
  readonly labelHeight: number;
}

export interface Placed {
  /** Upper left corners, by id. */
  readonly at: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  /** For each link, in order: the points its line passes, source side first, and the centre of its label. */
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

export interface Line {
  readonly points: readonly Point[];
  readonly label: Point | null;
  /** It runs against the columns: its ends are at the far sides. */
  readonly backwards: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const COLUMN_GAP = 26;
const ROW_GAP = 16;
/** Height reserved for a line that only passes through. */
const PASSING_HEIGHT = 8;
/** Sweeps over the columns; more do not improve charts of this size. */
const SWEEPS = 24;

interface Cell {
  readonly width: number;
  readonly height: number;
  column: number;
  y: number;
  /** Cells to the left and right that are connected with it. */
  readonly left: Cell[];
  readonly right: Cell[];
  readonly real: boolean;
}

/** @param first placed leftmost as far as the links allow. */
export function layOut(boxes: readonly Box[], links: readonly Link[], first: string | null): Placed {
  const cells = new Map<string, Cell>(boxes.map((box) => [box.id, cell(box.width, box.height, true)]));
  const ids = orderedIds(boxes, first);
  const backwards = backLinks(ids, links);
  assignColumns(ids, links, backwards, cells);
  const chains = links.map((link, index) => chainOf(link, backwards.has(index), cells));
  const columns = columnsOf([...cells.values(), ...chains.flatMap((chain) => chain.passing)]);
  order(columns);
  const xs = place(columns);
  const at = new Map(
    boxes.map((box) => {
      const one = cells.get(box.id)!;
      const { x, width } = xs[one.column]!;
      return [box.id, { x: x + (width - box.width) / 2, y: one.y - box.height / 2 }] as const;
    }),
  );
  const last = xs.at(-1);
  const lines = chains.map((chain) => lineOf(chain, xs));
  const height = Math.max(0, ...[...columns.flat()].map((one) => one.y + one.height / 2));
  return { at, lines, width: last === undefined ? 0 : last.x + last.width, height };
}

function cell(width: number, height: number, real: boolean): Cell {
  return { width, height, column: 0, y: 0, left: [], right: [], real };
}

function orderedIds(boxes: readonly Box[], first: string | null): string[] {
  const ids = boxes.map((box) => box.id);
  return first === null ? ids : [first, ...ids.filter((id) => id !== first)];
}

/** Links that close a cycle, searched from the first node: they are drawn against the columns. */
function backLinks(ids: readonly string[], links: readonly Link[]): ReadonlySet<number> {
  const back = new Set<number>();
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string) => {
    state.set(id, 'open');
    for (const [index, link] of links.entries()) {
      if (link.from !== id) continue;
      const seen = state.get(link.to);
      if (seen === 'open') back.add(index);
      else if (seen === undefined) visit(link.to);
    }
    state.set(id, 'done');
  };
  for (const id of ids) if (!state.has(id)) visit(id);
  return back;
}

/** Nodes are in even columns, each right of all that lead to it; labels in odd ones. */
function assignColumns(
  ids: readonly string[],
  links: readonly Link[],
  backwards: ReadonlySet<number>,
  cells: ReadonlyMap<string, Cell>,
): void {
  const ahead = links.map((link, index) => (backwards.has(index) ? { from: link.to, to: link.from } : link));
  // Longest path: as many rounds as there are nodes suffice.
  for (let round = 0; round < ids.length; round++) {
    let moved = false;
    for (const { from, to } of ahead) {
      const [source, target] = [cells.get(from)!, cells.get(to)!];
      if (from === to || target.column >= source.column + 2) continue;
      target.column = source.column + 2;
      moved = true;
    }
    if (!moved) break;
  }
  // A node that nothing leads to is placed right before its target.
  for (const id of ids) {
    const one = cells.get(id)!;
    if (ahead.some((link) => link.to === id)) continue;
    const next = ahead.filter((link) => link.from === id).map((link) => cells.get(link.to)!.column);
    if (next.length > 0) one.column = Math.max(0, Math.min(...next) - 2);
  }
}

interface Chain {
  readonly from: Cell;
  readonly to: Cell;
  readonly passing: readonly Cell[];
  readonly label: Cell | null;
  readonly backwards: boolean;
}

/** The small cells a link passes, one in each column between its ends. */
function chainOf(link: Link, backwards: boolean, cells: ReadonlyMap<string, Cell>): Chain {
  const [source, target] = [cells.get(link.from)!, cells.get(link.to)!];
  const [left, right] = backwards ? [target, source] : [source, target];
  const passing: Cell[] = [];
  let label: Cell | null = null;
  // The label is next to the target node, so that several read as a list.
  const labelColumn = right.column - 1;
  let before = left;
  for (let column = left.column + 1; column < right.column; column++) {
    const labelled = column === labelColumn && link.labelWidth > 0;
    const one = labelled ? cell(link.labelWidth, link.labelHeight, false) : cell(0, PASSING_HEIGHT, false);
    one.column = column;
    if (labelled) label = one;
    before.right.push(one);
    one.left.push(before);
    passing.push(one);
    before = one;
  }
  before.right.push(right);
  right.left.push(before);
  return { from: source, to: target, passing, label, backwards };
}

function columnsOf(cells: readonly Cell[]): Cell[][] {
  const columns: Cell[][] = [];
  const count = Math.max(0, ...cells.map((one) => one.column));
  for (let at = 0; at <= count; at++) columns.push(cells.filter((one) => one.column === at));
  return columns;
}

/** Orders each column by its neighbours' positions, back and forth; keeps the best order found. */
function order(columns: Cell[][]): void {
  let best = columns.map((column) => [...column]);
  let fewest = crossings(best);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const forth = sweep % 2 === 0;
    const walk = forth ? columns.slice(1) : columns.slice(0, -1).reverse();
    for (const column of walk) {
      const near = (one: Cell) => (forth ? one.left : one.right);
      const neighbours = columns[(column[0]?.column ?? 0) + (forth ? -1 : 1)] ?? [];
      const places = new Map(neighbours.map((one, index) => [one, index]));
      const wish = new Map(
        column.map((one, index) => {
          const found = near(one).flatMap((other) => places.get(other) ?? []);
          return [one, found.length === 0 ? index : found.reduce((sum, value) => sum + value, 0) / found.length];
        }),
      );
      column.sort((a, b) => wish.get(a)! - wish.get(b)!);
    }
    const count = crossings(columns);
    if (count < fewest) {
      fewest = count;
      best = columns.map((column) => [...column]);
    }
  }
  for (const [index, column] of best.entries()) columns[index]!.splice(0, columns[index]!.length, ...column);
}

function crossings(columns: readonly (readonly Cell[])[]): number {
  let count = 0;
  for (const [index, column] of columns.entries()) {
    const next = new Map((columns[index + 1] ?? []).map((one, place) => [one, place]));
    const ends = column.flatMap((one, place) => one.right.map((other) => [place, next.get(other) ?? 0] as const));
    for (const [a, b] of ends) for (const [c, d] of ends) if (a < c && b > d) count += 1;
  }
  return count;
}

/** Gives each cell a height near its neighbours, and each column its place and width. */
function place(columns: readonly Cell[][]): { readonly x: number; readonly width: number }[] {
  for (const column of columns)
    settle(
      column,
      column.map(() => 0),
    );
  for (let round = 0; round < 16; round++) {
    const walk = round % 2 === 0 ? columns : [...columns].reverse();
    for (const column of walk) {
      const wished = column.map((one) => {
        const near = [...one.left, ...one.right];
        return near.length === 0 ? one.y : near.reduce((sum, other) => sum + other.y, 0) / near.length;
      });
      settle(column, wished);
    }
  }
  const top = Math.min(...columns.flat().map((one) => one.y - one.height / 2));
  for (const one of columns.flat()) one.y -= top;
  let x = 0;
  return columns.map((column) => {
    const width = Math.max(0, ...column.map((one) => one.width));
    const placed = { x, width };
    x += width + COLUMN_GAP;
    return placed;
  });
}

/**
 * Moves the cells of a column as near to their wishes as order and heights allow: overlapping neighbours are moved
 * together (least squares, by pooling).
 */
function settle(column: readonly Cell[], wished: readonly number[]): void {
  const groups: Group[] = [];
  for (const [index, one] of column.entries()) {
    let group: Group = { sum: wished[index]!, members: [{ one, offset: 0 }] };
    for (;;) {
      const before = groups.at(-1);
      if (before === undefined) break;
      const last = before.members.at(-1)!;
      const shift = last.offset + distance(last.one, group.members[0]!.one);
      if (placeOf(before) + shift <= placeOf(group)) break;
      groups.pop();
      const moved = group.members.map((member) => ({ one: member.one, offset: member.offset + shift }));
      group = {
        sum: before.sum + group.sum - shift * group.members.length,
        members: [...before.members, ...moved],
      };
    }
    groups.push(group);
  }
  for (const group of groups) for (const { one, offset } of group.members) one.y = placeOf(group) + offset;
}

/** Touching cells; `sum`: of the wished positions of the first one. */
interface Group {
  readonly sum: number;
  readonly members: readonly { readonly one: Cell; readonly offset: number }[];
}

function placeOf(group: Group): number {
  return group.sum / group.members.length;
}

/** Smallest distance of two neighbours' centres. */
function distance(before: Cell, after: Cell): number {
  return before.height / 2 + after.height / 2 + (before.real && after.real ? ROW_GAP : ROW_GAP / 2);
}

function lineOf(chain: Chain, xs: readonly { readonly x: number; readonly width: number }[]): Line {
  const points = chain.passing.flatMap((one): Point[] => {
    const { x, width } = xs[one.column]!;
    if (one === chain.label)
      return [
        { x: x + (width - one.width) / 2, y: one.y },
        { x: x + (width + one.width) / 2, y: one.y },
      ];
    return [{ x: x + width / 2, y: one.y }];
  });
  const label =
    chain.label === null
      ? null
      : { x: xs[chain.label.column]!.x + xs[chain.label.column]!.width / 2, y: chain.label.y };
  return { points: chain.backwards ? points.reverse() : points, label, backwards: chain.backwards };
}
