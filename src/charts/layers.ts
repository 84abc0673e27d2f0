import { Graph, layout } from '@dagrejs/dagre';

/** A layered layout from left to right, by dagre. Edge labels take space half way, so that nothing overlaps. */

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
  readonly at: ReadonlyMap<string, Point>;
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

const COLUMN_GAP = 52;
const ROW_GAP = 16;
const LINE_GAP = 8;

/** @param first placed leftmost as far as the links allow. */
export function layOut(boxes: readonly Box[], links: readonly Link[], first: string | null): Placed {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', ranksep: COLUMN_GAP, nodesep: ROW_GAP, edgesep: LINE_GAP });
  // Cycles are broken by a search that begins with the first node.
  for (const box of boxes.toSorted((a, b) => Number(b.id === first) - Number(a.id === first)))
    graph.setNode(box.id, { ...box });
  for (const [index, { from, to, labelWidth: width, labelHeight: height }] of links.entries())
    graph.setEdge(from, to, { width, height, labelpos: 'c' }, String(index));
  layout(graph);
  const lines = links.map(({ from, to, labelWidth }, index): Line => {
    const { points, x, y }: Point & { points: Point[] } = graph.edge(from, to, String(index));
    const backwards = graph.node(from).x > graph.node(to).x;
    const half = (backwards ? -labelWidth : labelWidth) / 2;
    // Its ends are spread over the sides of the boxes by the drawing; along its label it is straight.
    const passed = points.slice(1, -1).flatMap((point) =>
      labelWidth > 0 && point.x === x
        ? [
            { x: x - half, y },
            { x: x + half, y },
          ]
        : [point],
    );
    return { points: passed, label: labelWidth > 0 ? { x, y } : null, backwards };
  });
  const at = boxes.map(({ id, width, height }) => {
    const { x, y }: Point = graph.node(id);
    return [id, { x: x - width / 2, y: y - height / 2 }] as const;
  });
  const { width, height }: Pick<Box, 'width' | 'height'> = graph.graph();
  // Without boxes both are infinite.
  return { at: new Map(at), lines, width: Math.max(0, width), height: Math.max(0, height) };
}
