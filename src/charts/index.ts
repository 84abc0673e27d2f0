export { toMermaid } from './mermaid.ts';
export { type Chart, type ChartEdge, type ChartState, chartOf, edgeWords, statesOf } from './model.ts';
export { toStatelyJson } from './stately.ts';
export { toSvg } from './svg.ts';
