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

describe.skipIf(browserUrl === null)('the console shows processes', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
  });
  afterAll(() => rig?.close());

  /** Starts a process and waits for its end, or not. */
  async function onboard(correlationId: string, name: string, prefer = 'wait=25'): Promise<void> {
    const variables = { userId: correlationId, email: `${name}@example.com` };
    await rig.service.api.start('onboard-user', variables, { correlationId }, { prefer });
    await untilListed(correlationId);
  }

  /** The list follows the log. */
  const untilListed = (correlationId: string) =>
    until(async () => {
      const { body } = await rig.service.api.get('/api/process?limit=1000');
      return body.processes.some((process) => process.correlationId === correlationId);
    }, `${correlationId} is in the list`);

  const purchase = (correlationId: string) =>
    rig.service.api.start(
      'approve-purchase',
      { purchaseId: correlationId, item: 'A desk', amount: 320, requestedBy: 'Kim' },
      { correlationId },
      { prefer: 'respond-async' },
    );

  it('in a list that is searched by an identifier and an error code, in its URL', async () => {
    await onboard('searched', 'ada');
    await onboard('searched-refused', 'refused');
    const page = await rig.open('/console/processes');
    const rows = page.getByRole('region', { name: 'Processes' }).locator('tbody tr');
    await page.getByLabel('Identifier').fill('userId=searched*');
    await page.waitForURL(/identifier=userId%3Dsearched\*/);
    await until(async () => (await rows.count()) === 2, 'both are found');
    await page.getByLabel('Error code').fill('BACKGROUND_*');
    await until(async () => (await rows.count()) === 1, 'the refused one is found');
    await rows.filter({ hasText: 'searched-refused' }).waitFor();
    const archive = await rig.open(`/console/archive?identifier=userId`);
    await archive.getByText('must not be empty').waitFor();
  });

  it('that wait for their time, with it, and cancels them before', async () => {
    const startAt = new Date(Date.now() + 3_600_000).toISOString();
    const variables = { userId: 'timed', email: 'ada@example.com' };
    const more = { correlationId: 'timed', startAt };
    await rig.service.api.start('onboard-user', variables, more);
    await untilListed('timed');
    const list = await rig.open('/console/processes');
    const row = list.getByRole('row').filter({ hasText: 'timed' });
    await row.getByText('starts at').waitFor();
    const page = await rig.open('/console/processes/timed');
    await page.getByText('Starts at', { exact: true }).waitFor();
    expect(await page.locator(`time[datetime="${startAt}"]`).count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByLabel('Reason').fill('no longer needed');
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await page.locator('h1').getByText('Cancelled', { exact: true }).waitFor();
    expect(await page.getByText('Starts at', { exact: true }).count()).toBe(0);
  });

  it('in a list whose filters are in its URL, so that it can be sent', async () => {
    await onboard('in-list', 'ada');
    await onboard('refused-in-list', 'refused');
    const page = await rig.open('/console/processes');
    const rows = page.getByRole('region', { name: 'Processes' }).locator('tbody tr');
    await rows
      .filter({ hasText: 'refused-in-list' })
      .getByText('Refused', { exact: true })
      .waitFor();
    await page.getByLabel('Status').selectOption('Completed');
    await rows.filter({ hasText: 'refused-in-list' }).waitFor({ state: 'detached' });
    await page.getByLabel('Process', { exact: true }).fill('onboard-user');
    await page.waitForURL(/process=onboard-user/);
    expect(new URL(page.url()).search).toBe('?status=ok&process=onboard-user');

    const sent = await rig.open(`/console/processes${new URL(page.url()).search}`);
    await sent.getByRole('link', { name: 'in-list', exact: true }).waitFor();
    expect(await sent.getByText('refused-in-list').count()).toBe(0);
    await sent.getByLabel('Process', { exact: true }).fill('another');
    await sent.getByText('No process fits the filters').waitFor();
  });

  it('that come and change by themselves, unless somebody reads the list', async () => {
    const page = await rig.open('/console/processes');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.mouse.move(5, 700);
    await onboard('comes-by-itself', 'ada');
    await page.getByRole('link', { name: 'comes-by-itself' }).waitFor();
    // The pointer is over the list: nothing moves under it.
    await page.getByRole('link', { name: 'comes-by-itself' }).hover();
    await onboard('waits-for-a-click', 'ada');
    await page.getByRole('button', { name: /^1 new or changed/ }).waitFor();
    expect(await page.getByRole('link', { name: 'waits-for-a-click' }).count()).toBe(0);
    await page.getByRole('button', { name: /^1 new or changed/ }).click();
    await page.getByRole('link', { name: 'waits-for-a-click' }).waitFor();
  });

  it('page by page', async () => {
    await Promise.all(Array.from({ length: 55 }, (_, at) => purchase(`page-${at}`)));
    await Promise.all(Array.from({ length: 55 }, (_, at) => untilListed(`page-${at}`)));
    const page = await rig.open('/console/processes?process=approve-purchase');
    const links = page.locator('tbody a');
    await links.nth(49).waitFor();
    expect(await links.count()).toBe(50);
    await page.getByRole('button', { name: 'Older ones' }).click();
    await links.nth(54).waitFor();
    const names = await links.allTextContents();
    expect(new Set(names).size).toBe(55);
    await links.first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.locator(':focus').textContent()).toBe(names[1]);
  });

  it('of which the chosen ones are cancelled for a reason', async () => {
    await purchase('cancel-1');
    await purchase('cancel-2');
    await untilListed('cancel-1');
    await untilListed('cancel-2');
    const page = await rig.open('/console/processes?process=approve-purchase&status=pending');
    await page.getByRole('checkbox', { name: 'Choose cancel-1' }).check();
    await page.getByRole('checkbox', { name: 'Choose cancel-2' }).check();
    await page.getByRole('button', { name: 'Cancel 2' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel 2 processes' });
    await dialog.getByLabel('Reason').fill('ordered twice');
    await dialog.getByRole('button', { name: 'Cancel them' }).click();
    await dialog.waitFor({ state: 'detached' });
    const { body } = await rig.service.api.get('/api/process/cancel-2/events');
    expect(body.events.at(-1)).toMatchObject({
      type: 'process-cancelled',
      actor: 'local',
      data: { reason: 'ordered twice' },
    });
  });

  it('with each attempt at a step: why flaky took two retries', async () => {
    await onboard('flaky-one', 'flaky');
    const page = await rig.open('/console/processes/flaky-one');
    const attempt = (number: number, what: string) =>
      page.getByRole('button', { name: `run-background-check, attempt ${number}: ${what}` });
    await attempt(1, 'failed').waitFor();
    await attempt(2, 'failed').click();
    await page
      .locator('.attempt')
      .getByText(/answered 503/)
      .waitFor();
    await attempt(3, 'completed').click();
    await page.locator('.attempt').getByText('"backgroundScore"').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('as they were after any of their versions', async () => {
    await onboard('in-the-past', 'ada');
    const page = await rig.open('/console/processes/in-the-past');
    await page.locator('h1').getByText('Completed').waitFor();
    const slider = page.getByRole('slider', { name: 'State after version' });
    await slider.focus();
    await page.keyboard.press('Home');
    await page.locator('h1').getByText('Pending').waitFor();
    expect(new URL(page.url()).searchParams.get('at')).toBe('1');
    await page.getByText('No step has ended yet.').waitFor();
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.locator('h1').getByText('Completed').waitFor();
  });

  it('with all their events, as a table and as JSON', async () => {
    await onboard('with-events', 'ada');
    const page = await rig.open('/console/processes/with-events');
    await page.getByRole('tab', { name: /^Events/ }).click();
    await page.getByRole('button', { name: 'process-requested' }).click();
    await page.getByRole('dialog').getByText('"with-events"').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'JSON' }).click();
    await page.getByRole('tabpanel').getByText('"process-completed"').waitFor();
    expect(new URL(page.url()).searchParams.get('tab')).toBe('json');
  });

  it('live until their end', async () => {
    await purchase('live-one');
    const page = await rig.open('/console/processes/live-one');
    await page.locator('h1').getByText('Pending').waitFor();
    await page.locator('h1').getByText('Live', { exact: true }).waitFor();
    const id = await until(async () => {
      const { text } = await rig.service.api.get('/api/tasks?limit=1000');
      const { tasks } = JSON.parse(text) as { tasks: { id: string; correlationId: string }[] };
      return tasks.find(({ correlationId }) => correlationId === 'live-one')?.id;
    }, 'its task');
    await rig.service.api.post(`/api/tasks/${id}/complete`, {
      json: { variables: { approved: true } },
    });
    await page.locator('h1').getByText('Completed').waitFor();
    await page.getByRole('button', { name: /notify, attempt 1: completed/ }).waitFor();
  });

  it('and retries one that failed, for a reason', async () => {
    await onboard('down-one', 'down');
    const page = await rig.open('/console/processes/down-one');
    await page.locator('h1').getByText('Failed').waitFor();
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry down-one' });
    await dialog.getByLabel('Reason').fill('the partner is back');
    await dialog.getByRole('button', { name: 'Retry' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('h1').getByText('Pending').waitFor();
    const { body } = await rig.service.api.get('/api/process/down-one/events');
    const retried = body.events.find(({ type }) => type === 'process-retried');
    expect(retried?.data).toMatchObject({ reason: 'the partner is back' });
  });

  it('without barriers that axe finds, in both themes at two widths', async () => {
    for (const width of WIDTHS) {
      const page = await rig.open('/console/processes?process=onboard-user', { width });
      await page.locator('tbody tr').first().waitFor();
      expect(await findBarriersInThemes(page), `list, ${width}`).toEqual([]);
      await page.goto(`${rig.service.url}/console/processes/down-one`);
      await page.getByRole('tab', { name: 'Timeline' }).waitFor();
      expect(await findBarriersInThemes(page), `process, ${width}`).toEqual([]);
    }
  });

  it('and does nothing wrong meanwhile', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
