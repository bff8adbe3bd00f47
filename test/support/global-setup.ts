import 'vitest';
import type { TestProject } from 'vitest/node';
import { type EngineKind, startRealEngine } from './engines/start-engine.ts';
import { startRedis } from './redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null: there is none on this machine. */
    redisUrl: string | null;
    engineUrls: Record<EngineKind, string | null>;
    /** The same engines, for their own users only; null for one that was given. */
    guardedEngineUrls: Record<EngineKind, string | null>;
    mssqlUrl: string | null;
  }
}

/**
 * Starts what the suites share: Redis, Operaton and Camunda 7; a server whose URL is given is used
 * instead (`REDIS_TEST_URL`, `OPERATON_TEST_URL`, `CAMUNDA7_TEST_URL`). Where one cannot be started its
 * suites are skipped, loudly; with CI=true that is a failure.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  async function start<T extends { url: string; stop(): Promise<void> }>(
    name: string,
    given: string | undefined,
    begin: () => Promise<T>,
  ): Promise<string | null> {
    if (given) return given;
    try {
      const running = await begin();
      stops.push(running.stop);
      return running.url;
    } catch (error) {
      skipped(name, error instanceof Error ? error.message : String(error));
      if (process.env.CI === 'true') throw error;
      return null;
    }
  }
  const { env } = process;
  const redisUrl = await start('Redis', env.REDIS_TEST_URL, startRedis);
  const guarded: Record<EngineKind, string | null> = { operaton: null, camunda7: null };
  const startEngine = (name: string, kind: EngineKind, given: string | undefined) =>
    start(name, given, async () => {
      const running = await startRealEngine(kind);
      guarded[kind] = running.guardedUrl;
      return running;
    });
  const [operaton, camunda7] = await Promise.all([
    startEngine('Operaton', 'operaton', env.OPERATON_TEST_URL),
    startEngine('Camunda 7', 'camunda7', env.CAMUNDA7_TEST_URL),
  ]);
  if (!guarded.operaton && !guarded.camunda7) {
    skipped('basic auth', 'given engines have no second address that asks for credentials');
  }
  const mssqlUrl = env.MSSQL_TEST_URL || null;
  if (!mssqlUrl) skipped('SQL Server', 'MSSQL_TEST_URL is not set');
  project.provide('redisUrl', redisUrl);
  project.provide('engineUrls', { operaton, camunda7 });
  project.provide('guardedEngineUrls', guarded);
  project.provide('mssqlUrl', mssqlUrl);
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

function skipped(what: string, why: string): void {
  const line = '*'.repeat(78);
  process.stderr.write(`\n${line}\n* SKIPPED: the ${what} suites: ${why}\n${line}\n\n`);
}
