import { readFileSync } from 'node:fs';
import { syntheticInstruments } from '../src/paper/index.ts';
import { benchSymbol, openStage, pause } from './stage.ts';

const WARM_UP_MS = 20_000;
/** Clock ticks of /proc, per second, on every Linux we know. */
const TICKS_PER_SECOND = 100;

/** CPU share and memory of an engine process with many symbols at a 2 s loop; the exchange runs in this process. Linux only. */
export async function load(symbols: number, seconds: number): Promise<void> {
  const instruments = syntheticInstruments(symbols);
  const stage = await openStage({
    symbols: instruments.map((instrument) => benchSymbol(instrument.name)),
    paper: { instruments, equityUsdt: '100000000', profile: 'calm' },
  });
  try {
    const pid = stage.engine.pid;
    if (pid === undefined) throw new Error('the engine did not start');
    await pause(WARM_UP_MS);
    const before = cpuSeconds(pid);
    await pause(seconds * 1_000);
    const share = (cpuSeconds(pid) - before) / seconds;
    console.log(`${symbols} symbols, 2 s loop, ${seconds} s on a calm market`);
    console.log(`engine CPU     ${(share * 100).toFixed(1)} % of one core`);
    console.log(`engine memory  ${residentMegabytes(pid).toFixed(0)} MB resident`);
  } finally {
    await stage.close();
  }
}

/** CPU time a process has used. Linux only. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Memory a process has in use. Linux only. */
export function residentMegabytes(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/);
  return Number(line?.[1] ?? Number.NaN) / 1024;
}
