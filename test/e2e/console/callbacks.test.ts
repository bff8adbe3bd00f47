import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, makeKey } from '../../support/access.ts';
import { type CallbackReceiver, startReceiver } from '../../support/callback-receiver.ts';
import { BASE_SECRET } from '../../support/callback-world.ts';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriersInThemes,
  openAs,
  openConsoleRig,
} from '../../support/console.ts';

describe.skipIf(browserUrl === null)('callbacks in the console', () => {
  let receiver: CallbackReceiver;
  let rig: ConsoleRig;
  beforeAll(async () => {
    receiver = await startReceiver();
    rig = await openConsoleRig(
      {
        AUTH: 'on',
        CALLBACK_PRIVATE_HOSTS: `http://${receiver.host}`,
        CALLBACK_SECRET: BASE_SECRET,
        CALLBACK_RETRY_DELAYS: '0.05',
      },
      async (made) => bearer(await makeKey(made, 'the tests', ['admin'])),
    );
  });
  afterAll(async () => {
    await rig?.close();
    await receiver?.close();
  });

  /** Starts a purchase and cancels it, which is the end that subscribers are called for. */
  async function cancelled(correlationId: string): Promise<void> {
    const variables = { purchaseId: '1', item: 'A lamp', amount: 20, requestedBy: 'Kim' };
    const prefer = 'respond-async';
    await rig.service.api.start('approve-purchase', variables, { correlationId }, { prefer });
    await rig.service.api.post(`/api/process/${correlationId}/cancel`, {});
  }
  const answerWith = (status: number) => {
    receiver.answer = (_request, response) => response.writeHead(status).end();
  };
  const deliveredOf = (id: string) =>
    receiver.received.filter(({ data }) => data.correlationId === id).length;

  it('subscribes, is delivered, sends parked ones again, rotates and removes', async () => {
    const { page } = await openAs(rig, 'operations', ['admin'], '/console/callbacks');
    await page.getByText('Nothing waits for its delivery').waitFor();
    await page.getByText('CALLBACK_PRIVATE_HOSTS').waitFor();
    await page.getByRole('button', { name: 'Subscribe…' }).click();
    const form = page.getByRole('dialog', { name: 'Subscribe to callbacks' });
    await form.getByLabel('URL').fill('https://evil.example.com/');
    await form.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await form.getByRole('alert').getByText('is not in CALLBACK_HOSTS').waitFor();
    await form.getByLabel('URL').fill(receiver.url);
    await form.getByLabel(/^process-completed/).uncheck();
    await form.getByLabel('Process key').fill('approve-purchase');
    expect(await findBarriersInThemes(page)).toEqual([]);
    await form.getByRole('button', { name: 'Subscribe', exact: true }).click();
    const made = page.getByRole('dialog', { name: 'Subscribed' });
    const secret = (await made.getByText(/^whsec_/).textContent()) ?? '';
    await made.getByRole('button', { name: 'Copy: secret' }).click();
    await until(
      async () => (await page.evaluate('navigator.clipboard.readText()')) === secret,
      'the secret is copied',
    );
    await made.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('region', { name: 'Subscribers' }).locator('tbody tr');
    await row.getByText('process-failed, process-cancelled').waitFor();
    await row.getByText('by operations').waitFor();
    expect(await page.getByText(secret).count()).toBe(0);

    await cancelled('delivered');
    await until(() => deliveredOf('delivered') === 1, 'it is delivered');

    // 410: at once parked.
    answerWith(410);
    for (const id of ['parked-1', 'parked-2', 'parked-3']) await cancelled(id);
    const list = page.getByRole('region', { name: 'Callbacks that are not delivered' });
    await list.locator('tbody tr').nth(2).waitFor();
    await page.getByRole('combobox', { name: 'Status' }).selectOption('Parked');
    await page.getByLabel('Process', { exact: true }).fill('parked-1');
    await page.waitForURL(/\?status=parked&correlationId=parked-1$/);
    await until(async () => (await list.locator('tbody tr').count()) === 1, 'one is found');
    await list.getByText('it answered 410').waitFor();
    expect(await findBarriersInThemes(page)).toEqual([]);
    answerWith(204);
    await list.getByRole('button', { name: 'Send again: process-cancelled of parked-1' }).click();
    await until(() => deliveredOf('parked-1') === 2, 'it is sent again');
    await page.getByText('Nothing waits for its delivery').waitFor();
    expect(deliveredOf('parked-2')).toBe(1);

    await page.getByLabel('Process', { exact: true }).fill('parked-2');
    await list.getByText('parked-2').waitFor();
    await page.getByRole('button', { name: 'Send all parked again' }).click();
    await until(() => deliveredOf('parked-2') === 2, 'all that match are sent again');
    expect(deliveredOf('parked-3')).toBe(1);

    await row.getByRole('button', { name: /^Retire old secret/ }).click();
    const retire = page.getByRole('dialog', { name: 'Retire the old secret' });
    await retire.getByRole('button', { name: 'Retire old secret' }).click();
    await retire.getByRole('alert').getByText('Only one secret is valid').waitFor();
    await retire.getByRole('button', { name: 'Back' }).click();
    await row.getByRole('button', { name: /^Rotate secret/ }).click();
    const rotate = page.getByRole('dialog', { name: 'Rotate the secret' });
    await rotate.getByRole('button', { name: 'Rotate secret' }).click();
    await rotate.getByText(secret).waitFor();
    expect(await rotate.getByText(/^whsec_/).count()).toBe(2);
    await rotate.getByRole('button', { name: 'Done' }).click();

    await row.getByRole('button', { name: /^Remove/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Nobody has subscribed').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Nothing waits for its delivery').waitFor();
  });

  it('are not shown without the scope admin', async () => {
    const { page } = await openAs(rig, 'operator', ['process:read'], '/console/callbacks');
    await page.getByText('This page needs the scope admin').waitFor();
    expect(await page.getByRole('button', { name: 'Subscribe…' }).count()).toBe(0);
  });

  it('does nothing wrong meanwhile', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
