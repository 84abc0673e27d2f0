import { errorText } from '../core/error-text.ts';
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

/** Logs a line that is no fact, now. */
export type Say = (level: Level, text: string) => void;

/** The log of a run; `settings` returns the present ones. @throws Error, one line that says what to do */
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

/** @throws Error, one line that says what to do, if the directory is not writable. */
function openLogOf({ logDir }: Settings): LogFile {
  try {
    return openLogFile({ dir: logDir });
  } catch (thrown) {
    const said = errorText(thrown);
    throw new Error(`the log in ${logDir} cannot be written: ${said}. Make it writable, or set GRVT_HEDGE_LOG_DIR`);
  }
}
