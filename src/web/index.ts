export { type ChartFile, startWeb, unready, type Web, type WebOptions } from './server.ts';
export * from './status.ts';
