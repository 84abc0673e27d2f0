import { readFileSync } from 'node:fs';
import { instrumentsFromJson, NAMED_ENVIRONMENT, paperEnvironment, startPaper } from '../paper/index.ts';
import { jsonMistake } from '../settings/index.ts';

export interface PaperCommandOptions {
  /** TCP port on loopback; 0: any. */
  readonly port: number;
  readonly seed: number;
  /** File of instruments in GRVT's JSON; absent: the built-in ones. */
  readonly instruments?: string;
  /** 429/1006 by the weights of API 7; default true. */
  readonly rateLimits?: boolean;
  readonly selfTrade?: (typeof SELF_TRADE_RULES)[number];
}

/**
 * What happens when the two accounts meet: they trade, the incoming order is refused, or the resting one is cancelled
 * (API 5.3).
 */
export const SELF_TRADE_RULES = ['allow', 'reject-taker', 'cancel-maker'] as const;

/**
 * Runs the embedded exchange alone. Standard output gets only the lines of an env file, so that any GRVT client can use
 * it; everything else goes to standard error. Ends with SIGINT or SIGTERM. @returns the exit code
 */
export async function runPaper(options: PaperCommandOptions): Promise<number> {
  const { port, seed } = options;
  const listed = options.instruments;
  const instruments = listed === undefined ? {} : { instruments: instrumentsFromJson(readJson(listed)) };
  const { rateLimits = true, selfTrade = 'allow' } = options;
  const paper = await startPaper({
    port,
    seed,
    rateLimits,
    selfTrade,
    alsoChainIds: [NAMED_ENVIRONMENT.chainId],
    ...instruments,
  });
  for (const line of paperEnvironment(paper)) console.log(line);
  console.error(
    `The embedded exchange listens at ${paper.url}; its control path is ${paper.url}/paper/. Ctrl+C ends it.`,
  );
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
  await paper.close();
  return 0;
}

function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message shows the text, which may be that of another file.
    const { line, column } = jsonMistake(text) ?? { line: 1, column: 1 };
    throw new Error(`${path} line ${line} column ${column}: not JSON: expected a list of instruments`);
  }
}
