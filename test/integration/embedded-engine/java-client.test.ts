import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/databases.ts';
import {
  type ClientEngine,
  openRealEngine,
  startFacade,
} from '../../support/engine-clients/client-engine.ts';
import { compileJavaClient, type JavaClient } from '../../support/engine-clients/java-client.ts';
import { missingForJava } from '../../support/java.ts';
import { realEngines } from '../../support/servers.ts';
import { reportSkipped } from '../../support/skipped.ts';

/** Milliseconds: the first run loads the client. */
const SETUP_TIMEOUT_MS = 300_000;
const SCENARIOS = [
  ['take over', 'a task of a killed worker goes to another when its lock has run out'],
  ['variables', 'variables of every type come and go'],
  ['failure', 'failures, retries and incidents'],
  ['bpmn error', 'BPMN errors'],
  ['locks', 'locks are extended, given back and refused'],
  ['long poll', 'a fetch waits for a task'],
  ['filters', 'a subscription gets the tasks and variables that it asks for'],
  ['errors', 'what is refused is the same exception'],
] as const;
const names = SCENARIOS.map(([name]) => name);
const missing = missingForJava();
if (missing) reportSkipped('Java client', missing);
const engines = missing ? [] : await realEngines();

describe.skipIf(missing)("Camunda's external-task client for Java", () => {
  const seen = new Map<string, Map<string, string[]>>();
  const opened: ClientEngine[] = [];
  let access: string[] = [];
  let java: JavaClient;

  beforeAll(async () => {
    java = await compileJavaClient();
    async function run(name: string, open: () => Promise<ClientEngine>): Promise<void> {
      const engine = await open();
      opened.push(engine);
      await java.killHolder(engine);
      const own = name === 'facade' ? ['access'] : [];
      const lines = await java.run(engine, [...names, ...own]);
      access = lines.get('access') ?? access;
      seen.set(name, lines);
    }
    await Promise.all([
      run('facade', startFacade),
      ...engines.map(({ name, url }) => run(name, () => openRealEngine(url))),
    ]);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => Promise.all(opened.map((engine) => engine.close())));

  it('gets in with an API key, however it is sent, and says why not without one', () => {
    const refused =
      'UnknownHttpErrorException TASK/CLIENT-03031 Exception while fetching and locking task';
    const status = 'The request failed with status code 401 and message';
    const facts = 'status 401, type AuthorizationException, code 0';
    expect(access).toEqual([
      `a wrong key: ${refused}: ${status}: "The API key or token is not valid, or no longer valid." | ${facts}`,
      'as X-API-Key: ok',
      'as a bearer token: ok',
      'by HTTP Basic: ok',
      expect.stringMatching(/^none: .* 401 and message: "Send an API key or token as /),
    ]);
  });

  it('is used in docs/engine-rest.md in a program that compiles', async () => {
    const page = fileURLToPath(new URL('../../../docs/engine-rest.md', import.meta.url));
    const [, example] = /```java\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? [];
    const folder = temporaryFolder();
    const file = join(folder.path, 'Tariffs.java');
    writeFileSync(file, example ?? '');
    await java.compile(file);
    expect(existsSync(join(folder.path, 'Tariffs.class'))).toBe(true);
    folder.remove();
  });

  describe.each(engines)('finds the embedded engine like $name', ({ name }) => {
    it.each(SCENARIOS)('%s: %s', (scenario) => {
      const lines = seen.get('facade')?.get(scenario);
      expect(lines?.length).toBeGreaterThan(0);
      expect(lines).toEqual(seen.get(name)?.get(scenario));
    });
  });
});
