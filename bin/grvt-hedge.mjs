#!/usr/bin/env node
import v8 from 'node:v8';

// Readable by an old Node too, so that it can say in one line what is needed. Everything else is TypeScript that Node 24 runs as it is.
// 24.5: connections through a proxy.
const [neededMajor, neededMinor] = [24, 5];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  console.error(
    `grvt-hedge needs Node ${neededMajor}.${neededMinor} or newer; this is ${process.versions.node}. ` +
      '`npm ci` installs one beside the project: start it with `npm start` or `npm run hedge -- …`.',
  );
  process.exit(78);
}

// SIGUSR1 would open a debugger on loopback, to whoever can send it or use that port; npm's scripts say --disable-sigusr1, others may not.
if (!process.execArgv.includes('--disable-sigusr1') && process.platform !== 'win32') process.on('SIGUSR1', () => {});

// A running engine's snapshots live for one poll and become garbage. By default V8 lets the heap grow to several times the live objects
// before it collects them; limited to a growth of a fifth it collects them in time. With `--optimize-for-size` it collected about twice
// during each hedge (docs/speed.md).
if (process.argv[2] === 'run') v8.setFlagsFromString('--heap-growing-percent=20');
const { main } = await import('../src/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
