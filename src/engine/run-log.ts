import { whyOf } from '../core/error-text.ts';
import { reason } from '../core/reasons.ts';
import {
  createEngineLog,
  createFigures,
  type EngineConsole,
  type EngineLog,
  type Level,
  type LogFile,
  openLogFile,
  sharedBases,
} from '../log/index.ts';
import type { Redact } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { ReasonError } from '../texts/reason-error.ts';

/** Logs a line that is no fact, now. */
export type Say = (level: Level, text: string) => void;

/** The log of a run; `settings` returns the present ones. @throws ReasonError */
export function openLog(settings: () => Settings, redact: Redact, screen: EngineConsole): EngineLog {
  return createEngineLog({
    redact,
    screen,
    file: openLogOf(settings()),
    figures: createFigures(),
    context: {
      get diffThresholdUsdt() {
        return settings().singleOrderDiffThresholdUsdt.toFixed();
      },
      get stuckHours() {
        return String(settings().stuckMs / 3_600_000);
      },
      sharedBases: sharedBases(settings().symbols.map(({ instrument }) => instrument)),
    },
  });
}

/** @throws ReasonError if the directory is not writable. */
function openLogOf({ logDir }: Settings): LogFile {
  try {
    return openLogFile({ dir: logDir });
  } catch (thrown) {
    throw new ReasonError(reason('log-unusable', '13.6', { directory: logDir, why: whyOf(thrown) }), thrown);
  }
}
