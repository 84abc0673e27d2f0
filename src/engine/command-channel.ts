import { type Control, openControl } from '../control/server.ts';
import { errorText } from '../core/error-text.ts';
import type { ServiceManager } from '../os/service-manager.ts';
import type { Settings } from '../settings/index.ts';
import type { Say } from './run-log.ts';
import { createSteering, type Steer, type SteeringParts } from './steering.ts';

/** Wraps commands so that systemd learns when a reload begins and ends (strategy 16.4). */
export function announced(service: ServiceManager | null, parts: SteeringParts): Steer {
  const steer = createSteering(parts);
  return async (command, how) => {
    if (command.verb !== 'reload' || how === 'preview') return steer(command, how);
    service?.reloading();
    try {
      return await steer(command);
    } finally {
      service?.ready();
    }
  };
}

/** Opens the control channel (strategy 16.5); if that fails the engine trades without it, with a warning. */
export async function takeCommands({ dataDir }: Settings, steer: Steer, say: Say): Promise<Control | null> {
  try {
    return await openControl(dataDir, (command) => steer(command));
  } catch (thrown) {
    const why = errorText(thrown);
    say('error', `This engine accepts no commands: ${why} (strategy 16.5)`);
    return null;
  }
}
