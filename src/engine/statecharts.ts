import type { AnyStateMachine } from 'xstate';
import { accountPollerMachine } from '../../machines/account-poller.ts';
import { alertManagerMachine } from '../../machines/alert-manager.ts';
import { cancellationMachine } from '../../machines/cancellation.ts';
import { daemonMachine } from '../../machines/daemon.ts';
import { deadManMachine } from '../../machines/dead-man.ts';
import { heartbeatMachine } from '../../machines/heartbeat.ts';
import { orderGatewayMachine } from '../../machines/order-gateway.ts';
import { stopCleanupMachine } from '../../machines/stop-cleanup.ts';
import { submissionMachine } from '../../machines/submission.ts';
import { symbolMachine } from '../../machines/symbol.ts';
import {
  type Chart,
  type ChartState,
  chartOf,
  edgeWords,
  statesOf,
  toMermaid,
  toStatelyJson,
  toSvg,
} from '../charts/index.ts';
import type { ChartFile } from '../web/index.ts';

/** Every machine of the engine, by its name. */
export const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  symbol: symbolMachine,
  gateway: orderGatewayMachine,
  submission: submissionMachine,
  cancellation: cancellationMachine,
  poller: accountPollerMachine,
  daemon: daemonMachine,
  'alert-manager': alertManagerMachine,
  'stop-cleanup': stopCleanupMachine,
  heartbeat: heartbeatMachine,
  'dead-man': deadManMachine,
} as Readonly<Record<string, AnyStateMachine>>;

export const CHART_FORMATS = ['mermaid', 'svg', 'json'] as const;
export type ChartFormat = (typeof CHART_FORMATS)[number];

/** A machine's chart as text; null: no machine of that name. */
export function chartText(name: string, format: ChartFormat): string | null {
  const machine = Object.hasOwn(MACHINES, name) ? MACHINES[name] : undefined;
  if (machine === undefined) return null;
  switch (format) {
    case 'mermaid':
      return toMermaid(chartOf(machine));
    case 'svg':
      return toSvg(chartOf(machine));
    case 'json':
      return toStatelyJson(machine);
  }
}

/** All charts in all formats, for the pages. */
export function allCharts(): Record<string, ChartFile> {
  return Object.fromEntries(
    Object.entries(MACHINES).map(([name, machine]) => {
      const chart = chartOf(machine);
      return [name, { svg: toSvg(chart), mermaid: toMermaid(chart), json: toStatelyJson(machine) }];
    }),
  );
}

/** `docs/statecharts.md`, generated from the machines; a test compares the file with it. */
export function statechartsPage(): string {
  const parts = Object.entries(MACHINES).map(([name, machine]) => chartSection(name, chartOf(machine)));
  return [
    '# Statecharts',
    '',
    'Made from the machines in `machines/` by `npm run hedge -- chart --docs`; a test keeps this page true. A single one:',
    '`npm run hedge -- chart symbol --format svg` (or `mermaid`, or `json`, which loads in Stately’s editor).',
    'On the dashboard, click a symbol to see its chart live.',
    '',
    ...Object.keys(MACHINES).map((name) => `- [${name}](#${name})`),
    '',
    ...parts,
  ].join('\n');
}

function chartSection(name: string, chart: Chart): string {
  const states = statesOf(chart).filter((state) => state.path !== '');
  const reactions = statesOf(chart).flatMap((state) => state.reactions.map((reaction) => ({ state, reaction })));
  return [
    `## ${name}`,
    '',
    ...(chart.description === '' ? [] : [chart.description, '']),
    '```mermaid',
    toMermaid(chart).trimEnd(),
    '```',
    '',
    '| state | what it means | on entry |',
    '|---|---|---|',
    ...states.map((state) => `| \`${state.path}\` | ${cell(state.description)} | ${names(entryOf(state))} |`),
    '',
    ...(reactions.length === 0
      ? []
      : [
          'Without leaving the state:',
          '',
          '| in | on | does |',
          '|---|---|---|',
          ...reactions.map(
            ({ state, reaction }) =>
              `| ${state.path === '' ? 'any state' : `\`${state.path}\``} | \`${cell(edgeWords(reaction))}\` | ${names(reaction.actions)} |`,
          ),
          '',
        ]),
  ].join('\n');
}

function entryOf(state: ChartState): readonly string[] {
  return [...state.entry, ...state.invokes.map((name) => `${name} …`)];
}

function names(list: readonly string[]): string {
  return list.length === 0 ? '' : list.map((name) => `\`${name}\``).join(', ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
