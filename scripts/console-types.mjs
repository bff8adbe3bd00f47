// Writes the types of the REST API for the console (src/console/api/openapi.d.ts) from the OpenAPI document of the
// service, which it builds without a database: a change of the API that the console does not follow fails
// `npm run check`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

const TYPES = join(root, 'src', 'console', 'api', 'openapi.d.ts');

/** Stands for a part of the service that is there, and that no route uses before it is called. */
const unused = new Proxy(() => unused, {
  get: (target, name) => (name === 'then' ? undefined : name in target ? target[name] : unused),
});

/** The OpenAPI document of all routes. */
async function readDocument() {
  await import('./typescript.mjs');
  const { buildServer } = await import('../src/http/server.ts');
  const { default: pino } = await import('pino');
  const app = await buildServer({
    log: pino({ level: 'silent' }),
    version: '0',
    api: true,
    consoleFolder: root,
    definitions: new Map(),
    engine: unused,
    deployed: unused,
    readPath: unused,
    administration: unused,
    userTasks: unused,
    elsewhere: unused,
    newId: unused,
    store: unused,
    live: unused,
    limits: {
      load: unused,
      waitTimeoutMs: 1,
      exportsMax: 1,
      bodyLimit: 1_024,
      requestTimeoutMs: 1_000,
      connectionsPerAddressMax: 1,
    },
    access: { control: unused, trustProxy: '', consoleUrl: '', rateLimitPerMinute: 0 },
    operations: { checks: {}, stopping: () => false, deadLetters: unused, idsOf: unused },
  });
  await app.ready();
  return app.swagger();
}

const { default: openapiTypes, astToString } = await import('openapi-typescript');
const types = astToString(await openapiTypes(JSON.stringify(await readDocument())));
// An unchanged file keeps its time, so that builds and type checks that depend on it are not repeated.
if (!existsSync(TYPES) || readFileSync(TYPES, 'utf8') !== types) writeFileSync(TYPES, types);
process.exit(0);
