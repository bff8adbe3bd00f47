import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ClientEngine,
  openRealEngine,
  startFacade,
} from '../../support/engine-clients/client-engine.ts';
import {
  installPythonClients,
  PYTHON_PACKAGES,
} from '../../support/engine-clients/python-client.ts';
import { missingForPython } from '../../support/python.ts';
import { realEngines } from '../../support/servers.ts';
import { reportSkipped } from '../../support/skipped.ts';

/** Milliseconds: the first run loads the clients. */
const SETUP_TIMEOUT_MS = 300_000;
const SCENARIOS = [
  ['variables', 'variables of every type come and go'],
  ['results', 'tasks are completed, fail and throw BPMN errors'],
  ['fetches', 'a fetch gets the tasks and variables that it asks for'],
  ['errors', 'what is refused is the same exception'],
  ['instances', 'instances, messages and jobs'],
] as const;
const names = SCENARIOS.map(([name]) => name);
const missing = missingForPython();
if (missing) reportSkipped('Python clients', missing);
const engines = missing ? [] : await realEngines();

describe.skipIf(missing)('the external-task client for Python', () => {
  /** By engine and package. */
  const seen = new Map<string, Map<string, string[]>>();
  const opened: ClientEngine[] = [];

  beforeAll(async () => {
    const python = await installPythonClients();
    async function run(name: string, open: () => Promise<ClientEngine>): Promise<void> {
      const first = await open();
      opened.push(first);
      for (const clientPackage of PYTHON_PACKAGES) {
        const isFirst = clientPackage === PYTHON_PACKAGES[0];
        const engine = isFirst ? first : await first.again();
        if (!isFirst) opened.unshift(engine);
        const own = name === 'facade' ? ['access'] : [];
        const lines = await python.run(engine, clientPackage, [...names, ...own]);
        seen.set(`${name} ${clientPackage}`, lines);
      }
    }
    await Promise.all([
      run('facade', startFacade),
      ...engines.map(({ name, url }) => run(name, () => openRealEngine(url))),
    ]);
  }, SETUP_TIMEOUT_MS);
  afterAll(async () => {
    for (const engine of opened) await engine.close();
  });

  describe.each(PYTHON_PACKAGES)('in the package %s', (clientPackage) => {
    it('gets in with an API key, as a bearer token and by HTTP Basic', () => {
      expect(seen.get(`facade ${clientPackage}`)?.get('access')).toEqual([
        'auth_basic: []',
        'auth_bearer: []',
        expect.stringMatching(
          /^none: Exception received 401 : AuthorizationException : Send an API key/,
        ),
        'a wrong key: Exception received 401 : AuthorizationException : The API key or token is not valid, or no longer valid.',
        'ends with: None',
      ]);
    });

    it.each(engines.flatMap(({ name }) => SCENARIOS.map((one) => [...one, name] as const)))(
      '%s: %s, like %s',
      (scenario, _title, name) => {
        const lines = seen.get(`facade ${clientPackage}`)?.get(scenario);
        expect(lines?.at(-1)).toBe('ends with: None');
        expect(lines).toEqual(seen.get(`${name} ${clientPackage}`)?.get(scenario));
      },
    );
  });
});
