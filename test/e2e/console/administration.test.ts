import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { soon } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
} from '../../support/console.ts';
import { MASTER } from '../../support/personal.ts';

describe.skipIf(browserUrl === null)('an administrator in the console', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig({ PERSONAL_DATA_KEY: MASTER });
  });
  afterAll(() => rig?.close());

  /** Starts a purchase, whose requester is personal data, and cancels it. */
  async function cancelled(correlationId: string): Promise<void> {
    const variables = { purchaseId: '1', item: 'A lamp', amount: 20, requestedBy: 'Kim' };
    const prefer = 'respond-async';
    await rig.service.api.start('approve-purchase', variables, { correlationId }, { prefer });
    await rig.service.api.post(`/api/process/${correlationId}/cancel`, {});
  }

  it('reads how the service runs', async () => {
    const page = await rig.open('/console/settings');
    await page.getByText('projector').first().waitFor();
    const key = page.locator('tr').filter({ hasText: 'PERSONAL_DATA_KEY' }).last();
    await key.getByText('***').waitFor();
    await page.getByText('No API keys').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('restores a process from the archive, for a reason', async () => {
    await cancelled('archived-one');
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase({ ...options, file: rig.service.folder.file });
    await until(async () => {
      const { processes } = await database.archive.moveBatch({ endedBefore: soon(), limit: 10 });
      return processes > 0;
    }, 'the process is archived');
    await database.close();

    const page = await rig.open('/console/archive?process=approve-purchase');
    await page.getByRole('link', { name: 'archived-one' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('link', { name: 'archived-one' }).click();
    await page.getByRole('button', { name: 'Restore…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restore archived-one' });
    await dialog.getByLabel('Reason').fill('a question of the customer');
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('h1').getByText('archived', { exact: true }).waitFor({ state: 'detached' });
    const { body } = await rig.service.api.status('archived-one');
    expect(body).not.toHaveProperty('archived');
  });

  it('erases personal data after typing what is erased', async () => {
    await cancelled('erased-one');
    const page = await rig.open('/console/processes/erased-one?tab=json');
    await page.getByRole('tabpanel').getByText('"Kim"').waitFor();
    await page.getByRole('button', { name: 'Erase…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('asked for by the customer');
    const erase = dialog.getByRole('button', { name: 'Erase' });
    expect(await erase.isDisabled()).toBe(true);
    await dialog.getByLabel('Type the correlation id to confirm').fill('erased-one');
    expect(await findBarriers(page)).toEqual([]);
    await erase.click();
    await dialog.getByText('Within five seconds the values are unreadable').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('tabpanel').getByText('"[erased]"').waitFor();
    expect(await page.getByText('"Kim"').count()).toBe(0);
  });

  it('does nothing wrong meanwhile', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
