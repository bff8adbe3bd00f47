import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  findBarriersInThemes,
  openConsoleRig,
  WIDTHS,
} from '../../support/console.ts';

describe.skipIf(browserUrl === null)('the console shows tasks', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
  });
  afterAll(() => rig?.close());

  /** Starts a purchase and waits for its task. */
  async function purchase(correlationId: string): Promise<void> {
    const variables = {
      purchaseId: correlationId,
      item: 'A desk',
      amount: 320,
      requestedBy: 'Kim',
    };
    const prefer = 'respond-async';
    await rig.service.api.start('approve-purchase', variables, { correlationId }, { prefer });
    await until(async () => {
      const { text } = await rig.service.api.get('/api/tasks?limit=1000');
      return text.includes(`"${correlationId}"`);
    }, `the task of ${correlationId}`);
  }

  it('that come by themselves, with filters that are in the URL', async () => {
    const page = await rig.open('/console/tasks');
    await page.getByText('No task waits for anybody').waitFor();
    await purchase('comes');
    await page.getByRole('link', { name: 'Approve the purchase' }).waitFor();
    await page.getByLabel('Group that may claim').fill('sellers');
    await page.getByText('No task waits for anybody').waitFor();
    expect(new URL(page.url()).search).toBe('?candidateGroup=sellers');
  });

  it('to claim and complete, with a form made of the schema of the task', async () => {
    await purchase('to-complete');
    const page = await rig.open('/console/tasks');
    const row = page.locator('tr').filter({ hasText: 'to-complete' });
    await row.getByRole('link', { name: 'Approve the purchase' }).click();
    await page.getByText('"A desk"').waitFor();
    await page.getByRole('button', { name: 'Claim' }).click();
    await page.getByRole('button', { name: 'Give back' }).waitFor();

    await page.getByRole('button', { name: 'Complete' }).click();
    await page.getByText('must be filled').waitFor();
    await page.getByLabel('approved').selectOption('Yes');
    await page.getByLabel(/^comment/).fill('Within the budget');
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Complete' }).click();

    await page.waitForURL(/processes\/to-complete$/);
    await page.locator('h1').getByText('Completed').waitFor();
    const { body } = await rig.service.api.get('/api/process/to-complete/events');
    expect(body.events.find(({ step }) => step?.name === 'approve-purchase')).toMatchObject({
      actor: 'local',
      data: { output: { approved: true, comment: 'Within the budget' } },
    });
  });

  it('where their process stands, in words beside its diagram', async () => {
    await purchase('stands');
    const page = await rig.open('/console/processes/stands');
    const standing = page.getByRole('list', { name: 'Where it stands' });
    await standing.getByText('Approve the purchase').waitFor();
    await page.locator('.djs-element.tone-wait[data-element-id="approve"]').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await standing.getByRole('link', { name: 'Open the task' }).click();
    await page.getByRole('heading', { name: 'Approve the purchase', level: 1 }).waitFor();
  });

  it('and says of one that is not open any more what happened', async () => {
    const page = await rig.open('/console/tasks/none:000001');
    await page.getByText('This task is not open any more').waitFor();
  });

  it('without barriers that axe finds, in both themes at two widths', async () => {
    for (const width of WIDTHS) {
      const page = await rig.open('/console/tasks', { width });
      await page.locator('tbody tr').first().waitFor();
      expect(await findBarriersInThemes(page), `${width}`).toEqual([]);
    }
  });

  it('and does nothing wrong meanwhile', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
