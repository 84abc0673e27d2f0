import type { Alert } from './alerts.ts';
import type { AlertCleared, AlertRaised } from './messages.ts';

/** How an alert reaches the alert manager, whoever judges it (strategy 12). */
export interface ToAlerting {
  readonly to: 'alert-manager';
  readonly message: AlertRaised | AlertCleared;
}

export function raise(alert: Alert): ToAlerting {
  return { to: 'alert-manager', message: { type: 'alert.raised', alert } };
}

export function clear(key: string, { nowMs: atMs }: { readonly nowMs: number }): ToAlerting {
  return { to: 'alert-manager', message: { type: 'alert.cleared', key, atMs } };
}
