import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MISTAKES } from './list.ts';

/**
 * Plants one mistake: loaded before anything else (`node --import`), it changes one line of one product file as that file
 * is loaded. The files on disk stay as they are.
 */
const name = process.env.PLANTED_MISTAKE ?? '';
const mistake = MISTAKES.find((one) => one.name === name);
if (name !== '' && mistake === undefined) throw new Error(`no such mistake: ${name}`);

if (mistake !== undefined) {
  const root = new URL('..', import.meta.url);
  const target = new URL(mistake.file, root).href;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      const source = String(loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source);
      const parts = source.split(mistake.right);
      // A mistake that cannot be planted would pass as one that is not caught.
      if (parts.length !== 2) {
        throw new Error(`${fileURLToPath(url)}: found ${parts.length - 1} times, not once: ${mistake.right}`);
      }
      return { ...loaded, source: parts.join(mistake.wrong) };
    },
  });
}
