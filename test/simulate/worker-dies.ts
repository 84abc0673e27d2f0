import type { ToWorker } from '../../src/simulate/worker.ts';

/** Loaded before a worker: its process dies as soon as it is given seed 2, as one does that is out of memory. */
if (process.send !== undefined) {
  process.on('message', (message: ToWorker) => {
    if ('run' in message && message.run.seed === 2) process.exit(3);
  });
}
