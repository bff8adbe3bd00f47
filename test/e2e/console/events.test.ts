import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  browserUrl,
  type ConsoleRig,
  findBarriersInThemes,
  openConsoleRig,
  WIDTHS,
} from '../../support/console.ts';

interface Written {
  position: string;
  createdAt: string;
}

describe.skipIf(browserUrl === null)('the console shows events', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
    await onboard('first', 'ada');
  });
  afterAll(() => rig?.close());

  const onboard = (correlationId: string, name: string) =>
    rig.service.api.start(
      'onboard-user',
      { userId: correlationId, email: `${name}@example.com` },
      { correlationId },
      { prefer: 'wait=25' },
    );

  /** What the service has, in its order. */
  async function written(query = ''): Promise<Written[]> {
    const answer = await fetch(`${rig.service.url}/api/events?limit=1000${query}`);
    const page = (await answer.json()) as { events: Written[]; atEnd: boolean };
    expect(page.atEnd).toBe(true);
    return page.events;
  }

  const rowOf = (page: Page, correlationId: string, type: string) =>
    page.locator('tbody tr').filter({ hasText: correlationId }).filter({ hasText: type });

  /** The positions of the rows, from the first event to the last. */
  const shownPositions = async (page: Page) =>
    (await page.locator('tbody td:last-child').allTextContents()).reverse();

  it('as they happen, the last one first', async () => {
    const page = await rig.open('/console/events');
    await rowOf(page, 'first', 'process-completed').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await onboard('while-open', 'ada');
    await rowOf(page, 'while-open', 'process-completed').waitFor();
    expect(await shownPositions(page)).toEqual((await written()).map(({ position }) => position));
    await page.getByRole('button', { name: 'process-completed' }).first().click();
    const dialog = page.getByRole('dialog', {
      name: /^process-completed, version \d+ of while-open$/,
    });
    await dialog.getByText('"correlationId": "while-open"').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('that fit the filters, which the URL keeps', async () => {
    const page = await rig.open('/console/events');
    await rowOf(page, 'first', 'process-completed').waitFor();
    await page.getByRole('combobox', { name: 'Event' }).selectOption('step-completed');
    await rowOf(page, 'first', 'process-completed').waitFor({ state: 'detached' });
    await page.getByRole('textbox', { name: 'Correlation id' }).fill('filtered');
    await page.getByText('Nothing happened yet').waitFor();
    expect(new URL(page.url()).search).toBe('?type=step-completed&correlationId=filtered');
    const sent = await rig.open(`/console/events${new URL(page.url()).search}`);
    await sent.getByText('Live', { exact: true }).waitFor();
    await onboard('not-it', 'ada');
    await onboard('filtered', 'ada');
    for (const one of [page, sent]) {
      await one.locator('tbody tr').nth(3).waitFor();
      expect(await one.locator('tbody tr').count()).toBe(4);
      expect(await one.getByText('not-it').count()).toBe(0);
    }
  });

  it('again after a pause, without a gap, although the service was away', async () => {
    const page = await rig.open('/console/events');
    await rowOf(page, 'first', 'process-completed').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await onboard('in-the-pause', 'ada');
    await page.getByText(/^Paused; \d+ wait$/).waitFor();
    expect(await rowOf(page, 'in-the-pause', 'process').count()).toBe(0);
    await rig.stop();
    await page.getByText('The service does not answer').waitFor();
    await rig.start();
    await onboard('after-the-restart', 'ada');
    await page.getByRole('button', { name: 'Resume' }).click();
    await rowOf(page, 'after-the-restart', 'process-completed').waitFor();
    expect(await shownPositions(page)).toEqual((await written()).map(({ position }) => position));
  });

  it('again after a pause in which more came than the page keeps', async () => {
    const page = await rig.open('/console/events?process=onboard-user');
    await rowOf(page, 'first', 'process-completed').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    for (let batch = 0; batch < 8; batch++) {
      await Promise.all(
        Array.from({ length: 10 }, (_, at) => onboard(`many-${batch}-${at}`, 'ada')),
      );
    }
    await page.getByText(/^Paused; 500 or more wait$/).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    const all = (await written('&process=onboard-user')).map(({ position }) => position);
    await page
      .locator('tbody td:last-child')
      .getByText(all.at(-1) ?? '', { exact: true })
      .waitFor();
    expect(await shownPositions(page)).toEqual(all.slice(-500));
    await page.getByText('The last 500 events').waitFor();
  });

  it('and exports those that are shown', async () => {
    const page = await rig.open('/console/events?correlationId=first');
    await rowOf(page, 'first', 'process-completed').waitFor();
    const save = async (name: string) => {
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name, exact: true }).click(),
      ]);
      return rig.textOf(saved);
    };
    const events = await written('&correlationId=first');
    const lines = (await save('JSON')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(events);
    const [head, ...rows] = (await save('CSV')).trimEnd().split('\r\n');
    expect(head).toMatch(/^position,createdAt,type,correlationId,version,/);
    expect(rows.map((row) => row.split(',')[0])).toEqual(events.map(({ position }) => position));
  });

  it('that were written between two times, page by page', async () => {
    const [first] = await written('&correlationId=first');
    const page = await rig.open(`/console/events?from=${first?.createdAt}`);
    await page.locator('tbody tr').nth(199).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(200);
    await page.getByRole('button', { name: 'Later ones' }).click();
    await page.locator('tbody tr').nth(399).waitFor();
    const shown = await page.locator('tbody td:last-child').allTextContents();
    expect(shown).toEqual((await written()).slice(0, 400).map(({ position }) => position));
    const none = await rig.open('/console/events?to=2020-01-01T00:00:00Z');
    await none.getByText('No event fits the filters').waitFor();
    const wrong = await rig.open('/console/events?status=maybe');
    await wrong.getByText(/querystring\.status/).waitFor();
  });

  it.each(WIDTHS)('without barriers that axe finds, in both themes: width %i', async (width) => {
    const page = await rig.open('/console/events?correlationId=first', { width });
    await page.locator('tbody tr').first().waitFor();
    expect(await findBarriersInThemes(page)).toEqual([]);
  });

  it('calling no other host, and nothing that its policy refuses', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
