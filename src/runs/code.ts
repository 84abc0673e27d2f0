import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What determines the result of a run: the program's files, and the versions of its dependencies. */
const COUNTED = ['src', 'machines', 'package-lock.json'];

/**
 * Identifies the code, so that machines can tell whether they would produce the same bytes: `1.0.0 (0123456789ab, Node
 * 24)`. @throws Error if its files are unreadable
 */
export function codeName(): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const hash = createHash('sha256');
  for (const place of COUNTED) {
    const files = place.endsWith('.json')
      ? [place]
      : readdirSync(join(root, place), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
    for (const file of files.sort()) {
      const bytes = readFileSync(join(root, file));
      hash.update(`${file.replaceAll('\\', '/')} ${bytes.length}\n`).update(bytes);
    }
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return `${version} (${hash.digest('hex').slice(0, 12)}, Node ${process.versions.node.split('.')[0]})`;
}
