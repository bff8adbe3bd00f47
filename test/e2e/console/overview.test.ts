import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
} from '../../support/console.ts';

describe.skipIf(browserUrl === null)('the overview of the console', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
    const user = (correlationId: string, email: string, prefer: string) =>
      rig.service.api.start(
        'onboard-user',
        { userId: correlationId, email },
        { correlationId },
        { prefer },
      );
    await user('is-flaky', 'flaky@example.com', 'wait=25');
    await user('is-down', 'down@example.com', 'wait=25');
    await until(async () => {
      const answer = await fetch(
        `${rig.service.url}/api/analytics/steps?groupBy=step&status=error`,
      );
      const { steps } = (await answer.json()) as { steps: { count: number }[] };
      return steps.reduce((sum, { count }) => sum + count, 0) > 2;
    }, 'the failed attempts are counted');
  });
  afterAll(() => rig?.close());

  /** Follows a link of the overview, and returns the URL of the page that shows then. */
  async function follow(page: Page, area: string, link: RegExp): Promise<URL> {
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await page.locator(`[aria-label="${area}"]`).getByRole('link', { name: link }).first().click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor({ state: 'detached' });
    return new URL(page.url());
  }

  it('leads from each figure to the list behind it, or to what explains it', async () => {
    const page = await rig.open('/console');
    const figures = page.getByRole('list', { name: 'Figures' });
    await figures.getByRole('listitem').first().waitFor();
    const leads: Record<string, { to: string; shows: string }> = {
      Pending: { to: '/processes?status=pending', shows: 'No process fits the filters' },
      'Slower than usual': { to: '/stuck?list=slow', shows: 'Nothing is slow' },
      'Steps being retried': { to: '/stuck?list=retrying', shows: 'No step is being retried' },
      'Failed jobs': { to: '/failed-jobs', shows: 'No job has failed' },
      'Events to publish': { to: '/stuck?list=outbox', shows: 'Stalled from' },
      'Analytics are behind': { to: '/stuck?list=rollups', shows: 'not counted yet' },
    };
    // None is left out here, and each is a link.
    const titles = await figures.locator('a .tile-title').allTextContents();
    expect(titles).toEqual(Object.keys(leads));
    expect(await figures.getByRole('listitem').count()).toBe(titles.length);
    for (const [title, { to, shows }] of Object.entries(leads)) {
      const { pathname, search } = await follow(page, 'Figures', new RegExp(`^${title}`));
      expect(`${pathname}${search}`, title).toBe(`/console${to}`);
      await page.getByText(shows).first().waitFor();
      if (to.startsWith('/stuck')) {
        const chosen = page.getByRole('tab', { selected: true });
        expect(await chosen.getAttribute('id'), title).toMatch(new RegExp(`${to.split('=')[1]}$`));
        expect(await findBarriers(page), title).toEqual([]);
      }
    }
  });

  it('leads from the lists to all of them, from errors to their events and processes', async () => {
    const page = await rig.open('/console');
    for (const [panel, list] of [
      ['Slower than usual', 'slow'],
      ['Steps being retried', 'retrying'],
    ] as const) {
      expect((await follow(page, panel, /^All$/)).search, panel).toBe(`?list=${list}`);
    }
    const failed = await follow(page, 'Processes of the last 24 hours', /^All that failed$/);
    expect(failed.search).toBe('?status=error&last=24h');
    await page.getByRole('link', { name: 'is-down', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'is-flaky' }).count()).toBe(0);

    const events = await follow(
      page,
      'Errors of the last 24 hours',
      /events of run-background-check/,
    );
    expect(Object.fromEntries(events.searchParams)).toEqual({
      type: 'step-failed',
      process: 'onboard-user',
      step: 'run-background-check',
      last: '24h',
    });
    // Those of the process that has ended well after them, too.
    await page.locator('tbody tr').filter({ hasText: 'is-flaky' }).first().waitFor();
    const step = await follow(page, 'Errors of the last 24 hours', /^run-background-check$/);
    expect(step.search).toBe('?status=error&process=onboard-user&step=run-background-check');
    expect(rig.wrongs).toEqual([]);
  });
});
