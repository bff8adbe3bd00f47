import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ELSEWHERE_PROCESSES, type FetchedTask } from '../../support/elsewhere-rig.ts';
import { createTestDatabase } from '../../support/mssql.ts';
import { startTestService, type TestService } from '../../support/service.ts';

const mssqlUrl = inject('mssqlUrl');
const TASKS = '/engine-rest/external-task';
const SLOW = 120_000;

describe.skipIf(mssqlUrl === null)('a step that is done elsewhere, with SQL Server,', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let settings: Record<string, string>;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase(mssqlUrl ?? '');
    settings = { DATABASE_URL: database.url, PROCESSES_DIR: ELSEWHERE_PROCESSES };
    service = await startTestService(settings);
  }, SLOW);
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
    service?.folder.remove();
  });

  it(
    'G2: is journaled before the engine gets it, once, also when it is sent to a service that has restarted',
    async () => {
      const headers = { prefer: 'respond-async' };
      await service.api.start('label', { parcel: 'p-1' }, { correlationId: 'label-1' }, headers);
      const topics = [{ topicName: 'label.print', lockDuration: 60_000 }];
      const fetched = await service.api.post(`${TASKS}/fetchAndLock`, {
        json: { workerId: 'w-1', asyncResponseTimeout: 20_000, topics },
      });
      const [task] = JSON.parse(fetched.text) as FetchedTask[];
      expect(task?.variables).toMatchObject({ parcel: { value: 'p-1' } });
      await service.stop();
      service = await startTestService(settings, service.folder);
      const path = `${TASKS}/${task?.id}/complete`;
      const json = { workerId: 'w-1', variables: { label: { value: 'L-1' } } };
      const answers = [
        await service.api.post(path, { json }),
        await service.api.post(path, { json }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([204, 204]);
      const { body } = await service.api.status('label-1', { prefer: 'wait=25' });
      expect(body).toMatchObject({ status: 'ok', result: { label: 'L-1' } });
      const { events } = (await service.api.get('/api/process/label-1/events')).body;
      expect(events.filter(({ step }) => step)).toMatchObject([
        { type: 'step-completed', actor: 'local', data: { input: { parcel: 'p-1' } } },
      ]);
    },
    SLOW,
  );
});
