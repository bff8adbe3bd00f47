import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Partner, startPartner } from '../../../src/cli/partner-service.ts';
import { freePort, until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
} from '../../support/console.ts';

const FAILED = ['late-1', 'late-2', 'late-3'];

// docs/console.md tells the same walk.
describe.skipIf(browserUrl === null)('a stranger, with the console alone,', () => {
  let rig: ConsoleRig;
  let partner: Partner | undefined;
  beforeAll(async () => {
    const port = await freePort();
    partner = await startPartner({ port });
    rig = await openConsoleRig({ PARTNER_URL: partner.url });
    await Promise.all(['ada', 'flaky', 'slow', 'refused'].map((name) => onboard(name, name)));
    await partner.stop();
    await Promise.all(FAILED.map((id) => onboard(id, id)));
    await until(async () => {
      const { body } = await rig.service.api.get('/api/process?status=error');
      return FAILED.every((id) => body.processes.some((one) => one.correlationId === id));
    }, 'they have failed');
    partner = await startPartner({ port });
  });
  afterAll(async () => {
    await rig?.close();
    await partner?.stop();
  });

  const onboard = (correlationId: string, name: string) =>
    rig.service.api.start(
      'onboard-user',
      { userId: correlationId, email: `${name}@example.com` },
      { correlationId },
      { prefer: 'wait=25' },
    );

  it('finds out why flaky took two retries', async () => {
    const page = await rig.open('/');
    await page.getByRole('link', { name: 'Processes', exact: true }).click();
    await page.getByRole('link', { name: 'flaky' }).click();
    const retries = page.getByRole('list', { name: 'Retries' });
    await retries.waitFor();
    expect(await retries.textContent()).toMatch(
      /^run-background-check completed at attempt 3\. Before that:2 × \w+ .*answered 503/,
    );
    await retries.getByRole('button', { name: /^Show the attempt/ }).click();
    await page
      .locator('.attempt')
      .getByText(/background-checks.*→ 503/)
      .waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('finds out which step is slowest this week', async () => {
    const from = new Date(Date.now() - 7 * 86_400_000).toISOString();
    const slowest = await until(async () => {
      const answer = await fetch(
        `${rig.service.url}/api/analytics/steps?groupBy=step&from=${encodeURIComponent(from)}`,
      );
      const body = (await answer.json()) as { steps: { step: string; p95Ms: number | null }[] };
      const [first] = body.steps.sort((a, b) => (b.p95Ms ?? 0) - (a.p95Ms ?? 0));
      return (first?.p95Ms ?? 0) > 4_000 && first;
    }, 'the slow step is counted');
    const page = await rig.open('/');
    await page.getByRole('link', { name: 'Analytics', exact: true }).click();
    await page
      .getByRole('combobox', { name: 'Range', exact: true })
      .selectOption({ label: 'Last 7 days' });
    const steps = page.getByRole('region', { name: 'Attempts by step', exact: true });
    await steps.getByRole('button', { name: 'p95' }).click();
    expect(await steps.locator('tbody tr').first().locator('td').first().textContent()).toBe(
      `onboard-user · ${slowest.step}`,
    );
    expect(slowest.step).toBe('run-background-check');
  });

  it('retries all that failed in the last hour, for a reason, and sees them end', async () => {
    const page = await rig.open('/');
    await page.getByRole('link', { name: 'Processes', exact: true }).click();
    await page.getByLabel('Status').selectOption({ label: 'Failed, refused or cancelled' });
    await page.getByLabel('Changed').selectOption({ label: 'Last hour' });
    await page.waitForURL(/\?status=error&last=1h$/);
    await page.getByRole('link', { name: 'ada', exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('checkbox', { name: 'Choose all rows that are shown' }).check();
    // A refusal is an answer of the partner: it is not retried.
    await page.getByText('4 chosen').waitFor();
    await page.getByRole('button', { name: 'Retry 3' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry 3 processes' });
    await dialog.getByLabel('Reason').fill('the partner is back');
    await dialog.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('3 of 3 have ended: 3 completed, 0 with an error').waitFor();
    for (const id of FAILED) {
      const row = page.locator('tbody tr').filter({ hasText: id });
      await row.getByText('Completed', { exact: true }).waitFor();
      const { body } = await rig.service.api.get(`/api/process/${id}/events`);
      const retried = body.events.find(({ type }) => type === 'process-retried');
      expect(retried?.data).toMatchObject({ reason: 'the partner is back' });
    }
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show the list as it is now' }).click();
    await page.getByRole('link', { name: 'late-1' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'refused' }).waitFor();
    expect(rig.wrongs).toEqual([]);
  });
});
