import type { ToChild } from '../../src/runs/child.ts';
import { unpack } from '../../src/runs/pack.ts';
import type { Task } from '../../src/runs/task.ts';

/** Loaded before a run's process: it dies as soon as it is given seed 2, as one does that is out of memory. */
if (process.send !== undefined) {
  process.on('message', (message: ToChild) => {
    if (!('task' in message)) return;
    const task = unpack<Task>(message.task);
    if (task.kind === 'campaign' && task.options.seed === 2) process.exit(3);
  });
}
