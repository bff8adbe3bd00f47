import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
} from '../../support/console.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';
import { bullmqQueues, job, policies } from '../../support/queues.ts';
import { serverUrl } from '../../support/servers.ts';

const SHIPPED = fileURLToPath(new URL('../../../domain/processes', import.meta.url));
const redisUrl = await serverUrl('redis');
const engineUrl = await serverUrl('operaton');

describe.skipIf(browserUrl === null || redisUrl === null || engineUrl === null)(
  'the console on Redis and Operaton',
  () => {
    const folder = temporaryFolder();
    let rig: ConsoleRig;
    let processes: ProcessCopies;
    let queues: ReturnType<typeof bullmqQueues>;
    beforeAll(async () => {
      processes = copyProcesses(folder.path, ['approve-purchase'], SHIPPED);
      queues = bullmqQueues(redisUrl ?? '');
      // Another instance gave them up.
      const queue = await queues.open({
        policies: policies({ attempts: 1, backoff: 1, maxBackoff: 1 }),
      });
      await queue.work({
        'project-process': async () => {
          throw new TypeError('a defect');
        },
      });
      queue.addBulk([job('project-process', 'gone-1', '1'), job('project-process', 'gone-2', '2')]);
      await until(async () => (await queue.deadLetters.list({}, 9)).length === 2, 'given up');
      await queue.close(5_000);
      rig = await openConsoleRig({
        REDIS_URL: redisUrl ?? '',
        REDIS_PREFIX: queues.prefix,
        CAMUNDA_BASE_URL: engineUrl ?? '',
        PROCESSES_DIR: processes.directory,
      });
    });
    afterAll(async () => {
      await rig?.close();
      await queues?.destroy();
      await processes?.removeFrom(engineUrl ?? '');
      folder.remove();
    });

    it('shows a process of that engine, its diagram, and completes its task', async () => {
      const correlationId = `purchase-${randomUUID()}`;
      const variables = { purchaseId: '1', item: 'A lamp', amount: 20, requestedBy: 'Kim' };
      const prefer = 'respond-async';
      await rig.service.api.start(
        processes.key('approve-purchase'),
        variables,
        { correlationId },
        { prefer },
      );
      const page = await rig.open('/console/tasks');
      const row = page.locator('tr').filter({ hasText: correlationId });
      await row.getByRole('link', { name: correlationId }).click();
      await page.locator('.djs-element.tone-wait[data-element-id="approve"]').waitFor();
      await page.getByRole('link', { name: 'Open the task' }).click();
      await page.getByLabel('approved').selectOption('Yes');
      await page.getByRole('button', { name: 'Complete' }).click();
      await page.waitForURL(new RegExp(`/processes/${correlationId}$`));
      await page.locator('h1').getByText('Completed').waitFor();
    });

    it('shows failed jobs, and runs them again', async () => {
      const page = await rig.open('/console/failed-jobs');
      await page.getByText('a defect').first().waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await page.getByRole('button', { name: 'Run again: project-process of gone-1' }).click();
      await page.getByText('gone-1').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Run all of them again' }).click();
      await page.getByText('No job has failed').waitFor();
    });

    it('shows that all three dependencies work', async () => {
      const page = await rig.open('/console');
      const health = page.getByRole('list', { name: 'Health' });
      for (const name of ['database', 'queue', 'engine']) {
        await health.getByText(name, { exact: true }).waitFor();
      }
      expect(rig.wrongs).toEqual([]);
    });
  },
);
