import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriersInThemes,
  openConsoleRig,
  WIDTHS,
} from '../../support/console.ts';

describe.skipIf(browserUrl === null)('the console shows analytics', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
    await Promise.all(
      ['ada', 'grace', 'refused', 'flaky'].map((name) =>
        rig.service.api.start(
          'onboard-user',
          { userId: name, email: `${name}@example.com` },
          { correlationId: `user-${name}` },
          { prefer: 'wait=25' },
        ),
      ),
    );
    await until(async () => {
      const answer = await fetch(`${rig.service.url}/api/analytics/throughput?bucket=day`);
      const { throughput } = (await answer.json()) as { throughput: { finished: number }[] };
      return throughput.reduce((sum, { finished }) => sum + finished, 0) === 4;
    }, 'the events are counted');
  });
  afterAll(() => rig?.close());

  it('as pictures, with the table and the CSV behind each', async () => {
    const page = await rig.open('/console/analytics');
    for (const name of [
      'Throughput of processes',
      'How long completed processes took',
      'How long successful steps took',
      'Duration, p95 by step',
    ]) {
      await page.getByRole('img', { name }).waitFor();
    }
    const panel = page.getByRole('region', { name: 'Throughput of processes', exact: true });
    await panel.getByRole('button', { name: 'Table' }).click();
    const cells = panel.locator('tbody tr:last-child td');
    await cells.first().waitFor();
    // The processes ran within one hour, or two.
    const rows = await panel.locator('tbody tr').all();
    const figures = await Promise.all(rows.map((row) => row.locator('td').allTextContents()));
    const total = (column: number) =>
      figures.reduce((sum, row) => sum + Number(row[column] ?? Number.NaN), 0);
    expect([total(1), total(2), total(3)]).toEqual([4, 3, 1]);

    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const [head, ...lines] = (await rig.textOf(saved)).trimEnd().split('\r\n');
    expect(head).toBe('from,Started,Completed,Failed,Cancelled,Retried');
    expect(lines.length).toBe(figures.length);
    expect(lines.reduce((sum, line) => sum + Number(line.split(',')[1]), 0)).toBe(4);
  });

  it('of what the filters in the URL say', async () => {
    const page = await rig.open('/console/analytics');
    const attempts = page.getByRole('region', { name: 'Attempts by step', exact: true });
    const check = attempts.locator('tbody tr').filter({ hasText: 'run-background-check' });
    await check.waitFor();
    // Four users, and two retries of the flaky one.
    expect((await check.locator('td').allTextContents()).slice(1, 3)).toEqual(['6', '50%']);
    await page
      .getByRole('combobox', { name: 'Step', exact: true })
      .selectOption('run-background-check');
    await attempts.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
    await page.getByLabel('Group by').selectOption('Target system');
    await page
      .getByRole('region', { name: 'Attempts by target system', exact: true })
      .getByText('BackgroundCheck')
      .waitFor();
    await page.getByLabel('Over time').selectOption('Error rate');
    await page.getByRole('img', { name: 'Error rate by target system' }).waitFor();
    expect(new URL(page.url()).search).toBe(
      '?step=run-background-check&by=target&measure=errorRate',
    );

    const sent = await rig.open(`/console/analytics${new URL(page.url()).search}`);
    await sent.getByRole('img', { name: 'Error rate by target system' }).waitFor();
    expect(await sent.getByRole('combobox', { name: 'Step', exact: true }).inputValue()).toBe(
      'run-background-check',
    );
    await sent.getByRole('button', { name: 'Clear' }).click();
    await sent.getByRole('img', { name: 'Duration, p95 by step' }).waitFor();
    expect(new URL(sent.url()).search).toBe('');
  });

  it('in another time zone, whose days they follow', async () => {
    const page = await rig.open('/console/analytics?last=7d&bucket=day&zone=Asia/Kolkata');
    const panel = page.getByRole('region', { name: 'Throughput of processes', exact: true });
    await panel.getByRole('button', { name: 'Table' }).click();
    const time = panel.locator('tbody tr').nth(1).locator('time');
    await time.waitFor();
    expect(await time.textContent()).toMatch(/, 00:00$/);
    expect(await time.getAttribute('title')).toMatch(
      / 18:30:00\.000 UTC \(shown: Asia\/Kolkata\)$/,
    );
  });

  it('of a range that the reader drags over', async () => {
    const page = await rig.open('/console/analytics');
    const area = page.getByRole('img', { name: 'Throughput of processes' }).locator('.u-over');
    await area.waitFor();
    const box = await area.boundingBox();
    if (!box) throw new Error('the picture is not shown');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.25, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=.*&to=/);
    const { searchParams } = new URL(page.url());
    const [from, to] = ['from', 'to'].map((name) => Date.parse(searchParams.get(name) ?? ''));
    const hours = ((to ?? 0) - (from ?? 0)) / 3_600_000;
    expect(hours).toBeGreaterThan(4);
    expect(hours).toBeLessThan(8);
    expect(await page.getByRole('combobox', { name: 'Range', exact: true }).inputValue()).toBe(
      'custom',
    );
  });

  it('with the errors that came most often, which lead to the processes', async () => {
    const page = await rig.open('/console/analytics');
    const errors = page.getByRole('region', { name: 'Top errors', exact: true });
    const first = errors.locator('tbody tr').first();
    await first.getByText(/answered 503$/).waitFor();
    expect(await first.locator('td').first().textContent()).toBe('2');
    await errors
      .locator('tbody tr')
      .filter({ hasText: 'bankruptcy' })
      .getByRole('link', { name: 'run-background-check' })
      .click();
    await page.getByRole('heading', { name: 'Processes', level: 1 }).waitFor();
    expect(new URL(page.url()).searchParams.get('status')).toBe('error');
  });

  it('and says so when nothing ran, or a filter is wrong', async () => {
    const page = await rig.open(
      '/console/analytics?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z',
    );
    await page.getByText('No step failed in this range').waitFor();
    await page.getByText('No step ran in this range').waitFor();
    const wrong = await rig.open('/console/analytics?zone=Atlantis');
    await wrong
      .getByText(/querystring\.timeZone/)
      .first()
      .waitFor();
  });

  it.each(WIDTHS)('without barriers that axe finds, in both themes: width %i', async (width) => {
    const page = await rig.open('/console/analytics', { width });
    await page.getByRole('img', { name: 'Duration, p95 by step' }).waitFor();
    await page.getByText('bankruptcy').waitFor();
    expect(await findBarriersInThemes(page)).toEqual([]);
  });

  it('calling no other host, and nothing that its policy refuses', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
