import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromChild, ToChild } from './child.ts';
import type { Progress } from './task.ts';

/** Real time an interrupted run has to deliver its partial result; then its process is killed. */
const INTERRUPTED_LIMIT_MS = 15_000;

/** How a run ended. `killed`: by us. */
export type Ended =
  | { readonly result: string }
  | { readonly failure: string; readonly atMs: number }
  | { readonly killed: true };

/** A process that makes one run at a time; restarted for the next one if it is gone. */
export class RunProcess {
  #child: ChildProcess | null = null;
  #end: ((ended: Ended) => void) | null = null;
  #patience: NodeJS.Timeout | undefined;

  /** @param task packed */
  run(task: string, onProgress: (progress: Progress) => void = () => {}): Promise<Ended> {
    const child = this.#child ?? this.#begin();
    this.#child = child;
    let atMs = 0;
    return new Promise((resolve) => {
      const over = (ended: Ended): void => {
        child.off('message', onMessage);
        child.off('error', failed);
        child.off('exit', gone);
        clearTimeout(this.#patience);
        this.#end = null;
        resolve(ended);
      };
      const onMessage = (message: FromChild): void => {
        if ('progress' in message) {
          atMs = message.progress.simulatedMs;
          onProgress(message.progress);
        } else if ('failure' in message) over({ failure: message.failure, atMs });
        else over(message);
      };
      const lost = (how: string): void => {
        this.#child = null;
        over({ failure: how, atMs });
      };
      const failed = (error: Error): void => lost(`its process: ${error.message}`);
      const gone = (code: number | null, by: NodeJS.Signals | null): void =>
        lost(`its process ended ${by === null ? `with code ${code}` : `by ${by}`}`);
      child.on('message', onMessage);
      child.on('error', failed);
      child.on('exit', gone);
      this.#end = over;
      this.#tell({ task });
    });
  }

  /** Ends the present run early. */
  interrupt(): void {
    if (this.#end === null) return;
    this.#tell({ interrupt: true });
    this.#patience = setTimeout(() => this.kill(), INTERRUPTED_LIMIT_MS);
  }

  /** Ends the process at once, without a result. */
  kill(): void {
    const child = this.#child;
    this.#child = null;
    this.#end?.({ killed: true });
    child?.kill('SIGKILL');
  }

  /** Ends an idle process. */
  close(): void {
    if (this.#child?.connected) this.#child.disconnect();
    this.#child = null;
  }

  #tell(message: ToChild): void {
    this.#child?.send(message, () => {
      // The exit event reports a process that is gone.
    });
  }

  #begin(): ChildProcess {
    const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
      // By the environment: with `execArgv`, fork would also pass on an `-e` text, to be run instead of the child.
      env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --disable-sigusr1`.trim() },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // Rejects a pending run; an idle process is replaced at the next run.
    const gone = (): void => {
      if (this.#child === child) this.#child = null;
    };
    return child.once('exit', gone).once('error', gone);
  }
}
