import { acquireLocks, LockError } from '../../../src/journal/lock.ts';

/**
 * Tries to take the locks as soon as it is told to (one line on its input), says `held` or `refused <pid>`, and keeps what
 * it holds until its input ends.
 */
const [dataDirectory, accountDirectory, ...accounts] = process.argv.slice(2);
process.stdin.once('data', async () => {
  try {
    await acquireLocks({
      dataDirectory: dataDirectory!,
      ...(accountDirectory === '' ? {} : { accountDirectory: accountDirectory! }),
      accounts: accounts.map((subAccountId) => ({ env: 'testnet', subAccountId })),
    });
    process.stdout.write('held\n');
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    const { why } = error;
    process.stdout.write(`${why.code === 'lock-held' ? `refused ${why.params.pid}` : error.message}\n`);
  }
});
process.stdin.on('end', () => process.exit(0));
process.stdout.write('ready\n');
