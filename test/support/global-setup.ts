import 'vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { startBrowser } from './browser.ts';
import type { BuiltApi } from './built-plugin.ts';
import { startRealEngine } from './engines/start-engine.ts';
import { startRedis } from './redis.ts';
import type { ServerAnswer, ServerName } from './servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL at which `servers.ts` requests servers. */
    serversUrl: string;
    mssqlUrl: string | null;
  }
}

interface Server {
  title: string;
  /** The URL of a server that runs already. */
  given: string | undefined;
  start(): Promise<{ url: string; guardedUrl?: string; stop(): Promise<void> }>;
}

const { env } = process;
const SERVERS: Record<ServerName, Server> = {
  redis: { title: 'Redis', given: env.REDIS_TEST_URL, start: () => startRedis() },
  operaton: {
    title: 'Operaton',
    given: env.OPERATON_TEST_URL,
    start: () => startRealEngine('operaton'),
  },
  camunda7: {
    title: 'Camunda 7',
    given: env.CAMUNDA7_TEST_URL,
    start: () => startRealEngine('camunda7'),
  },
  browser: {
    title: 'web console',
    given: env.BROWSER_TEST_URL,
    start: () => startBrowser(),
  },
};

/**
 * Starts Redis, Operaton, Camunda 7 and a browser for all test files, each when the first file requests it, so a run of one file
 * starts only what it needs. With `TEST_SERVERS=all`, as in the whole suite, all start at once and in advance. If
 * the URL of a server is given, that one is used. The tests of a server that cannot be started are skipped with a
 * message; with CI=true they fail.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<ServerName, Promise<ServerAnswer>>();
  const stops: (() => Promise<void>)[] = [];

  function start(name: ServerName): Promise<ServerAnswer> {
    const answer = started.get(name) ?? startOnce(name);
    started.set(name, answer);
    return answer;
  }

  async function startOnce(name: ServerName): Promise<ServerAnswer> {
    const server = SERVERS[name];
    if (server.given) return { url: server.given, guardedUrl: null };
    try {
      const { url, guardedUrl = null, stop } = await server.start();
      stops.push(stop);
      return { url, guardedUrl };
    } catch (error) {
      reportSkipped(server.title, error instanceof Error ? error.message : String(error));
      if (env.CI === 'true') throw error;
      return { url: null, guardedUrl: null };
    }
  }

  const built = builtApiOf(project);
  project.onTestsRerun(async () => built?.rebuild());
  const listener = createServer((request, response) => {
    start(request.url?.slice(1) as ServerName).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: Error) => response.end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  project.provide('serversUrl', `http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  project.provide('mssqlUrl', env.MSSQL_TEST_URL || null);

  if (env.TEST_SERVERS === 'all') {
    // The files that request a server report its failure.
    const all = (Object.keys(SERVERS) as ServerName[]).map((name) => start(name).catch(() => {}));
    // Some tests start a Redis of their own: if it must be installed, that happens once, here.
    await all[0];
    if (!env.MSSQL_TEST_URL) reportSkipped('SQL Server', 'MSSQL_TEST_URL is not set');
    if (env.OPERATON_TEST_URL && env.CAMUNDA7_TEST_URL) {
      reportSkipped(
        'basic auth',
        'engines given by URL have no second address that requires credentials',
      );
    }
  }
  return async () => {
    listener.close();
    built?.remove();
    await Promise.allSettled(started.values());
    await Promise.all(stops.map((stop) => stop()));
  };
}

function builtApiOf({ vitest }: TestProject): BuiltApi | undefined {
  const plugins = vitest.projects.flatMap(({ vite }) => vite.config.plugins);
  return plugins.find(({ name }) => name === 'built')?.api;
}

function reportSkipped(what: string, why: string): void {
  const line = '*'.repeat(78);
  process.stderr.write(`\n${line}\n* SKIPPED: the ${what} suites: ${why}\n${line}\n\n`);
}
