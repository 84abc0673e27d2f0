export { type ConsoleOptions, type EngineConsole, guardStandardStreams, openConsole } from './console.ts';
export { type AccountFigures, createFigures, type Figures, type FiguresSnapshot } from './figures.ts';
export { type Level, type Line, type LineContext, line, sharedBases } from './lines.ts';
export { LOG_FILE_NAME, type LogFile, openLogFile } from './log-file.ts';
export { createEngineLog, type EngineLog, type EngineLogOptions, FIGURES_EVERY_MS } from './logger.ts';
