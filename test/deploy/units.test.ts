import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { VARIABLE_NAMES } from '../../src/settings/index.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** What is in `deploy/` and can be judged without a systemd, Docker or Kubernetes that runs. */

const ROOT = join(import.meta.dirname, '../..');
const UNIT = readFileSync(join(ROOT, 'deploy/systemd/grvt-hedge@.service'), 'utf8');
const STANDBY = readFileSync(join(ROOT, 'deploy/systemd/standby.conf'), 'utf8');
const GATEWAY = readFileSync(join(ROOT, 'deploy/systemd/grvt-hedge-telegram.service'), 'utf8');
const FLEET = readFileSync(join(ROOT, 'deploy/systemd/grvt-hedge-fleet.service'), 'utf8');
const WORKER = readFileSync(join(ROOT, 'deploy/systemd/grvt-hedge-worker.service'), 'utf8');
/** Exposure in tenths, as systemd-analyze counts: 2.0 is its limit of "OK". */
const EXPOSURE_MAX = 20;
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
// The gate has it: there a missing one is a fault of the gate.
const skip = !hasSystemd && process.env.CI !== 'true' ? 'needs systemd-analyze' : false;

interface Service {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly volumes: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, unknown>>;
}

const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-unit-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function analyze(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', timeout: PATIENCE_MS });
  return { status, text: `${stdout}${stderr}` };
}

describe('deploy/systemd', () => {
  for (const [name, unit] of [
    ['grvt-hedge@main.service', UNIT],
    ['grvt-hedge-telegram.service', GATEWAY],
    ['grvt-hedge-fleet.service', FLEET],
    ['grvt-hedge-worker.service', WORKER],
  ] as const) {
    const file = join(folder, name);

    it(`${name} is a unit that systemd accepts without a word`, { skip }, () => {
      // The program is not installed here; everything else stays as it is.
      writeFileSync(file, unit.replace('/opt/grvt-hedge/node_modules/.bin/node', process.execPath));
      const { status, text } = analyze('verify', '--man=no', file);
      assert.deepEqual({ status, text: text.trim() }, { status: 0, text: '' });
    });

    it(`the exposure of ${name} is at most 2.0`, { skip }, () => {
      writeFileSync(file, unit);
      const { status, text } = analyze('security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager', file);
      assert.equal(status, 0, text);
    });
  }

  it('the drop-in of a standby is one that systemd accepts without a word, and takes the place of the start', {
    skip,
  }, () => {
    const place = join(folder, 'standby');
    mkdirSync(join(place, 'grvt-hedge@main.service.d'), { recursive: true });
    const file = join(place, 'grvt-hedge@main.service');
    const installed = (text: string) => text.replace('/opt/grvt-hedge/node_modules/.bin/node', process.execPath);
    writeFileSync(file, installed(UNIT));
    writeFileSync(join(place, 'grvt-hedge@main.service.d/standby.conf'), installed(STANDBY));
    const { status, text } = analyze('verify', '--man=no', file);
    assert.deepEqual({ status, text: text.trim() }, { status: 0, text: '' });
    assert.match(STANDBY, /^ExecStart=\nExecStart=.* run --standby --env-file/m);
  });

  it('every setting that it names exists, and the keys come as files', () => {
    const names = [UNIT, STANDBY, FLEET, WORKER]
      .flatMap((unit) => [...unit.matchAll(/^Environment=([A-Z0-9_]+)=/gm)])
      .map(([, name = '']) => name);
    const known = new Set<string>(VARIABLE_NAMES.flatMap((name) => [name, `${name}_FILE`]));
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
    assert.equal(names.filter((name) => /KEY_\d_FILE$/.test(name)).length, 4);
  });
});

describe('deploy/', () => {
  for (const file of [
    'compose/compose.yaml',
    'compose/standby.yaml',
    'compose/grafana/datasource.yaml',
    'compose/grafana/dashboards.yaml',
    'kubernetes/pair.yaml',
    'kubernetes/kustomization.yaml',
    'kubernetes/standby/kustomization.yaml',
    'kubernetes/standby/fleet.yaml',
    'kubernetes/standby/database.yaml',
  ]) {
    it(`${file} is YAML without duplicate keys`, () => {
      const documents = parseAllDocuments(readFileSync(join(ROOT, 'deploy', file), 'utf8'), {
        strict: true,
        merge: true,
      });
      assert.ok(Array.isArray(documents) && documents.length > 0);
      for (const document of documents) assert.deepEqual([...document.errors, ...document.warnings], []);
    });
  }

  it('every setting of the Kubernetes manifests exists', () => {
    const files = ['pair.yaml', 'standby/kustomization.yaml', 'standby/fleet.yaml'];
    const text = files.map((file) => readFileSync(join(ROOT, 'deploy/kubernetes', file), 'utf8')).join('\n');
    const names = [...text.matchAll(/\{ name: ([A-Z0-9_]+), value:/g)].map(([, name = '']) => name);
    const known = new Set<string>(VARIABLE_NAMES.flatMap((name) => [name, `${name}_FILE`]));
    assert.ok(names.length > 5);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
  });

  it('of two engines in compose each has a port and a volume of its own, and all their settings exist', () => {
    const file = readFileSync(join(ROOT, 'deploy/compose/standby.yaml'), 'utf8');
    const { services, secrets } = parse(file, { merge: true }) as Compose;
    const engines = Object.values(services).filter(({ command }) => command[0] === 'run');
    assert.deepEqual(
      engines.map(({ command }) => command),
      [
        ['run', '--standby'],
        ['run', '--standby'],
      ],
    );
    assert.equal(new Set(engines.map(({ environment }) => environment.GRVT_HEDGE_HTTP_PORT)).size, 2);
    assert.equal(new Set(engines.map(({ volumes }) => volumes[0])).size, 2);
    const known = new Set<string>(VARIABLE_NAMES.flatMap((name) => [name, `${name}_FILE`]));
    for (const { environment, secrets: used } of Object.values(services)) {
      assert.deepEqual(
        Object.keys(environment).filter((name) => !known.has(name) && !name.startsWith('POSTGRES_')),
        [],
      );
      const named = Object.values(environment).flatMap((value) => /^\/run\/secrets\/(.+)/.exec(value)?.[1] ?? []);
      assert.deepEqual(
        named.filter((name) => !used.includes(name)),
        [],
      );
      assert.deepEqual(
        used.filter((name) => secrets[name] === undefined),
        [],
      );
    }
  });

  it('what the Dockerfile and the compose file copy or mount is there', () => {
    const dockerfile = readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8');
    const copied = [...dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '));
    assert.ok(copied.length >= 6);
    const mounted = [...readFileSync(join(ROOT, 'deploy/compose/compose.yaml'), 'utf8').matchAll(/- (\.[^:]*):/g)].map(
      ([, path = '']) => join('deploy/compose', path),
    );
    for (const path of [...copied, ...mounted]) assert.ok(existsSync(join(ROOT, path)), path);
  });
});
