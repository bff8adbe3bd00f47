import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const BIN = fileURLToPath(new URL('../../../src/bin.mjs', import.meta.url));
/** What runs TypeScript from the sources; a build has none of it. */
const LOADER = ['esbuild'];
const NOT_NEEDED =
  /^(mssql|tedious|bullmq|ioredis|bpmn-.*|@?fastify.*|@opentelemetry.*|undici|pino-pretty)$/;

const NOT_CONFIGURED =
  /^(mssql|tedious|bullmq|ioredis|got|camunda-external-.*|@bull-board\/.*|@opentelemetry\/(sdk|exporter|otlp|resources).*)$/;

describe('a command loads only what it needs:', () => {
  const folder = temporaryFolder();
  const env = { PATH: process.env.PATH, DATA_DIR: join(folder.path, 'data') };
  beforeAll(() => void execFileSync(process.execPath, [BIN, 'migrate'], { env }));
  afterAll(() => folder.remove());

  /**
   * The packages and the files of ours that a command loads. Node lists every script it has run as coverage
   * (https://nodejs.org/docs/latest-v20.x/api/cli.html#node_v8_coveragedir).
   */
  function loadedBy(...args: string[]): { packages: string[]; files: string[] } {
    const coverage = coverageOf(args);
    execFileSync(process.execPath, [BIN, ...args], {
      env: { ...env, NODE_V8_COVERAGE: coverage },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return loadedIn(coverage);
  }

  function coverageOf(args: readonly string[]): string {
    const coverage = join(folder.path, `coverage-${args.join('-')}`);
    mkdirSync(coverage);
    return coverage;
  }

  function loadedIn(coverage: string): { packages: string[]; files: string[] } {
    const urls = readdirSync(coverage).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as {
        result: { url: string }[];
      };
      return result.map(({ url }) => url);
    });
    const packages = urls.flatMap(
      (url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [],
    );
    return {
      packages: [...new Set(packages)].filter((name) => !LOADER.includes(name)).sort(),
      files: urls.filter((url) => url.startsWith('file:') && !url.includes('/node_modules/')),
    };
  }

  it('--help loads commander and no other package, and no command', () => {
    const { packages, files } = loadedBy('--help');
    expect(packages).toEqual(['commander']);
    const own = /\/(src\/bin\.mjs|scripts\/typescript.*\.mjs|src\/cli\/cli\.ts)$/;
    const layers = files.filter((url) => !own.test(url));
    expect(layers).not.toHaveLength(0);
    for (const url of layers)
      expect(url).toMatch(/\/(src\/composition\/lifecycle|domain\/common)\//);
  });

  it.each(['api-key list', 'verify', 'archive --dry-run'])(
    '%s on SQLite loads no SQL Server driver, queue, process engine, HTTP server, tracing or pretty log',
    (command) => {
      const { packages } = loadedBy(...command.split(' '));
      expect(packages).toEqual(expect.arrayContaining(['better-sqlite3', 'commander', 'zod']));
      expect(packages.filter((name) => NOT_NEEDED.test(name))).toEqual([]);
    },
  );

  it('serve on the embedded default loads nothing for Redis, a remote engine, SQL Server or traces', async () => {
    const coverage = coverageOf(['serve']);
    const settings = { ...env, PATH: env.PATH ?? '', PORT: '0', NODE_V8_COVERAGE: coverage };
    const ready = /"url":"([^"]+)".*"msg":"ready"/;
    const service = await startCommand(['serve'], settings, ready, BIN);
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    const { packages } = loadedIn(coverage);
    expect(packages).toEqual(expect.arrayContaining(['better-sqlite3', 'fastify']));
    expect(packages.filter((name) => NOT_CONFIGURED.test(name))).toEqual([]);
  });
});
