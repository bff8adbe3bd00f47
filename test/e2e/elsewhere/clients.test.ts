import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { type ElsewhereRig, openElsewhereRig } from '../../support/elsewhere-rig.ts';
import { compileJavaClient } from '../../support/engine-clients/java-client.ts';
import { installPythonClients } from '../../support/engine-clients/python-client.ts';
import { engineKinds } from '../../support/engines.ts';
import { missingForJava } from '../../support/java.ts';
import { missingForPython } from '../../support/python.ts';
import { reportSkipped } from '../../support/skipped.ts';
import { type EngineProxy, startEngineProxy } from '../../support/worker-proxy.ts';

/** Milliseconds: the first run loads the clients. */
const SETUP_TIMEOUT_MS = 300_000;
const PAGE = readFileSync(new URL('../../../docs/workers-elsewhere.md', import.meta.url), 'utf8');
const TOPIC = 'quote-parcel.find-tariff';
const URL_OF_SERVICE = 'http://127.0.0.1:3000/engine-rest';
const engines = (await engineKinds()).filter(({ name }) => name !== 'Camunda 7');

interface Client {
  /** Starts the program of the page. */
  start(folder: string, source: string, key: string): Promise<ChildProcess>;
}

const CLIENTS = [
  {
    name: 'Java',
    language: 'java',
    missing: missingForJava(),
    async prepare(): Promise<Client> {
      const java = await compileJavaClient();
      return {
        async start(folder, source, WORKER_KEY) {
          const file = join(folder, 'Tariffs.java');
          if (!existsSync(file)) {
            writeFileSync(file, source);
            await java.compile(file);
          }
          return java.start(folder, 'Tariffs', { WORKER_KEY });
        },
      };
    },
  },
  {
    name: 'Python',
    language: 'python',
    missing: missingForPython(),
    async prepare(): Promise<Client> {
      const python = await installPythonClients();
      return {
        async start(folder, source, WORKER_KEY) {
          const file = join(folder, 'tariffs.py');
          writeFileSync(file, source);
          return python.start(file, { WORKER_KEY });
        },
      };
    },
  },
];
for (const { name, missing } of CLIENTS) if (missing) reportSkipped(`${name} client`, missing);

describe.each(engines)('a worker with a client of Camunda, on $name,', (kind) => {
  describe.skipIf(!kind.available)('as docs/workers-elsewhere.md shows it', () => {
    let rig: ElsewhereRig;
    let proxy: EngineProxy;
    beforeAll(async () => {
      rig = await openElsewhereRig(kind);
      proxy = await startEngineProxy(`${rig.service.url}/engine-rest`);
    });
    afterAll(async () => {
      await proxy?.stop();
      await rig?.close();
    });

    describe.each(CLIENTS)('in $name', ({ language, missing, prepare }) => {
      let client: Client;
      let folder: ReturnType<typeof temporaryFolder>;
      const running: ChildProcess[] = [];
      beforeAll(async () => {
        folder = temporaryFolder();
        if (!missing) client = await prepare();
      }, SETUP_TIMEOUT_MS);
      afterAll(async () => {
        for (const child of running) await kill(child);
        folder?.remove();
      });

      async function begin(): Promise<ChildProcess> {
        const pattern = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``);
        const source = (pattern.exec(PAGE)?.[1] ?? '')
          .replaceAll(TOPIC, rig.topic)
          .replaceAll(URL_OF_SERVICE, proxy.url);
        const child = await client.start(folder.path, source, rig.workerKey);
        running.push(child);
        return child;
      }

      it.skipIf(missing)(
        'G2: is killed in the middle of a task and begun again: each process ends, each step once',
        async () => {
          const isComplete = (path: string) => /\/complete$/.test(path);
          const first = await rig.begin({ weight: 2.5 });
          let id: string | undefined;
          proxy.intercept(({ path }) => {
            if (!isComplete(path)) return 'pass';
            id = path.split('/')[2];
            return 'hang';
          });
          const killed = await begin();
          await until(() => id, 'it has done the task, and nobody else knows');
          await kill(killed);
          expect(await rig.steps(first)).toEqual([]);
          // In place of the minute until its lock has run out.
          expect((await rig.post(`${id}/unlock`, undefined)).status).toBe(204);
          // The answer is lost: it does not know that the task is done.
          let lost = 0;
          proxy.intercept(({ path }) =>
            isComplete(path) && lost++ === 0 ? 'lose-answer' : 'pass',
          );
          await begin();
          expect(await rig.ended(first)).toMatchObject({ result: { price: 7.75 } });
          const second = await rig.begin({ weight: 40 });
          expect(await rig.ended(second)).toMatchObject({ error: { code: 'TOO_HEAVY' } });
          const types = [...(await rig.steps(first)), ...(await rig.steps(second))];
          expect(types.map(({ type, actor }) => [type, actor])).toEqual([
            ['step-completed', 'worker'],
            ['step-failed', 'worker'],
          ]);
        },
        120_000,
      );
    });
  });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
