import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ToChild } from '../../src/runs/child.ts';

/**
 * Loaded before a run's process: what it is given waits until the file is there that HOLD_UNTIL names, so that a test finds every worker
 * at a run however fast the machine is. Not beyond the test: then the folder is gone.
 */
const file = process.env.HOLD_UNTIL ?? '';
const LOOK_MS = 20;

if (process.send !== undefined) {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  process.on('message', (message: ToChild) => {
    if (!('task' in message)) return;
    while (!existsSync(file) && existsSync(dirname(file))) Atomics.wait(nobody, 0, 0, LOOK_MS);
  });
}
