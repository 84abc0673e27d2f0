export * from '../status/model.ts';
export type { Inspected } from './inspector.ts';
export { type ChartFile, startWeb, unready, type Web, type WebOptions } from './server.ts';
