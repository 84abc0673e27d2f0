import { encode } from '../core/codec.ts';
import { runCampaign } from './campaign.ts';
import type { PlainOptions } from './options.ts';

/**
 * One process of a campaign of many seeds: takes options, one seed after the other, and answers with results. A process of
 * its own because virtual time is the whole process' time.
 */
process.on('message', (options: PlainOptions) => {
  void runCampaign(options).then((result) => {
    // Decimals travel as text; only what leaves the process in whole is sent.
    process.send?.({ seed: options.seed, result: encode(result) });
  });
});
