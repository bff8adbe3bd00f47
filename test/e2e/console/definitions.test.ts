import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriersInThemes,
  openConsoleRig,
  WIDTHS,
} from '../../support/console.ts';

interface Activity {
  activityId: string;
  count: number;
  p95Ms: number;
}

/** Of a definition, or of the figures of its activities. */
interface Answer {
  running: number;
  activities: Activity[];
}

describe.skipIf(browserUrl === null)('the console shows definitions', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
    await onboard('ada', 'grace', 'refused');
    await purchase('1');
    await purchase('2');
    await until(async () => (await figuresOf('check'))?.count === 3, 'the steps are counted');
  });
  afterAll(() => rig?.close());

  const onboard = (...names: string[]) =>
    Promise.all(
      names.map((name) =>
        rig.service.api.start(
          'onboard-user',
          { userId: name, email: `${name}@example.com` },
          { correlationId: `user-${name}` },
          { prefer: 'wait=25' },
        ),
      ),
    );

  const purchase = (purchaseId: string) =>
    rig.service.api.start(
      'approve-purchase',
      { purchaseId, item: 'A desk', amount: 320, requestedBy: 'Kim' },
      { correlationId: `purchase-${purchaseId}` },
      { prefer: 'respond-async' },
    );

  const read = async (path: string) =>
    (await fetch(`${rig.service.url}/api/definitions/${path}`)).json() as Promise<Answer>;

  async function figuresOf(activityId: string): Promise<Activity | undefined> {
    const { activities } = await read('onboard-user/stats');
    return activities.find((activity) => activity.activityId === activityId);
  }

  it('with the instances that run on each version', async () => {
    await until(async () => (await read('approve-purchase')).running === 2, 'two purchases run');
    const page = await rig.open('/console/definitions');
    const row = page.locator('tbody tr').filter({ hasText: 'approve-purchase' });
    await row.getByText('v1: 2', { exact: true }).waitFor();
    await row.getByRole('link').first().click();
    await page.getByRole('heading', { name: 'Approve a purchase', level: 1 }).waitFor();
    expect(page.url()).toBe(`${rig.service.url}/console/definitions/approve-purchase`);
    await page
      .getByRole('region', { name: /^Versions/ })
      .getByText('Version 1')
      .waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Definitions', level: 1 }).waitFor();
  });

  it('with a heat map of what the reader chooses, which the URL keeps', async () => {
    const page = await rig.open('/console/definitions/onboard-user');
    await page.locator('.diagram-badge').getByText('3', { exact: true }).first().waitFor();
    expect(await page.locator('[data-element-id="validate"].heat-5').count()).toBe(1);
    // One of the three was refused before.
    expect(await page.locator('[data-element-id="respond"].heat-4').count()).toBe(1);
    await page.getByLabel('Colours show').selectOption('Error rate');
    await page.locator('[data-element-id="check"].tone-wrong.heat-5').waitFor();
    await page.locator('.diagram-badge').getByText('33.3%', { exact: true }).waitFor();
    expect(await page.locator('[data-element-id="validate"][class*="heat-"]').count()).toBe(0);
    await page.getByRole('combobox', { name: 'Range', exact: true }).selectOption('Last 7 days');
    expect(new URL(page.url()).search).toBe('?measure=errorRate&last=7d');
    const sent = await rig.open(`/console/definitions/onboard-user${new URL(page.url()).search}`);
    await sent.locator('.diagram-badge').getByText('33.3%', { exact: true }).waitFor();
    expect(await sent.getByRole('combobox', { name: 'Range', exact: true }).inputValue()).toBe(
      '7d',
    );
  });

  it('with the notice of bpmn.io, which nothing covers', async () => {
    for (const theme of ['light', 'dark'] as const) {
      const page = await rig.open('/console/definitions/onboard-user', { theme, width: 360 });
      const notice = page.getByTitle('Powered by bpmn.io');
      await notice.scrollIntoViewIfNeeded();
      const isOnTop = await notice.evaluate((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        const top = element.ownerDocument.elementFromPoint(x + width / 2, y + height / 2);
        return element.contains(top);
      });
      expect(isOnTop, theme).toBe(true);
    }
  });

  it('with the table behind the heat map, and its CSV', async () => {
    const page = await rig.open('/console/definitions/onboard-user');
    const row = page
      .getByRole('region', { name: 'Activities', exact: true })
      .locator('tbody tr')
      .filter({ hasText: 'run-background-check' });
    await row.waitFor();
    expect((await row.locator('td').allTextContents()).slice(0, 4)).toEqual([
      'Run background check',
      'run-background-check',
      '3',
      '33.3%',
    ]);
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const lines = (await rig.textOf(saved)).split('\r\n');
    expect(lines[0]).toMatch(/^activityId,name,type,step,count,errors,errorRate,p50Ms,p95Ms,open/);
    const check = await figuresOf('check');
    const { activities } = await read('onboard-user/stats');
    expect(lines.length - 2).toBe(activities.length);
    const line = lines.find((text) => text.startsWith('check,'));
    expect(line).toMatch(
      /^check,Run background check,serviceTask,run-background-check,3,1,0\.333\d*,/,
    );
    expect(line).toContain(`,${check?.p95Ms},`);
  });

  it('with an activity that is chosen in the table by keyboard and has an outline in the diagram', async () => {
    const page = await rig.open('/console/definitions/onboard-user');
    await page.locator('[data-element-id="onboard"]').first().waitFor();
    await page.getByRole('button', { name: 'Call onboarding API' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-element-id="onboard"].is-chosen').waitFor();
    expect(new URL(page.url()).searchParams.get('activity')).toBe('onboard');
    await page.locator('[data-element-id="respond"] .djs-hit').click();
    await page.locator('[data-element-id="respond"].is-chosen').waitFor();
    expect(await page.locator('.djs-element.is-chosen').count()).toBe(1);
  });

  it('beside the range before, in the same colours', async () => {
    const page = await rig.open('/console/definitions/onboard-user');
    await page.getByLabel('Beside the range before').check();
    const before = page.getByRole('region', { name: 'The range before' });
    await before.locator('[data-element-id="check"]').first().waitFor();
    expect(new URL(page.url()).searchParams.get('compare')).toBe('before');
    // Nothing ran before, so nothing has a colour; the scale is that of both.
    await before.locator('.diagram-badge').getByText('0', { exact: true }).first().waitFor();
    expect(await before.locator('.djs-element[class*="heat-"]').count()).toBe(0);
    const legend = (name: string) =>
      page.getByRole('region', { name }).locator('.legend').textContent();
    expect(await legend('The range before')).toBe(await legend('Attempts'));
  });

  it('with what to do when there is nothing', async () => {
    const page = await rig.open(
      '/console/definitions/onboard-user?last=1h&to=2020-01-01T00:00:00Z',
    );
    await page.getByText('No step failed in this range').waitFor();
    const none = await rig.open('/console/definitions/no-such-process');
    await none.getByText('Not found').waitFor();
    const wrong = await rig.open('/console/definitions/onboard-user?from=yesterday');
    await wrong.getByText(/querystring\.from/).waitFor();
  });

  it.each(WIDTHS)('without barriers that axe finds, in both themes: width %i', async (width) => {
    const page = await rig.open('/console/definitions', { width });
    await page.locator('tbody tr').first().waitFor();
    expect(await findBarriersInThemes(page)).toEqual([]);
    await page.goto(
      `${rig.service.url}/console/definitions/onboard-user?compare=before&measure=errorRate`,
    );
    await page.locator('.diagram-badge').first().waitFor();
    expect(await findBarriersInThemes(page)).toEqual([]);
  });

  it('calling no other host, and nothing that its policy refuses', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
